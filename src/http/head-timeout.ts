import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';

export interface HeadTimeoutOptions {
  readonly app: FastifyInstance;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * What `headersTimeout` is to a plain server: Node does not watch the heads of HTTP/1.1 requests that come to a server
 * of HTTP/2. A connection whose next head is not there in time is cut.
 */
export function cutSlowHeads({ app, headersTimeoutMs, idleTimeoutMs }: HeadTimeoutOptions): void {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  const stop = (socket: object): void => clearTimeout(timers.get(socket));
  const expect = (socket: Socket, withinMs: number): void => {
    stop(socket);
    if (!socket.destroyed) timers.set(socket, setTimeout(() => socket.destroy(), withinMs));
  };
  app.server.on('secureConnection', (socket: Socket & Pick<TLSSocket, 'alpnProtocol'>) => {
    if (socket.alpnProtocol === 'h2') return;
    expect(socket, headersTimeoutMs);
    socket.once('close', () => stop(socket));
  });
  app.server.on('request', ({ socket, httpVersionMajor }: IncomingMessage, response: ServerResponse) => {
    if (httpVersionMajor !== 1) return;
    stop(socket);
    response.once('close', () => expect(socket, idleTimeoutMs + headersTimeoutMs));
  });
  app.server.on('upgrade', ({ socket }: IncomingMessage) => stop(socket));
}
