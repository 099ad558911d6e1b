import { fastifySwagger } from '@fastify/swagger';
import { fastifyWebsocket } from '@fastify/websocket';
import { LogController, fastify } from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.js';
import { AddressBudget } from '../access/address-budget.js';
import { LimitError } from '../access/limit-error.js';
import { PublishAdmission } from '../access/publish-admission.js';
import { liveStreamUrls } from '../protocol/urls.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import type { LiveRegistry } from '../live/live-registry.js';
import { apiDocs } from './api-docs.js';
import type { LiveEvent } from '../live/broadcast-options.js';
import { chatRoutes } from './chat-routes.js';
import { ConnectionLimits } from './connection-limits.js';
import type { Counts, CutCounts } from './counts.js';
import { answerUnroutable, handleErrors } from './error-handler.js';
import { holdBackContinue } from './expect-continue.js';
import { GracefulStop } from './graceful-stop.js';
import { cutSlowHeads } from './head-timeout.js';
import { healthRoutes } from './health-routes.js';
import { Heartbeat } from './heartbeat.js';
import { hlsRoutes } from './hls-routes.js';
import { ingestRoutes } from './ingest-routes.js';
import { keyRoutes } from './key-routes.js';
import { controlRoutes, playbackFactsRoutes } from './live-stream-routes.js';
import { createListener } from './listener.js';
import { baseUrlOf } from './origin.js';
import type { AllowedOrigins } from './origin.js';
import { oembedRoutes } from './oembed-routes.js';
import { PacedLog } from './paced-log.js';
import { pageRoutes } from './page-routes.js';
import { prefixOf, redirectToSlash, withoutPrefix } from './path-prefix.js';
import { pictureRoutes } from './picture-routes.js';
import { allowPlayback, liveHeaders } from './playback-cors.js';
import { PublishGate } from './publish-gate.js';
import { isPushUrl, pushRoutes } from './push-routes.js';
import { logRequests, loggerOptions } from './request-log.js';
import { ServerMetrics } from './server-metrics.js';
import { refuseSlowBodies } from './slow-bodies.js';
import { UnansweredRequests } from './unanswered-requests.js';
import { uplinkTestRoutes } from './uplink-test-routes.js';
import { viewerRoutes } from './viewer-routes.js';
import { keepFromSharedCaches, viewingGate } from './viewing-gate.js';
import { LimitedWebSocket, admittedUpgrades, refuseStrayUpgrades } from './websocket.js';

export interface ServerOptions {
  /** With it: HTTP/2 and HTTP/1.1 on one port. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustedProxies: boolean | readonly string[];
  readonly logLevel: string;
  /** Its path, if it has one, is taken away from requests that a proxy hands on with it. */
  readonly publicUrl: string | undefined;
  /** For the whole head of a request, also its first byte. */
  readonly headersTimeoutMs: number;
  /** A connection on which nothing moves is cut; longer than anything a player waits for. */
  readonly idleTimeoutMs: number;
  readonly cuts: CutCounts;
}

export interface Limits {
  readonly maxMessageBytes: number;
  readonly maxViewersPerStream: number;
  readonly maxViewers: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly wrongKeysPerMinute: number;
  readonly apiRequestsPerMinute: number;
  readonly chatMessagesPerMinute: number;
  /** WebSockets without a sign of life for so long are cut. */
  readonly socketTimeoutMs: number;
}

export interface RoutesOptions {
  readonly registry: LiveRegistry;
  readonly access: Access;
  readonly publicDir: string;
  readonly publicUrl: string | undefined;
  readonly trustedProxies: boolean | readonly string[];
  readonly corsOrigins: AllowedOrigins;
  readonly publishOrigins: AllowedOrigins;
  readonly embedOrigins: AllowedOrigins;
  readonly limits: Limits;
  /** How long closed playlists are still served when the server stops. */
  readonly stopLingerMs: number;
  /** Within what the whole stop is to be over. Default: what suits those who wait 10 s for a process. */
  readonly stopWithinMs?: number | undefined;
  /** Closes what takes broadcasts by other protocols. */
  readonly closeOthers?: (() => Promise<unknown>) | undefined;
  /** Why no broadcast can be taken, in words; undefined when one can. */
  readonly unavailableReason: () => string | undefined;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort: () => number | undefined;
  /** The same as the server's. */
  readonly cuts: CutCounts;
  /** What happened to broadcasts. */
  readonly events: Counts<LiveEvent>;
}

