import type { RecordingReason } from '../../protocol/ingest-messages.js';

/** What is told about a recording where its first byte is sent. */
export interface RecordingNotice {
  readonly mimeType: string;
  readonly reason?: RecordingReason | undefined;
}

interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offset: number;
  readonly recordedAtMs: number;
}

/** The bytes of the broadcast that the server has not acknowledged, addressed by their offset in the whole broadcast. */
export class ReplayBuffer {
  #chunks: Chunk[] = [];
  #recordings: (RecordingNotice & { readonly offset: number })[] = [];
  #endOffset = 0;

  /** Offset of the first byte held; equals `endOffset` when nothing is. */
  get startOffset(): number {
    return this.#chunks[0]?.offset ?? this.#endOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  get size(): number {
    return this.#endOffset - this.startOffset;
  }

  /** When the oldest byte held was recorded. */
  get oldestMs(): number | undefined {
    return this.#chunks[0]?.recordedAtMs;
  }

  /** While it is empty: the first byte appended will have this offset. */
  startAt(offset: number): void {
    this.#endOffset = offset;
  }

  /** The next byte appended begins a container header of its own. */
  beginRecording({ mimeType, reason }: RecordingNotice): void {
    this.#recordings.push({ offset: this.#endOffset, mimeType, reason });
  }

  /** The recording that begins at this very offset, if one does and the server may not know. */
  recordingAt(offset: number): RecordingNotice | undefined {
    return this.#recordings.findLast((recording) => recording.offset === offset);
  }

  /** Whether a recording begins at this offset or after it. */
  hasRecordingFrom(offset: number): boolean {
    return this.#recordings.some((recording) => recording.offset >= offset);
  }

  append(bytes: Uint8Array<ArrayBuffer>, recordedAtMs: number): void {
    this.#chunks.push({ bytes, offset: this.#endOffset, recordedAtMs });
    this.#endOffset += bytes.byteLength;
  }

  /** Forgets what the server has. */
  discardBefore(offset: number): void {
    this.#recordings = this.#recordings.filter((recording) => recording.offset >= offset);
    const kept = this.#chunks.findIndex((chunk) => chunk.offset + chunk.bytes.byteLength > offset);
    this.#chunks.splice(0, kept === -1 ? this.#chunks.length : kept);
    const first = this.#chunks[0];
    if (first !== undefined && first.offset < offset) {
      this.#chunks[0] = { bytes: first.bytes.subarray(offset - first.offset), offset, recordedAtMs: first.recordedAtMs };
    }
  }

  /** Forgets everything from this offset on: the next byte appended will have this offset. */
  truncateAt(offset: number): void {
    this.#recordings = this.#recordings.filter((recording) => recording.offset < offset);
    this.#chunks = this.#chunks.filter((chunk) => chunk.offset < offset);
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.offset + last.bytes.byteLength > offset) {
      this.#chunks[this.#chunks.length - 1] = { ...last, bytes: last.bytes.subarray(0, offset - last.offset) };
    }
    this.#endOffset = offset;
  }

  /** The bytes from this offset to the end of the chunk they came in, or undefined when there are none. */
  read(offset: number): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#chunkAt(offset);
    return chunk?.bytes.subarray(offset - chunk.offset);
  }

  /** When the byte at this offset was recorded, or undefined when it is not held. */
  recordedAtMs(offset: number): number | undefined {
    return this.#chunkAt(offset)?.recordedAtMs;
  }

  #chunkAt(offset: number): Chunk | undefined {
    // Mostly the last one is asked for.
    return this.#chunks.findLast(({ offset: start, bytes }) => start <= offset && offset < start + bytes.byteLength);
  }
}
