import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { FairShare, piecesOf } from '../live/fair-share.js';
import { readAmf0, writeAmf0, type AmfValue } from './wire/amf0.js';
import { ChunkReader } from './wire/chunk-reader.js';
import { writeChunks } from './wire/chunk-writer.js';
import { Handshake } from './wire/handshake.js';
import { chunkStream, messageType, userControlEvent, type RtmpMessage } from './wire/message.js';

export interface RtmpConnectionOptions {
  readonly socket: Socket;
  /** From the connection to a publisher that was let in. */
  readonly setupTimeoutMs: number;
  /** A publisher without a sign of life for so long is cut. */
  readonly silenceTimeoutMs: number;
}

/** All that is said before somebody was let in. */
const maxSetupMessageBytes = 65_536;
/** Answers that are not read. */
const maxUnreadBytes = 65_536;
/** As both ends begin (§5.4.1), and as it goes on when `connect` was answered: no message of ours is longer. */
const firstChunkBytes = 128;
const chunkBytes = 4096;
const windowBytes = 2_500_000;
const asksPerTimeout = 3;
/** For the last words to be read. */
const farewellMs = 1500;

/** A socket that speaks RTMP: messages in, commands out. What keeps the connection going is answered here. */
export class RtmpConnection {
  readonly #socket: Socket;
  readonly #silenceTimeoutMs: number;
  readonly #setupTimeoutMs: number;
  readonly #handshake = new Handshake({ random: randomBytes(1528), timeMs: 0 });
  readonly #reader = new ChunkReader({ maxMessageBytes: maxSetupMessageBytes });
  readonly #openedAtMs = performance.now();
  readonly #heartbeat: NodeJS.Timeout;
  #setup: NodeJS.Timeout | undefined;
  #handshaken = false;
  #hungUp = false;
  #busy = false;
  #heardAtMs = performance.now();
  #peerWindowBytes = windowBytes;
  #acknowledgedBytes = 0;
  #chunkBytes = firstChunkBytes;

