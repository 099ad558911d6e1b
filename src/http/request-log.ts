import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';
import { clientAddress } from './client-of.js';

/** A URL as it may stand in a log: its secrets blanked. */
export function withoutSecrets(url: string): string {
  // The mark of a viewing token may come percent-encoded.
  // A name ends at the next mark too: else many marks without a value would each be read to the end.
  return url.replace(/\/(~|%7E)[^/?#]+/gi, '/$1…').replace(/([?&])([^=&#?]*)=([^&#]*)/g, (pair, mark: string, name: string) => (isSecret(name) ? `${mark}${name}=…` : pair));
}

/** Log lines go to stderr: stdout is for the links a person opens. */
export function loggerOptions(level: string): NonNullable<FastifyServerOptions['logger']> {
  return {
    level,
    stream: process.stderr,
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, url: withoutSecrets(request.url), remoteAddress: clientAddress(request) }),
    },
  };
}

/** Requests come ten times a second from every low-latency player: they are told at `debug` only. */
export function logRequests(app: FastifyInstance): void {
  if (!['debug', 'trace'].includes(app.log.level)) return;
  app.addHook('onResponse', async (request, reply) => {
    request.log.debug({ req: request, statusCode: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }, 'request');
  });
}

/** Parameters of ours that tell nothing. What others put into a URL may be a credential of the operator's own service. */
const harmless = new Set(['_HLS_msn', '_HLS_part', '_HLS_skip', 'danmaku', 'fps', 'from', 'mode', 'part', 'path', 'rendition', 'width']);

function isSecret(name: string): boolean {
  return !harmless.has(name);
}
