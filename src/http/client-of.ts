import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** Who asks, as whoever handed the request on says; it has proved that it may be believed. */
export interface VouchedClient {
  readonly address: string;
  readonly protocol: 'http' | 'https';
}

const vouched = new WeakMap<IncomingMessage, VouchedClient>();

/** From now on this request is the client's, not that of whoever handed it on. */
export function vouchFor(request: FastifyRequest, client: VouchedClient): void {
  vouched.set(request.raw, client);
}

/** Whether somebody who may be believed handed this request on. */
export function isVouchedFor(request: FastifyRequest): boolean {
  return vouched.has(request.raw);
}

/** The address of whoever asks: behind proxies that are trusted, and behind another server that vouched for it. */
export function clientAddress(request: FastifyRequest): string {
  return vouched.get(request.raw)?.address ?? request.ip;
}

/** What the client speaks, with whatever stands in front. */
export function clientProtocol(request: FastifyRequest): 'http' | 'https' {
  return vouched.get(request.raw)?.protocol ?? (request.protocol === 'https' ? 'https' : 'http');
}