  constructor({ socket, setupTimeoutMs, silenceTimeoutMs }: RtmpConnectionOptions) {
    this.#socket = socket;
    this.#setupTimeoutMs = setupTimeoutMs;
    this.#silenceTimeoutMs = silenceTimeoutMs;
    socket.setNoDelay(true);
    // Whatever breaks it, it is over: the reading loop is told.
    socket.on('error', () => undefined);
    this.expectSetup();
    this.#heartbeat = setInterval(() => this.#ask(), silenceTimeoutMs / asksPerTimeout);
    socket.once('close', () => {
      clearTimeout(this.#setup);
      clearInterval(this.#heartbeat);
    });
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** The address of this server that the other end came to. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** How long nothing came, though something was waited for. */
  get silentMs(): number {
    return this.#busy ? 0 : performance.now() - this.#heardAtMs;
  }

  get over(): boolean {
    return this.#hungUp || this.#socket.destroyed;
  }

  /** Whether what still came is of no use. The other end may be gone before what it brought was worked off: that is. */
  get hungUp(): boolean {
    return this.#hungUp;
  }

  /**
   * Hands over the messages of what comes, piece by piece; the next one is read when they are done with. Resolves when the other end
   * is gone or was hung up on.
   * @param onFault told of what the handling, or the other end's breach of the protocol, threw
   */
  async run(handle: (messages: readonly RtmpMessage[]) => Promise<void>, onFault: (error: unknown) => void): Promise<void> {
    const share = new FairShare();
    try {
      for await (const slice of this.#socket as AsyncIterable<Buffer>) {
        if (this.#hungUp) continue;
        this.#busy = true;
        try {
          for (const piece of piecesOf(slice)) {
            if (share.isSpent) await share.rest();
            if (this.hungUp) break;
            await share.spend(() => handle(this.#read(piece)));
          }
        } catch (error) {
          onFault(error);
        }
        this.#busy = false;
        this.#acknowledge();
        this.#heardAtMs = performance.now();
      }
    } catch {
      // A connection that broke is one that ended.
    }
    this.#socket.destroy();
  }

  /** Somebody was let in: may take time, and send messages of this size. */
  admit(maxMessageBytes: number): void {
    clearTimeout(this.#setup);
    this.#reader.maxMessageBytes = maxMessageBytes;
  }

  /** Nobody is let in (any more): there is so much time for it. */
  expectSetup(): void {
    clearTimeout(this.#setup);
    this.#reader.maxMessageBytes = maxSetupMessageBytes;
    this.#setup = setTimeout(() => this.#socket.destroy(), this.#setupTimeoutMs);
  }

  command(streamId: number, ...values: AmfValue[]): void {
    this.#send(chunkStream.command, { type: messageType.commandAmf0, timestamp: 0, streamId, body: writeAmf0(values) });
  }

  /** What a client is told before its `connect` is answered (§7.2.1.1). */
  announce(): void {
    this.#control(messageType.windowAcknowledgementSize, windowBytes);
    const bandwidth = Buffer.from([0, 0, 0, 0, 2]); // 2: dynamic
    bandwidth.writeUInt32BE(windowBytes, 0);
    this.#send(chunkStream.control, { type: messageType.setPeerBandwidth, timestamp: 0, streamId: 0, body: bandwidth });
    this.#control(messageType.setChunkSize, chunkBytes);
    this.#chunkBytes = chunkBytes;
  }

  /** Tells that a message stream can be used (§7.1.7). */
  beginStream(streamId: number): void {
    this.#userControl(userControlEvent.streamBegin, streamId);
  }

  /** Nothing that still comes is of use; what was said gets a moment to be read. */
  hangUp(): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#socket.end();
    const patience = setTimeout(() => this.#socket.destroy(), farewellMs);
    this.#socket.once('close', () => clearTimeout(patience));
  }

  #read(slice: Buffer): RtmpMessage[] {
    let bytes = slice;
    if (!this.#handshaken) {
      const { answer, rest } = this.#handshake.push(slice);
      if (answer.length > 0) this.#socket.write(answer);
      if (!rest) return [];
      this.#handshaken = true;
      bytes = rest;
    }
    const messages: RtmpMessage[] = [];
    for (const message of this.#reader.push(bytes)) if (!this.#handle(message)) messages.push(message);
    return messages;
  }

  /** Whether this message was for the connection alone. */
  #handle({ type, body }: RtmpMessage): boolean {
    if (type === messageType.windowAcknowledgementSize && body.length >= 4) {
      this.#peerWindowBytes = Math.max(1024, body.readUInt32BE(0));
    } else if (type === messageType.userControl && body.length >= 6 && body.readUInt16BE(0) === userControlEvent.pingRequest) {
      this.#userControl(userControlEvent.pingResponse, body.readUInt32BE(2));
    }
    return type <= messageType.setPeerBandwidth;
  }

  /**
   * §5.4.3: some publishers stop when what they sent is not acknowledged. As long as more lies here none has stopped; but one may be
   * gone, and then its kernel answers with a reset, and what lies here would be lost.
   */
  #acknowledge(): void {
    const { bytesRead } = this.#socket;
    if (this.#hasMore || bytesRead - this.#acknowledgedBytes < this.#peerWindowBytes) return;
    this.#acknowledgedBytes = bytesRead;
    this.#control(messageType.acknowledgement, bytesRead % 2 ** 32);
  }

  get #hasMore(): boolean {
    return this.#socket.readableLength > 0;
  }

  #ask(): void {
    if (this.#hasMore) return;
    if (this.silentMs >= this.#silenceTimeoutMs) this.#socket.destroy();
    else if (this.#handshaken && !this.#hungUp) this.#userControl(userControlEvent.pingRequest, Math.floor(performance.now() - this.#openedAtMs) % 2 ** 32);
  }

  #userControl(event: number, value: number): void {
    const body = Buffer.alloc(6);
    body.writeUInt16BE(event, 0);
    body.writeUInt32BE(value, 2);
    this.#send(chunkStream.control, { type: messageType.userControl, timestamp: 0, streamId: 0, body });
  }

  #control(type: number, value: number): void {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(value);
    this.#send(chunkStream.control, { type, timestamp: 0, streamId: 0, body });
  }

  #send(chunkStreamId: number, message: RtmpMessage): void {
    if (this.over) return;
    this.#socket.write(writeChunks(chunkStreamId, message, this.#chunkBytes));
    if (this.#socket.writableLength > maxUnreadBytes) this.#socket.destroy();
  }
}

/** A command's name, transaction and arguments (§7.2). @throws {RtmpProtocolError} */
export function readCommand({ type, body }: RtmpMessage): { name: string; transaction: number; args: readonly AmfValue[] } {
  // In the AMF 3 form one byte stands before what is AMF 0 all the same.
  const [name, transaction, ...args] = readAmf0(type === messageType.commandAmf3 ? body.subarray(1) : body);
  return { name: typeof name === 'string' ? name : '', transaction: typeof transaction === 'number' ? transaction : 0, args };
}
