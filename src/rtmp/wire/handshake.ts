import { RtmpProtocolError } from './protocol-error.js';

const version = 3;
const packetBytes = 1536;

/**
 * The server's side of the simple handshake (Adobe's RTMP specification 1.0, §5.2). Clients that can do the one with digests
 * fall back to this one, since the version in S1 is 0.
 */
export class Handshake {
  readonly #time: number;
  readonly #random: Buffer;
  #pending = Buffer.alloc(0);
  #answered = false;

  /** @param options.random of 1528 bytes @param options.timeMs of the connection's own clock */
  constructor({ random, timeMs }: { random: Buffer; timeMs: number }) {
    this.#random = random;
    this.#time = timeMs >>> 0;
  }

  /**
   * Takes bytes until it is done; `rest` is what came behind it, undefined until then. `answer` is to be sent, if not empty.
   * @throws {RtmpProtocolError}
   */
  push(chunk: Buffer): { readonly answer: Buffer; readonly rest: Buffer | undefined } {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const [first] = this.#pending;
    if (!this.#answered && first !== undefined && first !== version) throw new RtmpProtocolError(`expected RTMP of version ${version}, got a first byte of ${first}`);
    let answer: Buffer = Buffer.alloc(0);
    if (!this.#answered && this.#pending.length >= 1 + packetBytes) {
      answer = this.#answer(this.#pending.subarray(1, 1 + packetBytes));
      this.#answered = true;
    }
    const wholeBytes = 1 + 2 * packetBytes;
    // What C2 echoes is not looked at: many clients send something else.
    return { answer, rest: this.#pending.length >= wholeBytes ? this.#pending.subarray(wholeBytes) : undefined };
  }

  /** S0, S1 and S2. */
  #answer(c1: Buffer): Buffer {
    const s1 = Buffer.alloc(packetBytes);
    s1.writeUInt32BE(this.#time, 0);
    this.#random.copy(s1, 8, 0, packetBytes - 8);
    const s2 = Buffer.from(c1);
    s2.writeUInt32BE(this.#time, 4);
    return Buffer.concat([Buffer.from([version]), s1, s2]);
  }
}
