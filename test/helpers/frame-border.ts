/** Follows the frames of a WebSocket connection byte by byte (RFC 6455 §5.2), after the head of its handshake. */
export class FrameBorder {
  #handshake = '';
  #inHandshake = true;
  #head: number[] = [];
  #payloadLeft = 0;

  /** Whether the connection would be cut within a frame here. */
  get isInside(): boolean {
    return !this.#inHandshake && (this.#head.length > 0 || this.#payloadLeft > 0);
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inHandshake) {
        this.#handshake = (this.#handshake + String.fromCharCode(chunk[at++]!)).slice(-4);
        this.#inHandshake = this.#handshake !== '\r\n\r\n';
      } else if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#head.push(chunk[at++]!);
        this.#readHead();
      }
    }
  }

  #readHead(): void {
    const [, second = 0] = this.#head;
    const short = second & 0x7f;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const headBytes = 2 + lengthBytes + (second & 0x80 ? 4 : 0);
    if (this.#head.length < 2 || this.#head.length < headBytes) return;
    this.#payloadLeft = lengthBytes === 0 ? short : this.#head.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
    this.#head = [];
  }
}
