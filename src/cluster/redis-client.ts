import { Cluster, Redis, type RedisOptions } from 'ioredis';

export type RedisClient = Redis | Cluster;

/** A Redis that hangs is as good as none: nobody waits longer for a word of it. */
const commandTimeoutMs = 2000;
/** Between two attempts to reach it again. */
const longestRetryMs = 1000;

/**
 * What every command rests on: it is answered soon, or fails. Nothing waits in a queue for a Redis that is away, since what is
 * said there later would no longer be true.
 */
const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: commandTimeoutMs,
  commandTimeout: commandTimeoutMs,
  retryStrategy: (attempt: number) => Math.min(100 * attempt, longestRetryMs),
} satisfies RedisOptions;

/**
 * A client that connects when told to, and again by itself for as long as it is not closed.
 * @param url `redis://` or `rediss://` (TLS) of one server; `redis+cluster://a:6379,b:6379` of a Redis Cluster; `redis+sentinel://a:26379,b:26379/NAME` of
 *   sentinels that watch a master of that name. A user name and a password stand in front of the first host.
 */
export function openRedis(url: string): RedisClient {
  const [, kind] = /^rediss?(?:\+(cluster|sentinel))?:/.exec(url) ?? [];
  if (kind === undefined) return new Redis(url, options);
  const { credentials, hosts, rest } = readSeveral(url);
  if (kind === 'sentinel') return new Redis({ ...options, ...credentials, sentinels: hosts, name: rest, sentinelRetryStrategy: options.retryStrategy });
  return new Cluster(hosts, { lazyConnect: true, enableOfflineQueue: false, clusterRetryStrategy: options.retryStrategy, redisOptions: { ...credentials, commandTimeout: commandTimeoutMs, connectTimeout: commandTimeoutMs } });
}

interface SeveralHosts {
  readonly credentials: Pick<RedisOptions, 'username' | 'password'>;
  readonly hosts: { readonly host: string; readonly port: number }[];
  /** What stands behind the slash. */
  readonly rest: string;
}

function readSeveral(url: string): SeveralHosts {
  const [, userInfo, list = '', rest = ''] = /^[^:]+:\/\/(?:([^@/]*)@)?([^/]+)\/?(.*)$/.exec(url) ?? [];
  const [username = '', password] = (userInfo ?? '').split(':').map(decodeURIComponent);
  const hosts = list.split(',').map((each) => {
    const { hostname, port } = new URL(`redis://${each}`);
    return { host: hostname, port: port === '' ? 6379 : Number(port) };
  });
  return { credentials: { ...(username !== '' && { username }), ...(password !== undefined && { password }) }, hosts, rest };
}
