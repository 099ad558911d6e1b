import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, relative, resolve, sep } from 'node:path';
import { createSecureContext } from 'node:tls';
import { envSchema } from 'env-schema';
import type { JSONSchemaType } from 'env-schema';
import { ownPathParts } from './protocol/urls.js';
import { came, ConfigError, expectation, schema, settingNames, type SettingName, type Settings } from './settings.js';

/** So far apart may the keyframes of a picture lie that is copied, and so long are its target durations then. */
const longestFirstGroupSeconds = 4;

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

function readPem(name: SettingName, path: string, label: string): Buffer {
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

function nameOfFirstError(error: unknown): SettingName | undefined {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return undefined;
  const [first] = error.errors as { instancePath: string }[];
  return settingNames.find((name) => first?.instancePath === `/${name}`);
}
