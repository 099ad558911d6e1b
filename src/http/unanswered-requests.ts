import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Over HTTP/1.1 one answer follows another, so that a client gains nothing by asking for more than a few things ahead. */
export const maxUnansweredRequests = 16;

export interface UnansweredRequestsOptions {
  readonly app: FastifyInstance;
  /** A connection was ended because of too many. */
  readonly onCut: () => void;
}

/**
 * Counts the requests of each HTTP/1.1 connection that are not answered yet. Node hands over as many as a client sends, and reads on for
 * as long as nothing is written: of requests that are held one connection could bring any number. (HTTP/2 has a limit of its own, which
 * clients are told: SETTINGS_MAX_CONCURRENT_STREAMS.) It listens in front of the framework, and takes nothing away from it.
 */
export class UnansweredRequests {
  readonly #counts = new WeakMap<Socket, number>();
  readonly #answered: ((socket: Socket) => void)[] = [];

  constructor({ app, onCut }: UnansweredRequestsOptions) {
    const { server } = app;
    const cut = (socket: Socket): void => {
      if (!socket.destroyed) onCut();
      socket.destroy();
    };
    server.prependListener('request', ({ socket, httpVersionMajor }: IncomingMessage, response: ServerResponse) => {
      if (httpVersionMajor !== 1) return;
      const count = this.countOn(socket) + 1;
      this.#counts.set(socket, count);
      if (count > maxUnansweredRequests) return cut(socket);
      response.once('close', () => this.#close(socket));
    });
    // What was read together with the one too many is not begun: nobody is there to be answered.
    app.addHook('onRequest', ({ raw: { socket } }, _reply, done) => {
      if (!socket.destroyed) done();
    });
    // Nobody asks for another protocol while an answer is on its way: the two would be mixed.
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => {
      if (this.countOn(socket) > 0) cut(socket);
    });
  }

  countOn(socket: Socket): number {
    return this.#counts.get(socket) ?? 0;
  }

  /** Tells of each connection on which everything is answered that was asked. */
  onAllAnswered(listener: (socket: Socket) => void): void {
    this.#answered.push(listener);
  }

  #close(socket: Socket): void {
    const count = this.countOn(socket) - 1;
    this.#counts.set(socket, count);
    if (count === 0) for (const listener of this.#answered) listener(socket);
  }
}
