import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';

/** A URL as it may stand in a log: its secrets blanked. */
export function withoutSecrets(url: string): string {
  // Names may come percent-encoded (`%6Bey=`), so they are compared decoded; so may the mark of a viewing token.
  // A name ends at the next mark too: else many marks without a value would each be read to the end.
  return url.replace(/\/(~|%7E)[^/?#]+/gi, '/$1…').replace(/([?&])([^=&#?]*)=([^&#]*)/g, (pair, mark: string, name: string) => (isSecret(name) ? `${mark}${name}=…` : pair));
}

/** Log lines go to stderr: stdout is for the links a person opens. */
export function loggerOptions(level: string): NonNullable<FastifyServerOptions['logger']> {
  return {
    level,
    stream: process.stderr,
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, url: withoutSecrets(request.url), remoteAddress: request.ip }),
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

/** Decoded without what throws: a URL may have thousands of names that can't be decoded. */
function isSecret(name: string): boolean {
  const meant = name.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  // What is no plain text can't be judged.
  return ['key', 'resume'].includes(meant) || !/^[\x20-\x24\x26-\x7e]*$/.test(meant);
}
