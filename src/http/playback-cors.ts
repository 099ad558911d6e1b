import { fastifyCors } from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { AllowedOrigins } from './origin.js';

const exposedHeaders = ['Date', 'Content-Range', 'Retry-After'];

/** Said of everything below `/live`. */
export const liveHeaders: Readonly<Record<string, string>> = { 'cross-origin-resource-policy': 'cross-origin', 'x-content-type-options': 'nosniff' };

/** Said of what any page may read. */
export const anybodysHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': exposedHeaders.join(', '),
};

/** Which pages may read what is answered here (the CORS protocol of the Fetch standard). */
export async function allowPlayback(scope: FastifyInstance, origins: AllowedOrigins): Promise<void> {
  const options = { origin: origins === '*' ? '*' : [...origins], methods: ['GET', 'HEAD'], exposedHeaders, maxAge: 86_400 };
  if (origins !== '*') {
    await scope.register(fastifyCors, options);
    return;
  }
  // For everybody two headers say it all, and a player asks six times a second: only preflights need more.
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers(anybodysHeaders);
    done();
  });
  await scope.register(async (preflights) => {
    await preflights.register(fastifyCors, options);
  });
}
