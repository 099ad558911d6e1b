import { boxHeadBytes, boxType, readBoxHead } from '../isobmff/boxes.js';

/** One top-level box of ISO BMFF (ISO/IEC 14496-12 §4.2), whole, with its header. */
export interface Box {
  /** Four-character code, e.g. `moof`. */
  readonly type: string;
  readonly bytes: Buffer;
}

export interface BoxReaderOptions {
  /** A larger box is taken for a damaged stream. */
  readonly maxBoxBytes?: number;
}

/** Cuts a byte stream into top-level boxes, whatever the borders of the chunks it comes in. */
export class BoxReader {
  readonly #maxBoxBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** How many bytes must be there before the next box, or the size of its header, can be read. */
  #wantedBytes = boxHeadBytes;

  constructor({ maxBoxBytes = 64 * 1024 * 1024 }: BoxReaderOptions = {}) {
    this.#maxBoxBytes = maxBoxBytes;
  }

  /**
   * The boxes that `chunk` completes. A box that lies within one chunk is a view of it, not a copy.
   * @throws {RangeError} when a box is malformed or larger than allowed
   */
  push(chunk: Buffer): Box[] {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < this.#wantedBytes) return [];

    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending);
    const boxes: Box[] = [];
    let offset = 0;
    let wantedBytes: number;
    for (;;) {
      wantedBytes = this.#boxBytes(bytes, offset);
      if (bytes.length - offset < wantedBytes) break;
      boxes.push({ type: boxType(bytes, offset), bytes: bytes.subarray(offset, offset + wantedBytes) });
      offset += wantedBytes;
    }
    this.#pending = offset === bytes.length ? [] : [bytes.subarray(offset)];
    this.#pendingBytes = bytes.length - offset;
    this.#wantedBytes = wantedBytes;
    return boxes;
  }

  /** Size of the box at `offset`; as long as its head is not whole, the size of the head. */
  #boxBytes(bytes: Buffer, offset: number): number {
    const head = readBoxHead(bytes, offset);
    if (typeof head === 'number') return head;
    const { size, headBytes } = head;
    if (size < headBytes || size > this.#maxBoxBytes) {
      const range = `${headBytes} to ${this.#maxBoxBytes} bytes`;
      throw new RangeError(`expected a box of ${range}, got "${boxType(bytes, offset)}" of ${size} bytes`);
    }
    return size;
  }
}
