import type { IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { fastifyHelmet } from '@fastify/helmet';
import { fastifyStatic } from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { requireStreamName } from './live-stream-lookup.js';
import { isPlainHost } from './origin.js';
import type { AllowedOrigins } from './origin.js';

export interface PageRoutesOptions {
  readonly publicDir: string;
  /** Pages that may have the bare player in a frame; the server's own always may. */
  readonly embedOrigins: AllowedOrigins;
}

/** Policy of every page: own code only; media also from the blobs that hls.js and MediaSource make. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    // The player's controls are custom elements: their shadow roots carry <style>.
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    mediaSrc: ["'self'", 'blob:'],
    workerSrc: ["'self'", 'blob:'],
    connectSrc: ["'self'", (request: { headers: IncomingHttpHeaders }) => webSocketSources(request.headers.host ?? request.headers[':authority'])],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

/** Pages, styles and bundles; the SDK is the bundles once more, under the address that other sites use. */
export async function pageRoutes(app: FastifyInstance, { publicDir, embedOrigins }: PageRoutesOptions): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Other sites embed the player and import the SDK.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // Whether this host will always have HTTPS is not this server's to promise: a proxy in front can.
    strictTransportSecurity: false,
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self)');
  });

  await app.register(fastifyStatic, { root: publicDir, setHeaders });
  await app.register(fastifyStatic, { root: join(publicDir, 'assets'), prefix: '/sdk/', decorateReply: false, setHeaders });

  app.get('/', async (_request, reply) => reply.sendFile('index.html'));
  app.get('/broadcast', async (_request, reply) => reply.sendFile('broadcast.html'));
  const helmet = embedHeaders(embedOrigins);
  // A signed link carries its token in the path; the page hands it on to everything it plays.
  for (const token of ['', '/~:token']) {
    app.get<{ Params: { stream: string } }>(`/watch/:stream${token}`, async (request, reply) => {
      requireStreamName(request.params.stream);
      return reply.sendFile('watch.html');
    });
    app.get<{ Params: { stream: string } }>(`/embed/:stream${token}`, { helmet }, async (request, reply) => {
      requireStreamName(request.params.stream);
      return reply.sendFile('embed.html');
    });
  }
}

function embedHeaders(embedOrigins: AllowedOrigins) {
  const frameAncestors = embedOrigins === '*' ? ['*'] : ["'self'", ...embedOrigins];
  // X-Frame-Options can't name pages; browsers that know frame-ancestors don't look at it (CSP 3 §6.4.2.1).
  return { contentSecurityPolicy: { ...contentSecurityPolicy, directives: { ...contentSecurityPolicy.directives, frameAncestors } }, frameguard: false };
}

function setHeaders(reply: FastifyReply, path: string): void {
  // esbuild's chunks carry a hash of their contents; the entries keep their names.
  const immutable = /-[A-Z0-9]{8}\.\w+(\.map)?$/.test(path);
  void reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (/\.(js|css|map|woff2|svg|png)$/.test(path)) void reply.header('access-control-allow-origin', '*');
}

/** `'self'` covers the page's own WebSockets only in browsers that follow CSP 3 here. */
function webSocketSources(host: string | undefined): string {
  return host !== undefined && isPlainHost(host) ? `ws://${host} wss://${host}` : "'self'";
}
