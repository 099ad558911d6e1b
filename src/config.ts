import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, relative, resolve, sep } from 'node:path';
import { createSecureContext } from 'node:tls';
import { envSchema } from 'env-schema';
import type { JSONSchemaType } from 'env-schema';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ownPathParts } from './protocol/urls.js';

// `description` completes the sentence "NAME: expected …" and stands in docs/configuration.md.
const originsPattern = '^(\\*|https?://[^/\\s,]+(\\s*,\\s*https?://[^/\\s,]+)*)$';
const originsDescription = '"*" or a comma-separated list of origins such as https://site.example';
const serviceUrl = Type.String({ pattern: '^https?://[^/?#\\s]+(/\\S*)?$', description: 'an http or https URL' });

const schema = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'an address or host name to listen on' }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535 }),
  RTMP_PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  PUBLISH_KEY: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{4,256}$', description: '4 to 256 visible ASCII characters without spaces' })),
  SEGMENTS_DIR: Type.String({ default: 'segments', description: 'a directory' }),
  DATA_DIR: Type.String({ default: '.onair', description: 'a directory' }),
  FFMPEG_PATH: Type.Optional(Type.String({ description: 'the path of an ffmpeg program' })),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
  TLS_CERT: Type.Optional(Type.String({ description: 'a readable PEM file' })),
  TLS_KEY: Type.Optional(Type.String({ description: 'a readable PEM file' })),
  PUBLIC_URL: Type.Optional(Type.String({ pattern: '^https?://[^/?#\\s]+(/[\\w.~-]+)*/?$', description: 'an http or https URL such as https://live.example or https://example.org/onair' })),
  TRUST_PROXY: Type.String({ default: 'false', description: '"true", "false" or a comma-separated list of proxy addresses' }),
  CORS_ORIGIN: Type.String({ default: '*', pattern: originsPattern, description: originsDescription }),
  PUBLISH_ORIGINS: Type.String({ default: '*', pattern: originsPattern, description: originsDescription }),
  EMBED_ORIGINS: Type.String({ default: '*', pattern: originsPattern, description: originsDescription }),
  VIEW_KEY: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{16,256}$', description: '16 to 256 visible ASCII characters without spaces' })),
  PUBLISH_CHECK_URL: Type.Optional(serviceUrl),
  VIEW_CHECK_URL: Type.Optional(serviceUrl),
  CHECK_TIMEOUT_SECONDS: Type.Number({ default: 3, minimum: 0.1, maximum: 30 }),
  VIEW_CHECK_CACHE_SECONDS: Type.Number({ default: 10, minimum: 0, maximum: 3600 }),
  RESUME_WINDOW_SECONDS: Type.Number({ default: 120, minimum: 0, maximum: 3600 }),
  MAX_ENCODED_SIZE: Type.String({ default: '1920x1088', pattern: '^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$', description: 'a size like 1920x1088, with sides of 10 to 9999' }),
  MAX_ENCODED_FRAMES_PER_SECOND: Type.Integer({ default: 60, minimum: 1, maximum: 240 }),
  LADDER: Type.String({ default: 'auto', pattern: '^(auto|off|[1-9][0-9]{1,3}:[1-9][0-9]{1,5}k(,[1-9][0-9]{1,3}:[1-9][0-9]{1,5}k){0,7})$', description: '"auto", "off" or renditions such as 480:1000k,360:500k' }),
  LADDER_ENCODER: Type.Enum(['libx264', 'h264_nvenc', 'h264_vaapi', 'h264_qsv', 'h264_videotoolbox', 'h264_v4l2m2m'], { default: 'libx264' }),
  MAX_LADDERS: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  FFMPEG_TIMEOUT_SECONDS: Type.Number({ default: 10, minimum: 1, maximum: 600 }),
  ENDED_RETENTION_SECONDS: Type.Number({ default: 60, minimum: 0, maximum: 86_400 }),
  SEGMENT_SECONDS: Type.Number({ default: 2, minimum: 1, maximum: 10 }),
  PART_SECONDS: Type.Number({ default: 0.334, minimum: 0.2, maximum: 1 }),
  // RFC 8216bis appendix B.1 and Apple's authoring specification 8.11: at least 6 segments listed. A playlist is written anew for every part: hls/live-window.ts lists no more than 250.
  WINDOW_SEGMENTS: Type.Integer({ default: 10, minimum: 6, maximum: 250 }),
  DVR_SECONDS: Type.Integer({ default: 0, minimum: 0, maximum: 21_600 }),
  RECORD: Type.Enum(['on', 'off'], { default: 'off' }),
  RECORD_RENDITIONS: Type.Enum(['all', 'best'], { default: 'all' }),
  RECORDING_MAX_HOURS: Type.Number({ default: 12, minimum: 0.01, maximum: 48 }),
  RECORDINGS_DIR: Type.Optional(Type.String({ description: 'a directory' })),
  RECORDINGS_MAX_AGE_DAYS: Type.Number({ default: 0, minimum: 0, maximum: 36_500 }),
  RECORDINGS_MAX_BYTES: Type.Integer({ default: 0, minimum: 0, maximum: 9_007_199_254_740_991 }),
  S3_ENDPOINT: Type.Optional(Type.String({ pattern: '^https?://[^/?#\\s@]+/?$', description: 'an http or https URL without a path, such as https://s3.example' })),
  S3_BUCKET: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$', description: 'the name of a bucket' })),
  S3_REGION: Type.String({ default: 'us-east-1', pattern: '^[a-z0-9-]{1,64}$', description: 'the name of a region' }),
  S3_ACCESS_KEY_ID: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,256}$', description: 'visible ASCII characters without spaces' })),
  S3_SECRET_ACCESS_KEY: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,256}$', description: 'visible ASCII characters without spaces' })),
  S3_PREFIX: Type.String({ default: '', pattern: '^([A-Za-z0-9._-]+/)*$', description: 'nothing, or folders that end in a slash, such as onair/' }),
  S3_SPOOL_BYTES: Type.Integer({ default: 4_294_967_296, minimum: 16_777_216, maximum: 9_007_199_254_740_991 }),
  S3_DELIVERY: Type.Enum(['server', 'redirect'], { default: 'server' }),
  S3_PUBLIC_URL: Type.Optional(serviceUrl),
  CLUSTER_URL: Type.Optional(Type.String({
    pattern: '^(rediss?://[^\\s]+|rediss?\\+cluster://[^/\\s]+/?|rediss?\\+sentinel://[^/\\s]+/[^/\\s]+)$',
    description: 'the address of a Redis: redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/NAME',
  })),
  CLUSTER_SECRET: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{16,256}$', description: '16 to 256 visible ASCII characters without spaces' })),
  NODE_URL: Type.Optional(Type.String({ pattern: '^https?://[^/?#\\s@]+/?$', description: 'an http or https URL without a path, by which the other servers reach this one' })),
  CLUSTER_LEASE_SECONDS: Type.Number({ default: 10, minimum: 1, maximum: 60 }),
  DRAIN_SECONDS: Type.Number({ default: 20, minimum: 1, maximum: 3600 }),
  FRAMES_PER_SECOND: Type.Number({ default: 5, minimum: 0.1, maximum: 30 }),
  FRAMES_WIDTH: Type.Integer({ default: 640, minimum: 64, maximum: 3840 }),
  POSTER_SECONDS: Type.Number({ default: 10, minimum: 1, maximum: 3600 }),
  STOP_LINGER_SECONDS: Type.Number({ default: 2, minimum: 0, maximum: 5 }),
  MAX_STREAMS: Type.Integer({ default: 100, minimum: 1, maximum: 100_000 }),
  MAX_VIEWERS_PER_STREAM: Type.Integer({ default: 10_000, minimum: 1, maximum: 1_000_000 }),
  MAX_VIEWERS: Type.Integer({ default: 20_000, minimum: 1, maximum: 1_000_000 }),
  CHAT: Type.Enum(['on', 'off'], { default: 'on' }),
  MAX_CHATTERS_PER_STREAM: Type.Integer({ default: 2000, minimum: 1, maximum: 1_000_000 }),
  CHAT_MESSAGES_PER_MINUTE: Type.Integer({ default: 20, minimum: 1, maximum: 1000 }),
  MAX_FRAMES_ENCODERS: Type.Integer({ default: 16, minimum: 1, maximum: 10_000 }),
  MAX_VIEWER_BACKLOG_BYTES: Type.Integer({ default: 8_388_608, minimum: 65_536, maximum: 1_073_741_824 }),
  MAX_MESSAGE_BYTES: Type.Integer({ default: 16_777_216, minimum: 1024, maximum: 1_073_741_824 }),
  MAX_CONNECTIONS: Type.Integer({ default: 25_000, minimum: 10, maximum: 1_000_000 }),
  MAX_CONNECTIONS_PER_ADDRESS: Type.Integer({ default: 5000, minimum: 1, maximum: 1_000_000 }),
  WRONG_KEYS_PER_MINUTE: Type.Integer({ default: 30, minimum: 1, maximum: 10_000 }),
  API_REQUESTS_PER_MINUTE: Type.Integer({ default: 6000, minimum: 1, maximum: 1_000_000 }),
  SOCKET_TIMEOUT_SECONDS: Type.Number({ default: 25, minimum: 1, maximum: 600 }),
  HEADERS_TIMEOUT_SECONDS: Type.Number({ default: 15, minimum: 1, maximum: 120 }),
  IDLE_TIMEOUT_SECONDS: Type.Number({ default: 75, minimum: 5, maximum: 600 }),
});

