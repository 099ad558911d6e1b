import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';

/**
 * Tells when the other end of a WebSocket has got what was sent: any WebSocket answers a ping when it has read what came before it
 * (RFC 6455 §5.5.2).
 */
export class SocketMarks {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  #last = 0;
  /** Those that have not arrived, oldest first. */
  #marks: { readonly id: number; readonly arrived: () => void }[] = [];

  constructor(socket: WebSocket, connection: Socket) {
    this.#socket = socket;
    this.#connection = connection;
    socket.on('pong', (data) => this.#answered(Number(data.toString('latin1'))));
  }

  mark(arrived: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#marks.push({ id: ++this.#last, arrived });
    // With the media that is sent in the same turn it is one system call.
    this.#connection.cork();
    this.#socket.ping(String(this.#last));
    process.nextTick(() => this.#connection.uncork());
  }

  /** A client may leave out answers to all but the last ping (RFC 6455 §5.5.3). */
  #answered(id: number): void {
    const arrived = this.#marks.filter((mark) => mark.id <= id);
    this.#marks = this.#marks.slice(arrived.length);
    arrived.at(-1)?.arrived();
  }
}
