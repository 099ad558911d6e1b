import { fastifyCors } from '@fastify/cors';
import { fastifySwagger } from '@fastify/swagger';
import { fastifyWebsocket } from '@fastify/websocket';
import { LogController, fastify } from 'fastify';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { LiveRegistry } from '../live/live-registry.js';
import { answerError, handleErrors } from './error-handler.js';
import { GracefulStop } from './graceful-stop.js';
import { healthRoutes } from './health-routes.js';
import { hlsRoutes } from './hls-routes.js';
import { ingestRoutes } from './ingest-routes.js';
import { controlRoutes, playbackFactsRoutes } from './live-stream-routes.js';
import { pageRoutes } from './page-routes.js';
import { PublishKey } from './publish-key.js';
import { logRequests, loggerOptions } from './request-log.js';
import { ServerMetrics } from './server-metrics.js';
import { viewerRoutes } from './viewer-routes.js';
import { LimitedWebSocket, refuseStrayUpgrades } from './websocket.js';

export interface ServerOptions {
  /** With it: HTTP/2 and HTTP/1.1 on one port. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustedProxies: boolean | readonly string[];
  readonly logLevel: string;
}

export interface RoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishKey: string;
  readonly publicDir: string;
  readonly publicUrl: string | undefined;
  readonly corsOrigins: '*' | readonly string[];
  readonly maxMessageBytes: number;
  readonly maxViewersPerStream: number;
  /** How long closed playlists are still served when the server stops. */
  readonly stopLingerMs: number;
  /** Why no broadcast can be taken, in words; undefined when one can. */
  readonly obstacle: () => string | undefined;
}

/** The bare server; `registerRoutes` gives it something to say. */
export function createServer({ tls, trustedProxies, logLevel }: ServerOptions): FastifyInstance {
  const options = {
    logger: loggerOptions(logLevel),
    logController: new LogController({ disableRequestLogging: true }),
    // Players still fetch the end of a broadcast while the server stops.
    return503OnClosing: false,
    trustProxy: typeof trustedProxies === 'boolean' ? trustedProxies : [...trustedProxies],
    // A name that is too long is answered by its own rule, not by the router's.
    routerOptions: { maxParamLength: 16_384 },
    bodyLimit: 65_536,
    frameworkErrors: answerError,
  };
  if (!tls) return fastify(options);
  // RFC 9113 for players (Apple's needs it for low latency), HTTP/1.1 beside it for WebSockets. Routes see no difference.
  const secure = { ...options, http2: true, https: { ...tls, allowHTTP1: true } };
  return fastify(secure as FastifyServerOptions);
}

/** Everything the server answers. Closing it ends every broadcast first. */
export async function registerRoutes(app: FastifyInstance, options: RoutesOptions): Promise<void> {
  const { registry, publicUrl, publicDir } = options;
  const publishKey = new PublishKey(options.publishKey);
  const metrics = new ServerMetrics(registry);
  const stop = new GracefulStop({ app, registry, lingerMs: options.stopLingerMs });
  const obstacle = (): string | undefined => (stop.stopping ? 'the server is shutting down; try again in a minute' : options.obstacle());

  handleErrors(app);
  logRequests(app);
  await app.register(fastifyWebsocket, {
    options: {
      maxPayload: options.maxMessageBytes,
      perMessageDeflate: false,
      WebSocket: LimitedWebSocket as never, // the plugin's types name ws by its CommonJS form
    },
    preClose: () => stop.run(),
    errorHandler: (error, socket, request) => {
      request.log.info({ err: error }, 'WebSocket failed');
      // Errors of the protocol itself carry a code, and ws answers them with a close frame of its own.
      if (!('code' in error)) socket.terminate();
    },
  });
  refuseStrayUpgrades(app);
  await app.register(fastifySwagger, {
    hideUntagged: true,
    openapi: {
      info: { title: 'Onair', description: 'Control of a live streaming server.', version: '1' },
      components: { securitySchemes: { publishKey: { type: 'http', scheme: 'bearer' }, publishKeyInQuery: { type: 'apiKey', in: 'query', name: 'key' } } },
    },
  });

  const playbackCors = {
    origin: options.corsOrigins === '*' ? '*' : [...options.corsOrigins],
    methods: ['GET', 'HEAD'],
    exposedHeaders: ['Date', 'Content-Range', 'Retry-After'],
    maxAge: 86_400,
  };
  await app.register(
    async (live) => {
      live.addHook('onRequest', async (_request, reply) => {
        reply.header('cross-origin-resource-policy', 'cross-origin').header('x-content-type-options', 'nosniff');
      });
      await live.register(fastifyCors, playbackCors);
      await live.register(hlsRoutes, { registry });
      await live.register(viewerRoutes, { registry, maxViewersPerStream: options.maxViewersPerStream });
      await live.register(ingestRoutes, { registry, publishKey, publicUrl, obstacle, onBytes: metrics.countIngest });
    },
    { prefix: '/live' },
  );
  await app.register(controlRoutes, { prefix: '/api', registry, publishKey, publicUrl });
  await app.register(
    async (facts) => {
      await facts.register(fastifyCors, playbackCors);
      await facts.register(playbackFactsRoutes, { registry, publicUrl });
    },
    { prefix: '/api' },
  );
  await app.register(healthRoutes, { obstacle, metrics });
  await app.register(pageRoutes, { publicDir });
  app.get('/openapi.json', async () => app.swagger());
}
