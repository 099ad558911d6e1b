import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { openAccess } from './access/access.js';
import { keepServerKey } from './access/server-key.js';
import { ConfigError } from './config.js';
import type { Config } from './config.js';
import { Counts, type CutCounts } from './http/counts.js';
import { createServer, registerRoutes } from './http/server.js';
import { readEncodeLimits } from './live/encode-limits.js';
import { findFfmpeg } from './live/ffmpeg-locator.js';
import type { FoundFfmpeg } from './live/ffmpeg-locator.js';
import { ffmpegTranscoders } from './live/ffmpeg-transcoder.js';
import { LiveRegistry } from './live/live-registry.js';
import { StreamDescriptions } from './live/stream-descriptions.js';
import type { LiveEvent } from './live/broadcast-options.js';
import type { StartTranscoder } from './live/transcoder.js';
import { Semaphore } from './live/semaphore.js';
import { liveStreamUrls } from './protocol/urls.js';
import { faultOf, folderFault } from './storage/folder-fault.js';
import { JsonFile } from './storage/json-file.js';
import { fittingConnections, openFilesLimit } from './open-files.js';
import { RtmpServer } from './rtmp/rtmp-server.js';

/** Each takes a core for a tenth of a second. */
const postersAtATime = 2;

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

/** Wires the floors from the bottom up: media engine, live streams, HTTP. */
export async function buildApp(config: Config, { publicDir, startTranscoder }: AppDependencies): Promise<App> {
  const ffmpeg = startTranscoder ? 'not looked for' : await locateFfmpeg(config.FFMPEG_PATH);
  const found = typeof ffmpeg === 'string' ? undefined : ffmpeg;
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
  const registry = new LiveRegistry({
    startTranscoder: startTranscoder ?? ffmpegTranscoders({ ffmpegPath: found?.path ?? 'ffmpeg' }),
    ffmpegMajor: found?.major ?? 5,
    encodeLimits: readEncodeLimits(config.MAX_ENCODED_SIZE, config.MAX_ENCODED_FRAMES_PER_SECOND),
    segmentsDirectory: config.SEGMENTS_DIR,
    segmentSeconds: config.SEGMENT_SECONDS,
    windowSegments: config.WINDOW_SEGMENTS,
    endedRetentionSeconds: config.ENDED_RETENTION_SECONDS,
    resumeWindowSeconds: config.RESUME_WINDOW_SECONDS,
    hungAfterMs: milliseconds(config.FFMPEG_TIMEOUT_SECONDS),
    maxStreams: config.MAX_STREAMS,
    maxViewerBacklogBytes: config.MAX_VIEWER_BACKLOG_BYTES,
    chat: config.CHAT === 'off' ? undefined : { maxPeople: config.MAX_CHATTERS_PER_STREAM, messagesPerMinute: config.CHAT_MESSAGES_PER_MINUTE },
    pictures: {
      framesPerSecond: config.FRAMES_PER_SECOND,
      width: config.FRAMES_WIDTH,
      posterMaxAgeMs: milliseconds(config.POSTER_SECONDS),
      encoders: new Semaphore(config.MAX_FRAMES_ENCODERS),
      posters: new Semaphore(postersAtATime),
    },
    descriptions,
    onEvent: (event) => events.count(event),
    log: http.log,
  });
  await registry.open().catch((error: unknown) => {
    throw new ConfigError('SEGMENTS_DIR', 'a directory that can be cleared', faultOf(config.SEGMENTS_DIR, error).words);
  });

  const { admission, connections, unavailableReason, onBytes } = await registerRoutes(http, {
    registry,
    access,
    publicDir,
    publicUrl: config.PUBLIC_URL,
    corsOrigins: config.corsOrigins,
    publishOrigins: config.publishOrigins,
    embedOrigins: config.embedOrigins,
    trustedProxies: config.trustedProxies,
    limits: {
      maxMessageBytes: config.MAX_MESSAGE_BYTES,
      maxViewersPerStream: config.MAX_VIEWERS_PER_STREAM,
      maxViewers: config.MAX_VIEWERS,
      maxConnections,
      maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
      wrongKeysPerMinute: config.WRONG_KEYS_PER_MINUTE,
      apiRequestsPerMinute: config.API_REQUESTS_PER_MINUTE,
      chatMessagesPerMinute: config.CHAT_MESSAGES_PER_MINUTE,
      socketTimeoutMs: milliseconds(config.SOCKET_TIMEOUT_SECONDS),
    },
    stopLingerMs: milliseconds(config.STOP_LINGER_SECONDS),
    unavailableReason: () => (startTranscoder || typeof ffmpeg !== 'string' ? undefined : `no ffmpeg: ${ffmpeg}`),
    rtmpPort: () => rtmp?.port,
    closeOthers: async () => rtmp?.close(),
    ...{ cuts, events },
  });
  const rtmp =
    config.RTMP_PORT === undefined
      ? undefined
      : new RtmpServer({
          registry,
          admission,
          admitConnection: (socket) => connections.admit(socket, { mayBeProxy: false }),
          unavailableReason,
          urlsFor: (host, stream) => liveStreamUrls(config.PUBLIC_URL ?? originAt(http, host, config.tls !== undefined), stream),
          onBytes,
          onFault: (fault) => http.log.warn({ err: fault }, 'a connection by RTMP failed'),
          maxMessageBytes: config.MAX_MESSAGE_BYTES,
          setupTimeoutMs: milliseconds(config.HEADERS_TIMEOUT_SECONDS),
          silenceTimeoutMs: milliseconds(config.SOCKET_TIMEOUT_SECONDS),
        });
  await http.ready();
  return { http, rtmp, publishKey, ffmpeg, warnings };
}

/** Where pages are, for somebody who came to this host by another protocol. */
function originAt(http: FastifyInstance, host: string, secure: boolean): string {
  const { port } = http.server.address() as AddressInfo;
  return `${secure ? 'https' : 'http'}://${host}:${port}`;
}

/** A folder for segments that is the wrong one stops the start. A disk that is full or fails does not, nor a data folder that can only be read: they are told. */
function checkFolders({ SEGMENTS_DIR, DATA_DIR }: Config): string[] {
  const segments = folderFault(SEGMENTS_DIR);
  if (segments?.isWrong) throw new ConfigError('SEGMENTS_DIR', 'a directory that can be written', segments.words);
  const data = folderFault(DATA_DIR, 0o700);
  return [
    ...(segments ? [`SEGMENTS_DIR: no segment is copied to disk: ${segments.words}`] : []),
    ...(data ? [`DATA_DIR: no key of a stream can be made, and no description outlives this process: ${data.words}`] : []),
  ];
}

/** What the system says of a file there is told in the words of a wrong setting. */
function readDataDir<T>(dataDir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new ConfigError('DATA_DIR', 'a directory that can be read and written', faultOf(dataDir, error).words);
  }
}

/** A wrong FFMPEG_PATH stops the start like any wrong setting; having none at all does not. */
async function locateFfmpeg(path: string | undefined): Promise<FoundFfmpeg | string> {
  try {
    return await findFfmpeg({ path });
  } catch (error) {
    if (path !== undefined) throw error;
    return (error as Error).message;
  }
}

/** Whole ones: Node takes no others. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
