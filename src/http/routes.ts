import { fastifySwagger } from '@fastify/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { recordingLinkName, type Access } from '../access/access.js';
import type { AddressBudget } from '../access/address-budget.js';
import { LimitError } from '../access/limit-error.js';
import type { Watchables } from '../live/directory.js';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import type { RecordingDownloads } from '../live/recording-downloads.js';
import type { RecordingPosters } from '../live/recording-posters.js';
import type { Recordings } from '../live/recordings.js';
import type { StreamDescriptions } from '../live/stream-descriptions.js';
import { liveStreamUrls } from '../protocol/urls.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { apiDocs } from './api-docs.js';
import { chatRoutes } from './chat-routes.js';
import { clientAddress } from './client-of.js';
import type { ConnectionLimits } from './connection-limits.js';
import type { CutCounts } from './counts.js';
import { handleErrors } from './error-handler.js';
import { holdBackContinue } from './expect-continue.js';
import type { GracefulStop } from './graceful-stop.js';
import { healthRoutes, type NotReady } from './health-routes.js';
import { hlsRoutes } from './hls-routes.js';
import { ingestRoutes } from './ingest-routes.js';
import { keyRoutes } from './key-routes.js';
import { controlRoutes, playbackFactsRoutes } from './live-stream-routes.js';
import { oembedRoutes } from './oembed-routes.js';
import { baseUrlOf } from './origin.js';
import type { AllowedOrigins } from './origin.js';
import type { PacedLog } from './paced-log.js';
import { pageRoutes } from './page-routes.js';
import { prefixOf, redirectToSlash, withoutPrefix } from './path-prefix.js';
import { pictureRoutes } from './picture-routes.js';
import { allowPlayback, liveHeaders } from './playback-cors.js';
import type { PublishGate } from './publish-gate.js';
import { isPushUrl, pushRoutes } from './push-routes.js';
import { recordingApiRoutes, type RecordingApiOptions } from './recording-api-routes.js';
import { recordingRoutes } from './recording-routes.js';
import { logRequests } from './request-log.js';
import type { ServerMetrics } from './server-metrics.js';
import type { SendQueues } from './send-queues.js';
import { refuseSlowBodies } from './slow-bodies.js';
import { uplinkTestRoutes } from './uplink-test-routes.js';
import { viewerRoutes } from './viewer-routes.js';
import { keepFromSharedCaches, viewingGate } from './viewing-gate.js';
import { refuseStrayUpgrades } from './websocket.js';
import { acceptWebSockets } from './websocket-server.js';

/** What routes are given; all of it exists before the first of them. */
export interface RoutesOptions {
  /** Where all that is watched is found. */
  readonly directory: Watchables;
  /** Hooks that answer what is at another server, before all that asks and counts here; undefined where there is none. */
  readonly forward?: ((app: FastifyInstance) => Promise<void> | undefined) | undefined;
  /** How many are sent fragments here of other servers' streams; undefined where there are none. */
  readonly countRelayed?: (() => number) | undefined;
  /** Why no new clients should be sent here, although what is here goes on. */
  readonly notReady?: NotReady | undefined;
  /** Where publishers are taken in. */
  readonly broadcasts: Pick<LocalBroadcasts, 'admit' | 'requireEntry' | 'resumable' | 'countViewers' | 'unavailableReason'>;
  readonly descriptions: StreamDescriptions;
  readonly access: Access;
  readonly publishGate: PublishGate;
  readonly connections: ConnectionLimits;
  readonly metrics: ServerMetrics;
  /** For lines that strangers can bring about. */
  readonly pacedLog: PacedLog;
  /** What the system holds for viewers. */
  readonly sendQueues: SendQueues;
  /** Run when the server closes. */
  readonly stop: GracefulStop;
  /** What an address may ask of the API. */
  readonly apiBudget: AddressBudget;
  /** What an address may say in all chats. */
  readonly chatBudget: AddressBudget;
  /** The same as the server's. */
  readonly cuts: CutCounts;
  /** What was recorded, where anything may be, its downloads and its pictures. */
  readonly recordings?: Recordings | undefined;
  readonly growingElsewhere?: RecordingApiOptions['growingElsewhere'];
  readonly downloads?: RecordingDownloads | undefined;
  readonly posters?: Pick<RecordingPosters, 'picture'> | undefined;
  readonly publicDir: string;
  readonly publicUrl: string | undefined;
  readonly corsOrigins: AllowedOrigins;
  readonly embedOrigins: AllowedOrigins;
  readonly maxMessageBytes: number;
  readonly maxViewersPerStream: number;
  readonly maxViewers: number;
  /** WebSockets without a sign of life for so long are cut. */
  readonly socketTimeoutMs: number;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort: () => number | undefined;
}

/** What a publisher's own viewing links are good for, where links are signed. */
const publishersLinkSeconds = 86_400;

