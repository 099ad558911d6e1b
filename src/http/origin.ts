import type { FastifyRequest } from 'fastify';
import { clientProtocol } from './client-of.js';

const plainHost = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** Origins of pages, as browsers tell them. */
export type AllowedOrigins = '*' | readonly string[];

/** Whether a Host header is what it should be: it is written into answers and must not carry anything else. */
export function isPlainHost(host: string): boolean {
  return plainHost.test(host);
}

/** Where the server's addresses begin for a client: as it reached the server, unless the operator named the public address. No slash at the end. */
export function baseUrlOf(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  const host = isPlainHost(request.host) ? request.host : `localhost:${request.socket.localPort ?? 80}`;
  return `${clientProtocol(request)}://${host}`;
}

/** Whether a page of that origin may do this; clients that are no pages say none, and the server's own pages always may. */
export function isAllowedOrigin(request: FastifyRequest, allowed: AllowedOrigins, publicUrl: string | undefined): boolean {
  const { origin } = request.headers;
  return allowed === '*' || origin === undefined || allowed.includes(origin) || origin === new URL(baseUrlOf(request, publicUrl)).origin;
}
