import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { openAccess } from './access/access.js';
import { keepServerKey } from './access/server-key.js';
import { ConfigError } from './settings.js';
import type { Config } from './config.js';
import { Counts, type CutCounts } from './http/counts.js';
import { GracefulStop } from './http/graceful-stop.js';
import { registerRoutes } from './http/routes.js';
import { createServer } from './http/server.js';
import { readEncodeLimits } from './live/encode-limits.js';
import type { FoundFfmpeg } from './live/ffmpeg-locator.js';
import { ffmpegTranscoders } from './live/ffmpeg-transcoder.js';
import { LocalBroadcasts } from './live/local-broadcasts.js';
import { MemoryDirectory } from './live/memory-directory.js';
import { openObjectArchive } from './live/open-object-archive.js';
import { RecordWishes } from './live/record-wishes.js';
import { RecordingDownloads } from './live/recording-downloads.js';
import { RecordingPosters } from './live/recording-posters.js';
import { Recordings } from './live/recordings.js';
import { remuxWith } from './live/remux.js';
import { StreamDescriptions } from './live/stream-descriptions.js';
import type { LiveEvent } from './live/broadcast-options.js';
import type { StartTranscoder } from './live/transcoder.js';
import { Pictures } from './live/pictures.js';
import type { Viewers } from './live/viewers.js';
import type { RenditionChange } from './live/viewer.js';
import { Semaphore } from './live/semaphore.js';
import { liveStreamUrls } from './protocol/urls.js';
import { faultOf } from './storage/folder-fault.js';
import { JsonFile } from './storage/json-file.js';
import { fittingConnections, openFilesLimit } from './open-files.js';
import { RtmpServer } from './rtmp/rtmp-server.js';
import { buildServerParts } from './server-parts.js';
import { checkFolders, ladderSettings, locateFfmpeg, readDataDir } from './start-checks.js';

/** Each takes a core for a tenth of a second. */
const postersAtATime = 2;

/** Of the four threads that Node has for files segments take two: a folder that hangs leaves one to everything else. */
const recordingsDiskTurns = 1;

export interface AppDependencies {
  /** Pages, styles and bundles. */
  readonly publicDir: string;
  /** Instead of ffmpeg, which is then not looked for. */
  readonly startTranscoder?: StartTranscoder;
}

export interface App {
  /** Listens when told to; closing it ends every broadcast and every child process. */
  readonly http: FastifyInstance;
  /** Where RTMP is wanted: listens when told to, and is closed with the rest. */
  readonly rtmp: RtmpServer | undefined;
  readonly publishKey: string;
  /** In words when there is none: the server runs, but can't take a broadcast. */
  readonly ffmpeg: FoundFfmpeg | string;
  /** What the operator should mend, although the server runs. */
  readonly warnings: readonly string[];
}