/** So far apart may the keyframes of a picture lie that is copied, and so long are its target durations then. */
const longestFirstGroupSeconds = 4;

type Settings = Static<typeof schema>;
type Name = keyof Settings;

/** Every variable the server reads, in the order of the documentation. */
export const settingNames = Object.keys(schema.properties) as Name[];

export interface Config extends Readonly<Omit<Settings, 'TLS_CERT' | 'TLS_KEY'>> {
  /** Where recordings are kept, absolute. */
  readonly recordingsDir: string;
  /** Where recordings go from there; undefined: they stay. */
  readonly objectStore: ObjectStoreSettings | undefined;
  /** What makes one of several servers of this one; undefined: it is alone. */
  readonly cluster: ClusterSettings | undefined;
  /** Contents of TLS_CERT and TLS_KEY. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly corsOrigins: '*' | readonly string[];
  readonly publishOrigins: '*' | readonly string[];
  readonly embedOrigins: '*' | readonly string[];
  readonly trustedProxies: boolean | readonly string[];
}

export interface ObjectStoreSettings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly prefix: string;
}

export interface ClusterSettings {
  readonly url: string;
  readonly secret: string;
  readonly nodeUrl: string;
  readonly leaseMs: number;
  readonly resumeWindowMs: number;
}

/** One line for the operator: which variable, what was expected, what came. */
export class ConfigError extends Error {
  constructor(name: string, expected: string, came: string) {
    super(`${name}: expected ${expected}, got ${came}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the settings from an environment; an empty variable counts as unset.
 * @throws {ConfigError} for the first wrong value
 */
export function loadConfig(env: NodeJS.ProcessEnv, publicDir: string): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== '' && name in schema.properties));
  let settings: Settings;
  try {
    settings = envSchema<Settings>({ schema: schema as unknown as JSONSchemaType<Settings>, data: given, env: false });
  } catch (error) {
    const name = nameOfFirstError(error);
    if (name === undefined) throw error;
    throw new ConfigError(name, expectation(name), came(name, given[name]));
  }
  return Object.freeze(relate(settings, publicDir));
}

/** The rules no single value can be judged by. */
function relate(settings: Settings, publicDir: string): Config {
  const { TLS_CERT, TLS_KEY, ...rest } = settings;
  const segmentsDir = resolve(settings.SEGMENTS_DIR);
  const dataDir = resolve(settings.DATA_DIR);
  // What an earlier run left in SEGMENTS_DIR is removed at start, and the public directory is served to anyone.
  if (contains(segmentsDir, process.cwd()) || contains(segmentsDir, publicDir)) {
    throw new ConfigError('SEGMENTS_DIR', 'a directory of its own (it is cleared at start)', JSON.stringify(settings.SEGMENTS_DIR));
  }
  const recordingsDir = resolve(settings.RECORDINGS_DIR ?? join(dataDir, 'recordings'));
  for (const [name, directory] of [['SEGMENTS_DIR', segmentsDir], ['DATA_DIR', dataDir], ['RECORDINGS_DIR', recordingsDir]] as const) {
    if (contains(publicDir, directory)) throw new ConfigError(name, 'a directory outside the web root', JSON.stringify(settings[name] ?? recordingsDir));
  }
  if (contains(segmentsDir, dataDir)) {
    throw new ConfigError('DATA_DIR', 'a directory outside SEGMENTS_DIR', JSON.stringify(settings.DATA_DIR));
  }
  if (contains(segmentsDir, recordingsDir)) throw new ConfigError('RECORDINGS_DIR', 'a directory outside SEGMENTS_DIR', JSON.stringify(settings.RECORDINGS_DIR ?? recordingsDir));
  for (const name of ['PUBLISH_CHECK_URL', 'VIEW_CHECK_URL'] as const) {
    const url = settings[name];
    // Credentials in it would be refused with every request, and are in the logs of others.
    if (url !== undefined && (!URL.canParse(url) || new URL(url).username !== '')) throw new ConfigError(name, 'an http or https URL without a user name', 'another one');
  }
  if (settings.VIEW_KEY !== undefined && settings.VIEW_KEY === settings.PUBLISH_KEY) throw new ConfigError('VIEW_KEY', 'another secret than PUBLISH_KEY', 'the same');
  if (settings.RTMP_PORT !== undefined && settings.RTMP_PORT !== 0 && settings.RTMP_PORT === settings.PORT) throw new ConfigError('RTMP_PORT', 'another port than PORT', 'the same');
  if (settings.PUBLIC_URL !== undefined) checkPublicUrl(settings.PUBLIC_URL);
  // A request that is held for new media is answered after 3 target durations at the latest; a source may make them longer than segments are wished for.
  const longestWaitSeconds = 3 * Math.max(Math.ceil(settings.SEGMENT_SECONDS), longestFirstGroupSeconds);
  if (settings.IDLE_TIMEOUT_SECONDS <= longestWaitSeconds) {
    throw new ConfigError('IDLE_TIMEOUT_SECONDS', `more than ${longestWaitSeconds}, the longest wait for a playlist where SEGMENT_SECONDS is ${settings.SEGMENT_SECONDS}`, String(settings.IDLE_TIMEOUT_SECONDS));
  }
  return {
    ...rest,
    recordingsDir,
    objectStore: readObjectStore(settings),
    cluster: readCluster(settings),
    ...(settings.PUBLIC_URL === undefined ? {} : { PUBLIC_URL: settings.PUBLIC_URL.replace(/\/$/, '') }),
    tls: loadTls(TLS_CERT, TLS_KEY),
    corsOrigins: parseOrigins(settings.CORS_ORIGIN),
    publishOrigins: parseOrigins(settings.PUBLISH_ORIGINS),
    embedOrigins: parseOrigins(settings.EMBED_ORIGINS),
    trustedProxies: parseTrustedProxies(settings.TRUST_PROXY),
  };
}

/** All of them or none. */
function readObjectStore({ S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION: region, S3_PREFIX: prefix }: Settings): ObjectStoreSettings | undefined {
  const needed = { S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY };
  const missing = (Object.keys(needed) as (keyof typeof needed)[]).find((name) => needed[name] === undefined);
  if (missing === undefined) return { region, prefix, endpoint: S3_ENDPOINT ?? '', bucket: S3_BUCKET ?? '', accessKeyId: S3_ACCESS_KEY_ID ?? '', secretAccessKey: S3_SECRET_ACCESS_KEY ?? '' };
  const given = Object.entries(needed).find(([, value]) => value !== undefined)?.[0];
  if (given !== undefined) throw new ConfigError(missing, `${expectation(missing)}, to go with ${given}`, 'nothing');
  return undefined;
}

/** All of it or nothing, and a key that all servers share: a publisher may come to any of them. */
function readCluster({ CLUSTER_URL, CLUSTER_SECRET, NODE_URL, PUBLISH_KEY, CLUSTER_LEASE_SECONDS, RESUME_WINDOW_SECONDS }: Settings): ClusterSettings | undefined {
  const needed = { CLUSTER_URL, CLUSTER_SECRET, NODE_URL };
  const given = Object.entries(needed).find(([, value]) => value !== undefined)?.[0];
  if (given === undefined) return undefined;
  const missing = (Object.keys(needed) as (keyof typeof needed)[]).find((name) => needed[name] === undefined);
  if (missing !== undefined) throw new ConfigError(missing, `${expectation(missing)}, to go with ${given}`, 'nothing');
  if (PUBLISH_KEY === undefined) throw new ConfigError('PUBLISH_KEY', 'the key that all servers of the cluster share, to go with CLUSTER_URL', 'nothing');
  return { url: CLUSTER_URL ?? '', secret: CLUSTER_SECRET ?? '', nodeUrl: (NODE_URL ?? '').replace(/\/$/, ''), leaseMs: Math.round(CLUSTER_LEASE_SECONDS * 1000), resumeWindowMs: Math.round(RESUME_WINDOW_SECONDS * 1000) };
}

function checkPublicUrl(publicUrl: string): void {
  if (!URL.canParse(publicUrl)) throw new ConfigError('PUBLIC_URL', expectation('PUBLIC_URL'), JSON.stringify(publicUrl));
  const own = new URL(publicUrl).pathname.split('/').find((part) => ownPathParts.includes(part));
  // Where the path ends and the server's own addresses begin could not be told.
  if (own !== undefined) throw new ConfigError('PUBLIC_URL', `a path without any part that the server's own addresses begin with (${ownPathParts.join(', ')})`, JSON.stringify(own));
}

function loadTls(cert: string | undefined, key: string | undefined): Config['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw new ConfigError('TLS_CERT', 'a certificate to go with TLS_KEY', 'nothing');
  if (key === undefined) throw new ConfigError('TLS_KEY', 'a private key to go with TLS_CERT', 'nothing');
  const pair = { cert: readPem('TLS_CERT', cert, 'CERTIFICATE'), key: readPem('TLS_KEY', key, 'PRIVATE KEY') };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new ConfigError('TLS_CERT', 'a certificate that goes with TLS_KEY', `${JSON.stringify(cert)} (${(error as Error).message})`);
  }
  return pair;
}

function readPem(name: Name, path: string, label: string): Buffer {
  let contents: Buffer;
  try {
    contents = readFileSync(path);
  } catch (error) {
    throw new ConfigError(name, 'a readable PEM file', `${JSON.stringify(path)} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
  if (!contents.includes(`${label}-----`)) throw new ConfigError(name, `a PEM file with a ${label}`, `${JSON.stringify(path)} without one`);
  return contents;
}

function parseOrigins(text: string): '*' | readonly string[] {
  return text === '*' ? '*' : text.split(',').map((origin) => origin.trim().toLowerCase());
}

function parseTrustedProxies(text: string): boolean | string[] {
  if (text === 'true' || text === 'false') return text === 'true';
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.find((entry) => !isProxy(entry));
  if (wrong !== undefined) throw new ConfigError('TRUST_PROXY', expectation('TRUST_PROXY'), JSON.stringify(wrong));
  return entries;
}

function isProxy(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [address = '', bits, ...more] = entry.split('/');
  const version = isIP(address);
  return version !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)));
}

function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`));
}

function nameOfFirstError(error: unknown): Name | undefined {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return undefined;
  const [first] = error.errors as { instancePath: string }[];
  return settingNames.find((name) => first?.instancePath === `/${name}`);
}

function expectation(name: Name): string {
  const property: { type?: string; minimum?: number; maximum?: number; enum?: readonly string[]; description?: string } = schema.properties[name];
  if (property.enum) return `one of ${property.enum.join(', ')}`;
  if (property.minimum !== undefined) return `${property.type === 'integer' ? 'an integer' : 'a number'} from ${property.minimum} to ${String(property.maximum)}`;
  return property.description ?? `a ${property.type ?? 'value'}`;
}

function came(name: Name, value: string | undefined): string {
  // A key that is nearly right is still a secret.
  return ['PUBLISH_KEY', 'VIEW_KEY', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', 'CLUSTER_URL', 'CLUSTER_SECRET'].includes(name) ? `${value?.length ?? 0} characters` : JSON.stringify(value ?? null);
}
