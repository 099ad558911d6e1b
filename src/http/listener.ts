import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { UnansweredRequests } from './unanswered-requests.js';

export interface ListenerOptions {
  /** With it: HTTP/2 and HTTP/1.1 on one port. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly unanswered: UnansweredRequests;
}

/** Requests at a time on one connection of HTTP/2: a player has a handful. Node's own limit is none. */
const maxConcurrentStreams = 100;

/**
 * Makes the one server that Fastify listens with. That it is made here also keeps it one: for HOST=localhost Fastify would open a second
 * one, of which no limit would know.
 */
export function createListener({ tls, headersTimeoutMs, idleTimeoutMs, unanswered }: ListenerOptions) {
  return (handle: (request: IncomingMessage, response: ServerResponse) => void): Server => {
    const listener = unanswered.before(handle);
    const server = tls
      ? // RFC 9113 for players (Apple's needs it for low latency), HTTP/1.1 beside it for WebSockets. Routes see no difference.
        (createSecureServer({ ...tls, handshakeTimeout: headersTimeoutMs, settings: { maxConcurrentStreams }, allowHTTP1: true }, listener as never) as unknown as Server)
      : createHttpServer({ headersTimeout: headersTimeoutMs, connectionsCheckingInterval: Math.min(Math.ceil(headersTimeoutMs / 3), 5000) }, listener);
    // A publisher's request lasts as long as its broadcast: only heads and silence are timed.
    Object.assign(server, { requestTimeout: 0, keepAliveTimeout: idleTimeoutMs });
    if (tls) timeBoth(server as unknown as Http2SecureServer, idleTimeoutMs);
    else server.setTimeout(idleTimeoutMs);
    unanswered.watchUpgrades(server);
    return server;
  };
}

/** A timeout of the server's own would end sessions of HTTP/2 whatever their clients wait for: connections are timed one by one. */
function timeBoth(server: Http2SecureServer, idleTimeoutMs: number): void {
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') socket.setTimeout(idleTimeoutMs);
  });
  // After each answer Node times the next request by the server's timeout.
  server.on('request', ({ socket, httpVersionMajor }) => {
    if (httpVersionMajor === 1) socket.setTimeout(idleTimeoutMs);
  });
  server.on('session', (session) => endWhenIdle(session, idleTimeoutMs));
}

/**
 * A session on which nothing moved for so long is ended, but for one whose client waits for answers that have not come: for a playlist
 * that is held, for a broadcast that stands still. It is asked whether it is still there.
 */
function endWhenIdle(session: ServerHttp2Session, idleTimeoutMs: number): void {
  const open = new Set<ServerHttp2Stream>();
  let asked = false;
  session.on('stream', (stream) => {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
  });
  session.setTimeout(idleTimeoutMs);
  session.on('timeout', () => {
    if (asked || open.size === 0 || ![...open].every(isWaiting)) return session.destroy();
    asked = true;
    session.ping(() => (asked = false));
    session.setTimeout(idleTimeoutMs); // it rang, and rings but once
  });
}

/** Whether it is the client that waits: its request is whole, or what came of it has not been taken in, and it took all that there was for it. */
function isWaiting(stream: ServerHttp2Stream): boolean {
  return (stream.endAfterHeaders || stream.readableEnded || stream.readableLength > 0) && stream.writableLength === 0;
}