/** How many may talk from one address as fast as one person may: a household, a small office. */
const chattersPerAddress = 6;

/** What a publisher's own viewing links are good for, where links are signed. */
const publishersLinkSeconds = 86_400;

/** The bare server; `registerRoutes` gives it something to say. */
export function createServer({ tls, trustedProxies, logLevel, publicUrl, headersTimeoutMs, idleTimeoutMs, cuts }: ServerOptions): FastifyInstance {
  const prefix = prefixOf(publicUrl);
  const unanswered = new UnansweredRequests({ onCut: () => cuts.count('unanswered-requests') });
  const options = {
    logger: loggerOptions(logLevel),
    logController: new LogController({ disableRequestLogging: true }),
    // Players still fetch the end of a broadcast while the server stops.
    return503OnClosing: false,
    trustProxy: typeof trustedProxies === 'boolean' ? trustedProxies : [...trustedProxies],
    // A name that is too long is answered by its own rule, not by the router's.
    routerOptions: { maxParamLength: 16_384 },
    ...(prefix !== '' && { rewriteUrl: ({ url }: { url?: string | undefined }) => withoutPrefix(url ?? '/', prefix) }),
    bodyLimit: 65_536,
    frameworkErrors: answerUnroutable,
    serverFactory: createListener({ tls, headersTimeoutMs, idleTimeoutMs, unanswered }),
  };
  const app = fastify(options);
  if (tls) cutSlowHeads({ app, unanswered, headersTimeoutMs, idleTimeoutMs, onCut: () => cuts.count('slow-head') });
  return app;
}

/** What other protocols share with HTTP: who may publish, how many may connect, what is counted. */
export interface FrontDesk {
  readonly admission: PublishAdmission;
  readonly connections: ConnectionLimits;
  readonly unavailableReason: () => string | undefined;
  readonly onBytes: (count: number) => void;
}

