import { Type } from 'typebox';
import type { Static } from 'typebox';

// `description` completes the sentence "NAME: expected …" and stands in docs/configuration.md.
const originsPattern = '^(\\*|https?://[^/\\s,]+(\\s*,\\s*https?://[^/\\s,]+)*)$';
const originsDescription = '"*" or a comma-separated list of origins such as https://site.example';
const serviceUrl = Type.String({ pattern: '^https?://[^/?#\\s]+(/\\S*)?$', description: 'an http or https URL' });

/** Every variable that the server reads, in the order of the documentation, with what it may be by itself. */
export const schema = Type.Object({
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

/** As they are read: what they mean together is told by `config.ts`. */
export type Settings = Static<typeof schema>;
export type SettingName = keyof Settings;

export const settingNames = Object.keys(schema.properties) as SettingName[];

/** One line for the operator: which variable, what was expected, what came. */
export class ConfigError extends Error {
  constructor(name: string, expected: string, came: string) {
    super(`${name}: expected ${expected}, got ${came}`);
    this.name = 'ConfigError';
  }
}

/** What is expected of this variable, to go behind "expected". */
export function expectation(name: SettingName): string {
  const property: { type?: string; minimum?: number; maximum?: number; enum?: readonly string[]; description?: string } = schema.properties[name];
  if (property.enum) return `one of ${property.enum.join(', ')}`;
  if (property.minimum !== undefined) return `${property.type === 'integer' ? 'an integer' : 'a number'} from ${property.minimum} to ${String(property.maximum)}`;
  return property.description ?? `a ${property.type ?? 'value'}`;
}

/** What came of it, as it may be shown. */
export function came(name: SettingName, value: string | undefined): string {
  // A key that is nearly right is still a secret.
  return ['PUBLISH_KEY', 'VIEW_KEY', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', 'CLUSTER_URL', 'CLUSTER_SECRET'].includes(name) ? `${value?.length ?? 0} characters` : JSON.stringify(value ?? null);
}
