import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';

/** Over HTTP/1.1 one answer follows another, so that a client gains nothing by asking for more than a few things ahead. */
export const maxUnansweredRequests = 16;

export interface UnansweredRequestsOptions {
  /** A connection was ended because of too many. */
  readonly onCut: () => void;
}

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Counts the requests of each HTTP/1.1 connection that are not answered yet. Node hands over as many as a client sends, and reads on for
 * as long as nothing is written: of requests that are held one connection could bring any number. (HTTP/2 has a limit of its own, which
 * clients are told: SETTINGS_MAX_CONCURRENT_STREAMS.) It stands before the framework: what a client sent ahead of being cut is not
 * even looked at.
 */
export class UnansweredRequests {
  readonly #counts = new WeakMap<Socket, number>();
  readonly #answered: ((socket: Socket) => void)[] = [];
  readonly #onCut: () => void;

  constructor({ onCut }: UnansweredRequestsOptions) {
    this.#onCut = onCut;
  }

  /** A listener for requests that hands on those of clients who wait for their answers. */
  before(listener: RequestListener): RequestListener {
    return (request, response) => {
      const { socket, httpVersionMajor } = request;
      if (httpVersionMajor === 1) {
        const count = this.countOn(socket) + 1;
        this.#counts.set(socket, count);
        if (count > maxUnansweredRequests) {
          this.#cut(socket);
          // What was read together with it is let go of one by one: Node would make an error with a stack for each.
          return void request.destroy();
        }
        response.once('close', () => this.#close(socket));
      }
      listener(request, response);
    };
  }

  /** Nobody asks for another protocol while an answer is on its way: the two would be mixed. */
  watchUpgrades(server: Server): void {
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => {
      if (this.countOn(socket) > 0) this.#cut(socket);
    });
  }

  countOn(socket: Socket): number {
    return this.#counts.get(socket) ?? 0;
  }

  /** Tells of each connection on which everything is answered that was asked. */
  onAllAnswered(listener: (socket: Socket) => void): void {
    this.#answered.push(listener);
  }

  #cut(socket: Socket): void {
    if (!socket.destroyed) this.#onCut();
    socket.destroy();
  }

  #close(socket: Socket): void {
    const count = this.countOn(socket) - 1;
    this.#counts.set(socket, count);
    if (count === 0) for (const listener of this.#answered) listener(socket);
  }
}