/** Wires the floors from the bottom up, in order: media engine, live streams, what all ways in share, RTMP, HTTP's routes. */
export async function buildApp(config: Config, { publicDir, startTranscoder: given }: AppDependencies): Promise<App> {
  const ffmpeg = given ? 'not looked for' : await locateFfmpeg(config.FFMPEG_PATH);
  const found = typeof ffmpeg === 'string' ? undefined : ffmpeg;
  const startTranscoder = given ?? ffmpegTranscoders({ ffmpegPath: found?.path ?? 'ffmpeg' });
  const { maxConnections, warning } = fittingConnections(config.MAX_CONNECTIONS, openFilesLimit());
  const warnings = [...(warning === undefined ? [] : [warning]), ...checkFolders(config)];
  const publishKey = config.PUBLISH_KEY ?? readDataDir(config.DATA_DIR, () => keepServerKey(config.DATA_DIR));
  const accessOptions = {
    serverKey: publishKey,
    dataDir: config.DATA_DIR,
    viewKey: config.VIEW_KEY,
    publishCheckUrl: config.PUBLISH_CHECK_URL,
    viewCheckUrl: config.VIEW_CHECK_URL,
    checkTimeoutMs: milliseconds(config.CHECK_TIMEOUT_SECONDS),
    viewCheckCacheMs: milliseconds(config.VIEW_CHECK_CACHE_SECONDS),
  };
  const access = readDataDir(config.DATA_DIR, () => openAccess(accessOptions));
  const cuts: CutCounts = new Counts();
  const events = new Counts<LiveEvent>();
  const http = createServer({
    tls: config.tls,
    trustedProxies: config.trustedProxies,
    logLevel: config.LOG_LEVEL,
    publicUrl: config.PUBLIC_URL,
    headersTimeoutMs: milliseconds(config.HEADERS_TIMEOUT_SECONDS),
    idleTimeoutMs: milliseconds(config.IDLE_TIMEOUT_SECONDS),
    cuts,
  });

  const descriptionsOptions = {
    file: new JsonFile(join(config.DATA_DIR, 'stream-descriptions.json')),
    onFailure: (error: Error) => http.log.warn({ err: error }, 'titles and descriptions can not be kept on disk; they last as long as this process'),
  };
  const descriptions = readDataDir(config.DATA_DIR, () => new StreamDescriptions(descriptionsOptions));
  const wishesOptions = {
    file: new JsonFile(join(config.DATA_DIR, 'recorded-streams.json')),
    byDefault: config.RECORD === 'on',
    onFailure: (error: Error) => http.log.warn({ err: error }, 'which streams are recorded can not be kept on disk; it lasts as long as this process'),
  };
  const wishes = readDataDir(config.DATA_DIR, () => new RecordWishes(wishesOptions));
  const recordingsTurns = new Semaphore(recordingsDiskTurns);
  const archive =
    config.objectStore &&
    openObjectArchive({
      store: config.objectStore,
      recordingsDirectory: config.recordingsDir,
      maxSpoolBytes: config.S3_SPOOL_BYTES,
      redirects: config.S3_DELIVERY === 'redirect',
      publicUrl: config.S3_PUBLIC_URL,
      log: http.log,
      onEvent: (event) => events.count(event),
      onLost: (id) => void recordings.read(id).catch(() => undefined),
    });
  const recordings = new Recordings({
    directory: config.recordingsDir,
    turns: recordingsTurns,
    archive,
    wishes,
    maxAgeDays: config.RECORDINGS_MAX_AGE_DAYS,
    maxBytes: config.RECORDINGS_MAX_BYTES,
    onFailure: (recording, err) => http.log.warn({ recording, err }, 'something of a recording could not be done'),
  });
  await recordings.open();
  const downloads = new RecordingDownloads({ recordings, turns: recordingsTurns, remux: remuxWith(found?.path ?? 'ffmpeg') });
  await downloads.open();
  const ffmpegMajor = found?.major ?? 5;
  const makingPosters = new Semaphore(postersAtATime);
  const posters = new RecordingPosters({ recordings, startTranscoder, ffmpegMajor, width: config.FRAMES_WIDTH, turns: makingPosters });
  http.addHook('onClose', async () => {
    await Promise.all([downloads.close(), posters.close(), recordings.close(), wishes.close()]);
    await archive?.close();
  });
  const pictures = {
    framesPerSecond: config.FRAMES_PER_SECOND,
    width: config.FRAMES_WIDTH,
    posterMaxAgeMs: milliseconds(config.POSTER_SECONDS),
    encoders: new Semaphore(config.MAX_FRAMES_ENCODERS),
    posters: makingPosters,
  };
  const relayedViewing = {
    maxViewerBacklogBytes: config.MAX_VIEWER_BACKLOG_BYTES,
    onSkip: () => events.count('viewer-skipped'),
    onChange: ({ why }: RenditionChange) => events.count(`rendition-${why}`),
    picturesOf: (stream: string, viewers: Viewers) =>
      new Pictures({ ...pictures, viewers, startTranscoder, ffmpegMajor, hungAfterMs: milliseconds(config.FFMPEG_TIMEOUT_SECONDS), onFailure: (reason) => http.log.warn({ stream, reason }, 'an ffmpeg that made pictures failed') }),
  };
  const cluster = config.cluster && (await import('./cluster/cluster.js').then(({ openCluster }) => openCluster({ ...config.cluster!, viewRules: [config.VIEW_KEY, config.VIEW_CHECK_URL] }, { ...relayedViewing, recordingOf: (id) => recordings.find(id) }, http.log)));
  http.addHook('onClose', async () => cluster?.close());
  if (cluster) {
    descriptions.share(cluster.shared('description'));
    wishes.share(cluster.shared('wish'));
    access.streamKeys.share(cluster.shared('key'), (err) => http.log.warn({ err }, 'keys that were made or revoked at another server can not be kept on disk; they count as long as this process'));
  }
  const directory = cluster?.directory ?? new MemoryDirectory();
  const broadcasts = new LocalBroadcasts({
    directory,
    recordings,
    recordingShape: { renditions: config.RECORD_RENDITIONS === 'all', longestSeconds: config.RECORDING_MAX_HOURS * 3600 },
    missing: () => (given || typeof ffmpeg !== 'string' ? undefined : `no ffmpeg: ${ffmpeg}`),
    startTranscoder,
    ffmpegMajor,
    encodeLimits: readEncodeLimits(config.MAX_ENCODED_SIZE, config.MAX_ENCODED_FRAMES_PER_SECOND),
    segmentsDirectory: config.SEGMENTS_DIR,
    segmentSeconds: config.SEGMENT_SECONDS,
    partSeconds: config.PART_SECONDS,
    windowSegments: config.WINDOW_SEGMENTS,
    rewindSeconds: config.DVR_SECONDS,
    endedRetentionSeconds: config.ENDED_RETENTION_SECONDS,
    resumeWindowSeconds: config.RESUME_WINDOW_SECONDS,
    hungAfterMs: milliseconds(config.FFMPEG_TIMEOUT_SECONDS),
    maxStreams: config.MAX_STREAMS,
    maxViewerBacklogBytes: config.MAX_VIEWER_BACKLOG_BYTES,
    chat: config.CHAT === 'off' ? undefined : { maxPeople: config.MAX_CHATTERS_PER_STREAM, messagesPerMinute: config.CHAT_MESSAGES_PER_MINUTE },
    pictures,
    ladder: await ladderSettings(config, { ffmpegPath: found?.path, cores: availableParallelism() }),
    descriptions,
    onEvent: (event) => events.count(event),
    log: http.log,
  });
  await broadcasts.open().catch((error: unknown) => {
    throw new ConfigError('SEGMENTS_DIR', 'a directory that can be cleared', faultOf(config.SEGMENTS_DIR, error).words);
  });

  const parts = buildServerParts({
    http,
    broadcasts,
    relayMeasures: cluster && (() => ({ streams: cluster.relays.count, viewers: cluster.relays.countViewers() })),
    keptMeasures: () => ({ count: recordings.count, ...recordings.sums, spoolBytes: archive?.spoolBytes ?? 0 }),
    access,
    cuts,
    events,
    publicUrl: config.PUBLIC_URL,
    publishOrigins: config.publishOrigins,
    trustedProxies: config.trustedProxies,
    limits: {
      maxConnections,
      maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
      wrongKeysPerMinute: config.WRONG_KEYS_PER_MINUTE,
      apiRequestsPerMinute: config.API_REQUESTS_PER_MINUTE,
      chatMessagesPerMinute: config.CHAT_MESSAGES_PER_MINUTE,
    },
  });
  const lingerMs = milliseconds(config.STOP_LINGER_SECONDS);
  const rtmp =
    config.RTMP_PORT === undefined
      ? undefined
      : new RtmpServer({
          broadcasts,
          admission: parts.admission,
          admitConnection: (socket) => parts.connections.admit(socket, { mayBeProxy: false }),
          urlsFor: (host, stream) => liveStreamUrls(config.PUBLIC_URL ?? originAt(http, host, config.tls !== undefined), stream),
          onBytes: parts.metrics.countIngest,
          onFault: (fault) => http.log.warn({ err: fault }, 'a connection by RTMP failed'),
          maxMessageBytes: config.MAX_MESSAGE_BYTES,
          setupTimeoutMs: milliseconds(config.HEADERS_TIMEOUT_SECONDS),
          silenceTimeoutMs: milliseconds(config.SOCKET_TIMEOUT_SECONDS),
        });
  await registerRoutes(http, {
    ...parts,
    directory,
    broadcasts,
    forward: (app) => cluster?.forward(app, { hasRecording: (id) => recordings.find(id) !== undefined }),
    countRelayed: () => cluster?.relays.countViewers() ?? 0,
    notReady: { leaving: () => broadcasts.leaving, directory: () => cluster?.trouble },
    descriptions,
    recordings,
    // Without an archive in common they would be listed here for as long as they grow, and then no more.
    growingElsewhere: archive && cluster && (() => cluster.growing()),
    downloads,
    posters,
    access,
    cuts,
    stop: new GracefulStop({
      app: http,
      broadcasts,
      lingerMs,
      leave: async () => {
        cluster?.leave();
        if (cluster) await broadcasts.leave({ lingerMs, withinMs: milliseconds(config.DRAIN_SECONDS) });
      },
      closeOthers: async () => rtmp?.close(),
    }),
    publicDir,
    publicUrl: config.PUBLIC_URL,
    corsOrigins: config.corsOrigins,
    embedOrigins: config.embedOrigins,
    maxMessageBytes: config.MAX_MESSAGE_BYTES,
    maxViewersPerStream: config.MAX_VIEWERS_PER_STREAM,
    maxViewers: config.MAX_VIEWERS,
    socketTimeoutMs: milliseconds(config.SOCKET_TIMEOUT_SECONDS),
    rtmpPort: () => rtmp?.port,
  });
  await http.ready();
  return { http, rtmp, publishKey, ffmpeg, warnings };
}

/** Where pages are, for somebody who came to this host by another protocol. */
function originAt(http: FastifyInstance, host: string, secure: boolean): string {
  const { port } = http.server.address() as AddressInfo;
  return `${secure ? 'https' : 'http'}://${host}:${port}`;
}

/** Whole ones: Node takes no others. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
