/**
 * The media of a part or a segment, in the pieces in which it came until somebody asks for it: of the many parts of a
 * stream few are asked for, and of a stream that nobody watches by HLS not one segment.
 */
export class MediaBytes {
  readonly byteLength: number;
  #pieces: readonly Buffer[];
  #asked = false;
  #segment: { readonly media: MediaBytes; readonly offset: number } | undefined;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.byteLength = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** The same bytes in the same order as its parts (RFC 8216bis §4.4.4.9), which from now on share its memory. */
  static ofParts(parts: readonly MediaBytes[]): MediaBytes {
    const media = new MediaBytes(parts.flatMap((part) => part.#pieces));
    let offset = 0;
    for (const part of parts) {
      part.#segment = { media, offset };
      part.#pieces = [];
      offset += part.byteLength;
    }
    // Who watches by parts will want more of them: better one copy at once than one beside the other.
    if (parts.some((part) => part.#asked)) media.#join();
    return media;
  }

  /** One after another they are the whole. */
  get pieces(): readonly Buffer[] {
    return this.#segment ? [this.#join()] : this.#pieces;
  }

  get bytes(): Buffer {
    this.#asked = true;
    return this.#join();
  }

  #join(): Buffer {
    if (this.#segment) {
      const { media, offset } = this.#segment;
      this.#pieces = [media.#join().subarray(offset, offset + this.byteLength)];
      this.#segment = undefined;
    }
    const [first] = this.#pieces;
    if (first && this.#pieces.length === 1) return first;
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
