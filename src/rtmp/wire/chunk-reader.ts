import type { RtmpMessage } from './message.js';
import { messageType } from './message.js';
import { RtmpProtocolError } from './protocol-error.js';

export interface ChunkReaderOptions {
  /** Of one message, and of all unfinished ones together. */
  readonly maxMessageBytes: number;
}

interface ChunkStream {
  timestamp: number;
  delta: number;
  extended: boolean;
  length: number;
  type: number;
  streamId: number;
  /** What came of an unfinished message; grows as it comes, not as it was announced. */
  body: Buffer | undefined;
  filled: number;
}

const noTimestamp = 0xffffff;
/** Publishers use five or so. */
const maxChunkStreams = 64;
const defaultChunkBytes = 128;
const nothing = Buffer.alloc(0);
const headerBytesOf = [11, 7, 3, 0] as const;

/** Puts messages together out of chunks, whatever the borders of the slices they come in (§5.3). */
export class ChunkReader {
  maxMessageBytes: number;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = defaultChunkBytes;
  /** The beginning of a chunk header that was cut. */
  #pending: Buffer = nothing;
  /** The chunk that is being read, and how much of it is still to come. */
  #current: ChunkStream | undefined;
  #payloadLeft = 0;
  #unfinishedBytes = 0;

  constructor({ maxMessageBytes }: ChunkReaderOptions) {
    this.maxMessageBytes = maxMessageBytes;
  }

  /**
   * The messages that `slice` completes. Chunk size and abort are followed here, and handed on like the rest.
   * @throws {RtmpProtocolError}
   */
  *push(slice: Buffer): Generator<RtmpMessage, void, undefined> {
    let bytes = this.#pending.length === 0 ? slice : Buffer.concat([this.#pending, slice]);
    this.#pending = nothing;
    while (bytes.length > 0 || (this.#current && this.#payloadLeft === 0)) {
      if (!this.#current) {
        const headerBytes = this.#readHeader(bytes);
        if (headerBytes === undefined) {
          this.#pending = Buffer.from(bytes);
          return;
        }
        bytes = bytes.subarray(headerBytes);
        continue;
      }
      const taken = Math.min(this.#payloadLeft, bytes.length);
      this.#fill(this.#current, bytes.subarray(0, taken));
      bytes = bytes.subarray(taken);
      this.#payloadLeft -= taken;
      if (this.#payloadLeft > 0) return;
      const stream = this.#current;
      this.#current = undefined;
      if (stream.filled < stream.length) continue;
      const message = this.#finish(stream);
      this.#follow(message);
      yield message;
    }
  }

  /** Length of the chunk header at the start, or undefined until it is whole. */
  #readHeader(bytes: Buffer): number | undefined {
    const first = bytes[0]!;
    const basicBytes = (first & 0x3f) === 0 ? 2 : (first & 0x3f) === 1 ? 3 : 1;
    if (bytes.length < basicBytes) return undefined;
    const id = basicBytes === 1 ? first & 0x3f : basicBytes === 2 ? bytes[1]! + 64 : bytes.readUInt16LE(1) + 64;
    const format = (first >> 6) as 0 | 1 | 2 | 3;
    let at = basicBytes + headerBytesOf[format];
    if (bytes.length < at) return undefined;
    const known = this.#streams.get(id);
    if (!known && format !== 0) throw new RtmpProtocolError(`expected chunk stream ${id} to begin with a full header, got one of format ${format}`);
    const stream = known ?? { timestamp: 0, delta: 0, extended: false, length: 0, type: 0, streamId: 0, body: undefined, filled: 0 };
    const continues = stream.body !== undefined;
    const field = format === 3 ? undefined : bytes.readUIntBE(basicBytes, 3);
    const extended = field === undefined ? stream.extended : field === noTimestamp;
    let time = field ?? (stream.extended ? undefined : stream.delta);
    if (extended) {
      if (bytes.length < at + 4) return undefined;
      const value = bytes.readUInt32BE(at);
      // §5.3.1.3: repeated in every chunk of the message; some clients leave that out.
      if (!(format === 3 && continues && value !== stream.delta && value !== stream.timestamp)) at += 4;
      time = value;
    }
    if (format === 3 && continues) {
      this.#begin(stream);
      return at;
    }
    // A new header in the middle of a message begins another one: what came of it is of no use.
    if (continues) this.#drop(stream);
    stream.extended = extended;
    stream.delta = time ?? 0;
    if (format === 0) stream.timestamp = stream.delta;
    else stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
    if (format < 2) {
      stream.length = bytes.readUIntBE(basicBytes + 3, 3);
      stream.type = bytes[basicBytes + 6]!;
    }
    if (format === 0) stream.streamId = bytes.readUInt32LE(basicBytes + 7);
    if (stream.length > this.maxMessageBytes) throw new RtmpProtocolError(`expected messages of at most ${this.maxMessageBytes} bytes, got one of ${stream.length}`, 'over-limit');
    if (!known && this.#streams.size >= maxChunkStreams) throw new RtmpProtocolError(`expected at most ${maxChunkStreams} chunk streams, got more`);
    this.#streams.set(id, stream);
    stream.body = nothing;
    stream.filled = 0;
    this.#begin(stream);
    return at;
  }

  #begin(stream: ChunkStream): void {
    this.#current = stream;
    this.#payloadLeft = Math.min(this.#chunkBytes, stream.length - stream.filled);
  }

  #fill(stream: ChunkStream, bytes: Buffer): void {
    this.#unfinishedBytes += bytes.length;
    if (this.#unfinishedBytes > this.maxMessageBytes) throw new RtmpProtocolError(`expected at most ${this.maxMessageBytes} bytes of unfinished messages, got more`, 'over-limit');
    const wanted = stream.filled + bytes.length;
    if (stream.body!.length < wanted) {
      const larger = Buffer.allocUnsafe(Math.min(stream.length, Math.max(wanted, 4096, stream.body!.length * 2)));
      stream.body!.copy(larger, 0, 0, stream.filled);
      stream.body = larger;
    }
    bytes.copy(stream.body!, stream.filled);
    stream.filled = wanted;
  }

  #finish(stream: ChunkStream): RtmpMessage {
    const { type, timestamp, streamId, length } = stream;
    const body = stream.body!.subarray(0, length);
    this.#drop(stream);
    return { type, timestamp, streamId, body };
  }

  #drop(stream: ChunkStream): void {
    this.#unfinishedBytes -= stream.filled;
    stream.body = undefined;
    stream.filled = 0;
  }

  #follow({ type, body }: RtmpMessage): void {
    if (type !== messageType.setChunkSize && type !== messageType.abort) return;
    if (body.length < 4) throw new RtmpProtocolError(`expected 4 bytes in a control message, got ${body.length}`);
    const value = body.readUInt32BE(0);
    if (type === messageType.abort) {
      const stream = this.#streams.get(value);
      if (stream?.body) this.#drop(stream);
      return;
    }
    // §5.4.1: the first bit is zero, and no message is longer than 0xffffff.
    if (value < 1 || value > 0x7fffffff) throw new RtmpProtocolError(`expected a chunk size from 1 to 2147483647, got ${value}`);
    this.#chunkBytes = value;
  }
}