/** Everything the server answers. Closing it ends every broadcast first. */
export async function registerRoutes(app: FastifyInstance, options: RoutesOptions): Promise<FrontDesk> {
  const { registry, access, publicUrl, publicDir, limits, rtmpPort, cuts, events } = options;
  const stop = new GracefulStop({ app, registry, lingerMs: options.stopLingerMs, closeOthers: options.closeOthers, withinMs: options.stopWithinMs });
  const unavailableReason = (): string | undefined => (stop.stopping ? 'the server is shutting down; try again in a minute' : options.unavailableReason());
  const wrongKeys = new AddressBudget({ perMinute: limits.wrongKeysPerMinute });
  const admission = new PublishAdmission({ access, wrongKeys });
  const publishGate = new PublishGate({ admission, origins: options.publishOrigins, publicUrl });
  const urlsFor = (request: FastifyRequest, stream: string): LiveStreamUrls =>
    liveStreamUrls(baseUrlOf(request, publicUrl), stream, access.viewingLinks?.sign(stream, publishersLinkSeconds).token, rtmpPort());

  const log = new PacedLog({ log: app.log });
  app.addHook('onClose', async () => log.close());
  handleErrors(app, log);
  redirectToSlash(app, publicUrl);
  logRequests(app);
  const connections = new ConnectionLimits({ app, ...limits, trustedProxies: options.trustedProxies, cuts });
  const checks = [access.publishCheck, access.viewCheck].filter((check) => check !== undefined);
  const metrics = new ServerMetrics({ registry, connections, cuts, events, checks });
  await app.register(fastifyWebsocket, {
    options: {
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false,
      autoPong: false, // the heartbeat answers, within bounds
      server: admittedUpgrades(app) as never, // its types want the server itself; it listens for upgrades, and for nothing else
      allowSynchronousEvents: false, // one message, then everybody else: of tiny ones a slice of the network's holds very many
      WebSocket: LimitedWebSocket as never, // the plugin's types name ws by its CommonJS form
    },
    preClose: () => stop.run(),
    errorHandler: (error, socket, request) => {
      log.write('info', 'WebSocket failed', { err: error, req: request });
      // Errors of the protocol itself carry a code, and ws answers them with a close frame of its own.
      if (!('code' in error)) socket.terminate();
    },
  });
  const heartbeat = new Heartbeat({ server: app.websocketServer, timeoutMs: limits.socketTimeoutMs, onCut: () => cuts.count('silent-socket') });
  app.addHook('onClose', async () => heartbeat.close());
  refuseStrayUpgrades(app);
  holdBackContinue(app, (url) => isPushUrl(withoutPrefix(url, prefixOf(publicUrl))));
  await app.register(fastifySwagger, {
    hideUntagged: true,
    openapi: {
      info: { title: 'Onair', description: 'Control of a live streaming server.', version: '1' },
      ...(publicUrl !== undefined && { servers: [{ url: publicUrl }] }),
      components: { securitySchemes: { publishKey: { type: 'http', scheme: 'bearer' }, publishKeyInQuery: { type: 'apiKey', in: 'query', name: 'key' } } },
    },
  });

  await app.register(
    async (live) => {
      live.addHook('onRequest', (_request, reply, done) => {
        reply.headers(liveHeaders);
        done();
      });
      await allowPlayback(live, options.corsOrigins);
      const ingest = { registry, publishGate, limits: connections, urlsFor, unavailableReason, onBytes: metrics.countIngest };
      await live.register(ingestRoutes, ingest);
      await live.register(pushRoutes, ingest);
      await live.register(uplinkTestRoutes, ingest);
      const chatBudget = new AddressBudget({ perMinute: limits.chatMessagesPerMinute * chattersPerAddress });
      const watching = async (stream: FastifyInstance): Promise<void> => {
        stream.addHook('onRequest', viewingGate({ access, registry, origins: options.corsOrigins, publicUrl }));
        if (access.viewingLinks || access.viewCheck) keepFromSharedCaches(stream);
        await stream.register(hlsRoutes, { registry });
        await stream.register(viewerRoutes, { registry, limits: connections, ...limits });
        await stream.register(chatRoutes, { registry, publishGate, limits: connections, budget: chatBudget });
        await stream.register(pictureRoutes, { ...limits, registry, limits: connections });
      };
      await live.register(watching, { prefix: '/:stream' });
      await live.register(watching, { prefix: '/:stream/~:token' });
    },
    { prefix: '/live' },
  );
  await app.register(
    async (api) => {
      const budget = new AddressBudget({ perMinute: limits.apiRequestsPerMinute });
      api.addHook('onRequest', async ({ ip }) => {
        const waitSeconds = budget.waitSeconds(ip);
        if (waitSeconds > 0) throw new LimitError('too many requests came from this address; wait a moment', waitSeconds);
        budget.spend(ip);
      });
      refuseSlowBodies(api, () => cuts.count('slow-body'));
      await api.register(controlRoutes, { registry, publishGate, urlsFor, publicUrl, rtmpPort });
      await api.register(keyRoutes, { access, publishGate, publicUrl });
      await api.register(async (facts) => {
        await allowPlayback(facts, options.corsOrigins);
        await facts.register(playbackFactsRoutes, { registry, publicUrl, rtmpPort });
      });
    },
    { prefix: '/api' },
  );
  await app.register(healthRoutes, { unavailableReason, metrics });
  await app.register(oembedRoutes, { registry, viewingLinks: access.viewingLinks, publicUrl });
  await app.register(pageRoutes, { publicDir, publicUrl, embedOrigins: options.embedOrigins, registry, linksAreSigned: access.viewingLinks !== undefined });
  app.get('/openapi.json', async () => app.swagger());
  await app.register(apiDocs);
  return { admission, connections, unavailableReason, onBytes: metrics.countIngest };
}
