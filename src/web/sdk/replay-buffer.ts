import type { RecordingReason } from '../../protocol/ingest-messages.js';
import { CutPoints } from './cut-points.js';

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

interface Recorded {
  readonly offset: number;
  /** Offset that its first byte has, or would have. */
  readonly originOffset: number;
  /** Undefined where a broadcast begins with it: nothing is announced then. */
  readonly notice: RecordingNotice | undefined;
  readonly captureTimeMs: number | undefined;
  readonly points: CutPoints;
}

/** What the server has is kept for so long at most: longer than its segments last, and keyframes are apart. */
const maxOverlapMs = 15_000;
const maxOverlapBytes = 16 * 1024 * 1024;

/**
 * The bytes of the broadcast that the server has not acknowledged, addressed by their offset in the whole broadcast; and those before them, from
 * where another server could go on with them.
 */
export class ReplayBuffer {
  #chunks: Chunk[] = [];
  #recordings: Recorded[] = [];
  /** Where the recordings held can be begun with, in order; the beginning of each is such a place. */
  #cuts: number[] = [];
  #startOffset = 0;
  #endOffset = 0;

  /** Offset of the first byte that is not acknowledged; equals `endOffset` when none is held. */
  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  /** Bytes that are not acknowledged. */
  get size(): number {
    return this.#endOffset - this.#startOffset;
  }

  /** When the oldest byte was recorded that is not acknowledged. */
  get oldestMs(): number | undefined {
    return this.recordedAtMs(this.#startOffset);
  }

  /** While it is empty: the first byte appended will have this offset. */
  startAt(offset: number): void {
    this.#startOffset = offset;
    this.#endOffset = offset;
  }

  /** The next byte appended begins a container header of its own. */
  beginRecording(notice?: RecordingNotice): void {
    const offset = this.#endOffset;
    this.#recordings.push({ offset, originOffset: offset, notice, captureTimeMs: undefined, points: new CutPoints() });
    this.#cuts.push(offset);
  }

  /** When media time 0 of the recording was captured whose bytes are appended now: it is told again to whoever gets its first byte. */
  noteCaptureTime(captureTimeMs: number): void {
    const last = this.#recordings.pop();
    if (last !== undefined) this.#recordings.push({ ...last, captureTimeMs });
  }

  /** The recording that begins at this very offset, if one does and the server may not know. */
  recordingAt(offset: number): Pick<Recorded, 'notice' | 'captureTimeMs'> | undefined {
    return this.#recordings.findLast((recording) => recording.offset === offset);
  }

  /** Whether a recording that has to be announced begins at this offset or after it. */
  hasRecordingFrom(offset: number): boolean {
    return this.#recordings.some((recording) => recording.notice !== undefined && recording.offset >= offset);
  }

  append(bytes: Uint8Array<ArrayBuffer>, recordedAtMs: number): void {
    const recording = this.#recordings.at(-1);
    this.#chunks.push({ bytes, offset: this.#endOffset, recordedAtMs });
    this.#endOffset += bytes.byteLength;
    if (recording !== undefined) this.#cuts.push(...recording.points.push(bytes).map((place) => recording.originOffset + place));
  }

  /**
   * The server has what is before this offset: of that, no more is kept than another one could have to begin with.
   * @param safeOffset what is before this one another server needs no more; undefined: this one says nothing of it
   */
  discardBefore(offset: number, safeOffset = offset): void {
    this.#startOffset = offset;
    const nowMs = this.recordedAtMs(offset) ?? this.#chunks.at(-1)?.recordedAtMs ?? 0;
    const isBounded = (cut: number): boolean => nowMs - (this.recordedAtMs(cut) ?? nowMs) <= maxOverlapMs && offset - cut <= maxOverlapBytes;
    const before = this.#cuts.filter((cut) => cut <= offset);
    const wanted = before.findLastIndex((cut) => cut <= safeOffset);
    this.#forgetBefore(before.slice(Math.max(0, wanted)).find(isBounded) ?? offset);
  }

  /** Forgets everything from this offset on: the next byte appended will have this offset. */
  truncateAt(offset: number): void {
    this.#recordings = this.#recordings.filter((recording) => recording.offset < offset);
    this.#cuts = this.#cuts.filter((cut) => cut < offset);
    this.#chunks = this.#chunks.filter((chunk) => chunk.offset < offset);
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.offset + last.bytes.byteLength > offset) {
      this.#chunks[this.#chunks.length - 1] = { ...last, bytes: last.bytes.subarray(0, offset - last.offset) };
    }
    this.#startOffset = Math.min(this.#startOffset, offset);
    this.#endOffset = offset;
  }

  /**
   * For a server that has nothing of the broadcast: the recordings held become the first ones, from offset 0 on, with a container header in front.
   * @returns whether they could; else nothing is changed
   */
  beginAgain(): boolean {
    const cut = this.#cuts[0];
    const recording = this.#recordings.findLast(({ offset }) => offset <= (cut ?? 0));
    if (cut === undefined || recording === undefined) return false;
    const head = cut === recording.offset ? new Uint8Array() : recording.points.head;
    if (head === undefined) return false;
    this.#forgetBefore(cut);
    const by = head.byteLength - cut;
    const headChunk = { bytes: head, offset: 0, recordedAtMs: this.#chunks[0]?.recordedAtMs ?? 0 };
    this.#chunks = this.#chunks.map((chunk) => ({ ...chunk, offset: chunk.offset + by }));
    if (head.byteLength > 0) this.#chunks.unshift(headChunk);
    this.#recordings = this.#recordings.map((each) => {
      const originOffset = each.originOffset + by;
      return each.offset <= cut ? { ...each, offset: 0, originOffset, notice: undefined } : { ...each, offset: each.offset + by, originOffset };
    });
    this.#cuts = [0, ...this.#cuts.filter((place) => place > cut).map((place) => place + by)];
    this.#startOffset = 0;
    this.#endOffset += by;
    return true;
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

  #forgetBefore(offset: number): void {
    this.#cuts = this.#cuts.filter((cut) => cut >= offset);
    this.#recordings = this.#recordings.filter((_, index) => (this.#recordings[index + 1]?.offset ?? Infinity) > offset);
    const kept = this.#chunks.findIndex((chunk) => chunk.offset + chunk.bytes.byteLength > offset);
    this.#chunks.splice(0, kept === -1 ? this.#chunks.length : kept);
    const first = this.#chunks[0];
    if (first !== undefined && first.offset < offset) {
      this.#chunks[0] = { bytes: first.bytes.subarray(offset - first.offset), offset, recordedAtMs: first.recordedAtMs };
    }
  }

  #chunkAt(offset: number): Chunk | undefined {
    // Mostly the last one is asked for.
    return this.#chunks.findLast(({ offset: start, bytes }) => start <= offset && offset < start + bytes.byteLength);
  }
}
