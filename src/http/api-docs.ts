import { fastifySwaggerUi } from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** The API to read and to try in a browser, at `/api/docs`: what `/openapi.json` says, with a form for every request. */
export async function apiDocs(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('x-frame-options', 'DENY').header('referrer-policy', 'no-referrer');
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/api/docs',
    // A key that was typed in is forgotten with the page.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', persistAuthorization: false, tryItOutEnabled: true },
    staticCSP: true,
    theme: { title: 'Onair API' },
  });
}
