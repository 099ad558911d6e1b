/** A server's WebSocket frames out of a byte stream, read by their heads alone; unmasked and unfragmented (RFC 6455 §5.2). */
export class WebSocketSkimmer {
  readonly #onFrame: (opcode: number, start: Buffer, end: Buffer) => void;
  readonly #keepBytes: number;
  /** The head, and of the payload as much as is kept, of a frame that came in pieces. */
  #partial: Buffer = Buffer.alloc(0);
  #payloadLeft = 0;
  /** The last bytes of what came after it. */
  #end: Buffer = Buffer.alloc(0);

  /** @param onFrame when the last byte of a frame came; `start` and `end` are the payload's first and last `keepBytes` bytes at most, `start` of a text all of it */
  constructor(onFrame: (opcode: number, start: Buffer, end: Buffer) => void, keepBytes = 24) {
    this.#onFrame = onFrame;
    this.#keepBytes = keepBytes;
  }

  /** What it needs of `chunk` later, it copies. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, rest.length);
        this.#payloadLeft -= taken;
        // Of a long payload only the last pieces are looked at.
        if (this.#payloadLeft < this.#keepBytes) this.#end = Buffer.concat([this.#end, rest.subarray(0, taken)]).subarray(-this.#keepBytes);
        rest = rest.subarray(taken);
        if (this.#payloadLeft === 0) this.#finish();
        continue;
      }
      const seen = this.#partial.length > 0 ? Buffer.concat([this.#partial, rest]) : rest;
      const wanted = wantedBytes(seen, this.#keepBytes);
      if (wanted === undefined || seen.length < wanted) {
        this.#partial = Buffer.from(seen);
        return;
      }
      const before = this.#partial.length;
      this.#partial = Buffer.from(seen.subarray(0, wanted));
      rest = rest.subarray(wanted - before);
      this.#payloadLeft = headBytes(seen) + payloadBytes(seen) - wanted;
      if (this.#payloadLeft === 0) this.#finish();
    }
  }

  #finish(): void {
    const frame = this.#partial;
    const start = frame.subarray(headBytes(frame));
    const end = this.#end.length < this.#keepBytes ? Buffer.concat([start, this.#end]).subarray(-this.#keepBytes) : this.#end;
    this.#partial = this.#end = Buffer.alloc(0);
    this.#onFrame(frame[0]! & 0x0f, start, end);
  }
}

const text = 0x1;

/** Head and kept payload; undefined while the head is not whole. */
function wantedBytes(frame: Buffer, keepBytes: number): number | undefined {
  if (frame.length < 2 || frame.length < headBytes(frame)) return undefined;
  const payload = payloadBytes(frame);
  return headBytes(frame) + ((frame[0]! & 0x0f) === text ? payload : Math.min(payload, keepBytes));
}

function headBytes(frame: Buffer): number {
  const short = frame[1]! & 0x7f;
  return short === 127 ? 10 : short === 126 ? 4 : 2;
}

function payloadBytes(frame: Buffer): number {
  const short = frame[1]! & 0x7f;
  return short === 127 ? Number(frame.readBigUInt64BE(2)) : short === 126 ? frame.readUInt16BE(2) : short;
}
