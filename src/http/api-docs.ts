import { fastifySwaggerUi } from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { withRelativeAddresses } from './path-prefix.js';

/** The API to read and to try in a browser, at `/api/docs`: what `/openapi.json` says, with a form for every request. */
export async function apiDocs(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('x-frame-options', 'DENY').header('referrer-policy', 'no-referrer');
  });
  // The page names its files from the root of the host, where a proxy may have put a path before them.
  app.addHook('onSend', (request, reply, payload, done) => {
    const isPage = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html');
    done(null, isPage ? withRelativeAddresses(payload, request.url) : payload);
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/api/docs',
    // A key that was typed in is forgotten with the page.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', persistAuthorization: false, tryItOutEnabled: true },
    staticCSP: true,
    theme: { title: 'Onair API' },
  });
}