/** Everything the server answers. Closing it runs the stop first. */
export async function registerRoutes(app: FastifyInstance, options: RoutesOptions): Promise<void> {
  const { pacedLog, sendQueues, connections, publicUrl } = options;
  app.addHook('onClose', async () => pacedLog.close());
  app.addHook('onClose', async () => sendQueues.close());
  handleErrors(app, pacedLog);
  redirectToSlash(app, publicUrl);
  logRequests(app);
  connections.guard(app);
  await acceptWebSockets(app, options);
  refuseStrayUpgrades(app);
  const forwarding = options.forward?.(app);
  if (forwarding) {
    await forwarding;
    connections.exceptServers(app);
  }
  holdBackContinue(app, (url) => isPushUrl(withoutPrefix(url, prefixOf(publicUrl))));
  await app.register(fastifySwagger, {
    hideUntagged: true,
    openapi: {
      info: { title: 'Onair', description: 'Control of a live streaming server.', version: '1' },
      ...(publicUrl !== undefined && { servers: [{ url: publicUrl }] }),
      components: { securitySchemes: { publishKey: { type: 'http', scheme: 'bearer' }, publishKeyInQuery: { type: 'apiKey', in: 'query', name: 'key' } } },
    },
  });
  const urlsFor = (request: FastifyRequest, stream: string): LiveStreamUrls =>
    liveStreamUrls(baseUrlOf(request, publicUrl), stream, options.access.viewingLinks?.sign(stream, publishersLinkSeconds).token, options.rtmpPort());
  await app.register((live) => liveRoutes(live, { ...options, urlsFor }), { prefix: '/live' });
  await app.register((api) => apiRoutes(api, { ...options, urlsFor }), { prefix: '/api' });
  const { directory, descriptions, access, publicDir, embedOrigins } = options;
  await app.register(healthRoutes, options);
  await app.register(oembedRoutes, { directory, descriptions, viewingLinks: access.viewingLinks, publicUrl });
  const { recordings, downloads, posters, publishGate } = options;
  await app.register(pageRoutes, { publicDir, publicUrl, embedOrigins, directory, descriptions, recordings, isLinkTo: (id, token) => token !== undefined && access.recordingLinks.fits(recordingLinkName(id), token), linksAreSigned: access.viewingLinks !== undefined });
  if (recordings && downloads && posters) await app.register(recordingRoutes, { recordings, downloads, posters, access, publishGate, origins: options.corsOrigins, prefix: '/recordings' });
  app.get('/openapi.json', async () => app.swagger());
  await app.register(apiDocs);
}

interface ScopeOptions extends RoutesOptions {
  readonly urlsFor: (request: FastifyRequest, stream: string) => LiveStreamUrls;
}

/** Publishing and watching. */
async function liveRoutes(live: FastifyInstance, options: ScopeOptions): Promise<void> {
  const { directory, broadcasts, access, publishGate, connections: limits, metrics, chatBudget: budget, corsOrigins: origins, publicUrl } = options;
  live.addHook('onRequest', (_request, reply, done) => {
    reply.headers(liveHeaders);
    done();
  });
  await allowPlayback(live, origins);
  const ingest = { broadcasts, publishGate, limits, urlsFor: options.urlsFor, onBytes: metrics.countIngest };
  live.decorateRequest('watchable', null);
  await live.register(ingestRoutes, ingest);
  await live.register(pushRoutes, ingest);
  await live.register(uplinkTestRoutes, ingest);
  const { maxViewersPerStream, maxViewers } = options;
  const viewers = { limits, sendQueues: options.sendQueues, maxViewersPerStream, maxViewers, countViewers: () => broadcasts.countViewers() + (options.countRelayed?.() ?? 0) };
  const watching = async (stream: FastifyInstance): Promise<void> => {
    stream.addHook('onRequest', viewingGate({ access, directory, origins, publicUrl }));
    if (access.viewingLinks || access.viewCheck) keepFromSharedCaches(stream);
    await stream.register(hlsRoutes);
    await stream.register(viewerRoutes, viewers);
    await stream.register(chatRoutes, { publishGate, limits, budget });
    await stream.register(pictureRoutes, viewers);
  };
  await live.register(watching, { prefix: '/:stream' });
  await live.register(watching, { prefix: '/:stream/~:token' });
}

/** Control, and the facts that players ask for. */
async function apiRoutes(api: FastifyInstance, options: ScopeOptions): Promise<void> {
  const { directory, broadcasts, descriptions, recordings, access, publishGate, apiBudget, cuts, urlsFor, publicUrl, rtmpPort, corsOrigins } = options;
  api.addHook('onRequest', async (request) => {
    const ip = clientAddress(request);
    const waitSeconds = apiBudget.waitSeconds(ip);
    if (waitSeconds > 0) throw new LimitError('too many requests came from this address; wait a moment', waitSeconds);
    apiBudget.spend(ip);
  });
  refuseSlowBodies(api, () => cuts.count('slow-body'));
  await api.register(controlRoutes, { directory, broadcasts, descriptions, recordings, publishGate, urlsFor, publicUrl, rtmpPort });
  await api.register(keyRoutes, { access, publishGate, publicUrl });
  if (recordings) await api.register(recordingApiRoutes, { recordings, growingElsewhere: options.growingElsewhere, access, publishGate, publicUrl });
  await api.register(async (facts) => {
    await allowPlayback(facts, corsOrigins);
    await facts.register(playbackFactsRoutes, { directory, publicUrl, rtmpPort });
  });
}
