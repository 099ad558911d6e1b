import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { UnansweredRequests } from './unanswered-requests.js';

export interface HeadTimeoutOptions {
  readonly app: FastifyInstance;
  readonly unanswered: UnansweredRequests;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** A connection was ended because it took too long. */
  readonly onCut: () => void;
}

/**
 * What `headersTimeout` is to a plain server, for HTTP/1.1 requests that come to a server of HTTP/2: not every Node watches their heads.
 * A connection whose next head is not there in time is cut. While a request is being answered, none is expected.
 */
export function cutSlowHeads({ app, unanswered, headersTimeoutMs, idleTimeoutMs, onCut }: HeadTimeoutOptions): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  const stop = (socket: Socket): void => clearTimeout(timers.get(socket));
  const cut = (socket: Socket): void => {
    onCut();
    socket.destroy();
  };
  const expect = (socket: Socket, withinMs: number): void => {
    stop(socket);
    if (!socket.destroyed) timers.set(socket, setTimeout(() => cut(socket), withinMs));
  };
  app.server.on('secureConnection', (socket: Socket & Pick<TLSSocket, 'alpnProtocol'>) => {
    if (socket.alpnProtocol === 'h2') return;
    expect(socket, headersTimeoutMs);
    socket.once('close', () => stop(socket));
  });
  app.server.on('request', ({ socket, httpVersionMajor }: IncomingMessage) => {
    if (httpVersionMajor === 1) stop(socket);
  });
  app.server.on('upgrade', ({ socket }: IncomingMessage) => stop(socket));
  unanswered.onAllAnswered((socket) => {
    if (timers.has(socket)) expect(socket, idleTimeoutMs + headersTimeoutMs);
  });
}
