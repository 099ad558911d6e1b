import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocket } from 'ws';
import { errorCodes } from '../protocol/error-codes.js';
import type { ErrorBody } from '../protocol/error-codes.js';
import { LiveError } from '../protocol/live-error.js';

// RFC 6455 §5.5: a control frame carries at most 125 bytes, two of them the close code.
const maxReasonBytes = 123;

/** A reason as it fits into a WebSocket close frame. */
export function closeReason(text: string): string {
  if (Buffer.byteLength(text) <= maxReasonBytes) return text;
  let kept = text.slice(0, maxReasonBytes);
  while (Buffer.byteLength(kept) > maxReasonBytes - 3 || /[\uD800-\uDBFF]$/.test(kept)) kept = kept.slice(0, -1);
  return `${kept}…`;
}

/** Whoever does not read its answers to pings gets no more of them beyond this. */
export const maxPongBacklogBytes = 65_536;

const messageLimits = new WeakMap<Duplex, number>();

/** Before the upgrade: no message on this connection may be larger, whatever the server's limit is. */
export function limitMessages(connection: Duplex, maxBytes: number): void {
  messageLimits.set(connection, maxBytes);
}

/** ws itself closes with 1009 when a message passes `maxPayload`; Onair's word for that is over-limit. */
export class LimitedWebSocket extends WebSocket {
  /** ws knows one limit for a whole server; its own types leave this method out. */
  setSocket(connection: Duplex, head: Buffer, options: { readonly maxPayload: number }): void {
    const limited = { ...options, maxPayload: messageLimits.get(connection) ?? options.maxPayload };
    (WebSocket.prototype as unknown as LimitedWebSocket).setSocket.call(this, connection, head, limited);
  }

  override close(code?: number, data?: string | Buffer): void {
    if (code === 1009) super.close(errorCodes['over-limit'].closeCode, closeReason('a message is over the size limit: send smaller ones'));
    else super.close(code, data);
  }
}

/** What a plain request is told where a WebSocket was expected. */
export async function answerUpgradeRequired(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // RFC 9110 §15.5.22 wants the Upgrade field; HTTP/2 knows no such thing (RFC 9113 §8.2.2).
  if (request.raw.httpVersionMajor === 1) reply.header('upgrade', 'websocket').header('connection', 'upgrade, close');
  return reply.code(426).send({ code: 'malformed', message: 'expected a WebSocket connection, got a plain request' } satisfies ErrorBody);
}

/**
 * Upgrades of connections that are still there: of one that was cut for asking too early, the plugin would only log that it failed. What
 * came behind the head lies in the connection again, for whoever takes it up.
 */
export function admittedUpgrades({ server }: FastifyInstance): EventEmitter {
  const admitted = new EventEmitter();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (socket.destroyed) return;
    if (head.length > 0) socket.unshift(head);
    admitted.emit('upgrade', request, socket, Buffer.alloc(0));
  });
  return admitted;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A WebSocket can be opened here. */
    upgrades?: boolean;
  }
}

/** Refuses WebSockets where there are none before the upgrade; the plugin would open and then close them. */
export function refuseStrayUpgrades(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.wsHandler) route.config = { ...route.config, upgrades: true };
  });
  app.addHook('onRequest', (request, _reply, done) => {
    done(request.ws ? strayUpgrade(request) : undefined);
  });
}

function strayUpgrade({ headers, routeOptions }: FastifyRequest): LiveError | undefined {
  const { upgrade = '' } = headers;
  // Some programs offer HTTP/2 with every plain request. Node has taken the connection out of HTTP's hands by then, body and all.
  if (upgrade.toLowerCase() !== 'websocket') {
    return new LiveError('malformed', `expected no upgrade but to "websocket", got ${JSON.stringify(upgrade.slice(0, 40))}; send the request without it (curl: --http1.1), or use HTTPS`);
  }
  if (routeOptions.config.upgrades === true) return undefined;
  return new LiveError('not-found', 'expected /live/NAME/publish, /live/NAME/play or /live/NAME/chat, got an address without a WebSocket');
}
