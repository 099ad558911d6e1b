import { rangeOf, type StoredMedia } from './stored-media.js';

/**
 * The media of a part or a segment, in the pieces in which it came until somebody asks for it: of the many parts of a
 * stream few are asked for, and of a stream that nobody watches by HLS not one segment. Once it is stored it may leave memory.
 */
export class MediaBytes {
  readonly byteLength: number;
  #pieces: readonly Buffer[];
  #asked = false;
  /** Of a part: where it lies. */
  #segment: { readonly media: MediaBytes; readonly start: number } | undefined;
  /** Of a segment. */
  #parts: readonly MediaBytes[] = [];
  #stored: StoredMedia | undefined;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.byteLength = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** The same bytes in the same order as its parts (RFC 8216bis §4.4.4.9), which from now on share its memory. */
  static ofParts(parts: readonly MediaBytes[]): MediaBytes {
    const media = new MediaBytes(parts.flatMap((part) => part.#pieces));
    media.#parts = parts;
    let start = 0;
    for (const part of parts) {
      part.#segment = { media, start };
      part.#pieces = [];
      start += part.byteLength;
    }
    // Who watches by parts will want more of them: better one copy at once than one beside the other.
    if (parts.some((part) => part.#asked)) media.#join();
    return media;
  }

  /** One after another they are the whole. @throws {Error} when it has left memory */
  get pieces(): readonly Buffer[] {
    return this.#segment ? [this.#join()] : this.#inMemory();
  }

  /** As it can be had now: from memory, or from where it is stored. */
  get body(): Buffer | StoredMedia {
    if (this.#stored) return this.#stored;
    const segment = this.#segment;
    if (segment && segment.media.#stored) return rangeOf(segment.media.#stored, segment.start, this.byteLength);
    this.#asked = true;
    return this.#join();
  }

  /** How much of it lies in memory. */
  get bytesInMemory(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** From now on it, and its parts, are read from there. */
  leaveMemory(stored: StoredMedia): void {
    this.#stored = stored;
    for (const part of [this, ...this.#parts]) part.#pieces = [];
    this.#parts = [];
  }

  #join(): Buffer {
    const [first, ...more] = this.#inMemory();
    if (first && more.length === 0) return first;
    const joined = this.#segment ? this.#viewOf(this.#segment) : Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }

  #viewOf({ media, start }: { readonly media: MediaBytes; readonly start: number }): Buffer {
    return media.#join().subarray(start, start + this.byteLength);
  }

  #inMemory(): readonly Buffer[] {
    if (this.#stored) throw new Error('expected media in memory, it was stored and has left');
    return this.#pieces;
  }
}
