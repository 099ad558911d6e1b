import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { findProgram, startOwned, temporaryDirectory, waitUntil, type Teardown } from './programs.js';

export const redisServer = findProgram('redis-server', '/usr/bin/redis-server');

export interface TestRedis {
  readonly url: string;
  /** To look with, and to break things by. */
  readonly client: Redis;
  /** Killed; what it held is gone. */
  stop(): Promise<void>;
  /** Again at the same address, empty. */
  start(): Promise<void>;
}

/** A Redis of this test's own, which keeps nothing. */
export async function startRedis(t: Teardown, settings: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const directory = await temporaryDirectory(t, 'onair-redis');
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  let child: ReturnType<typeof startOwned> | undefined;
  const start = async (): Promise<void> => {
    child = startOwned(t, redisServer ?? 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no', ...settings]);
    if (client.status === 'wait') await client.connect().catch(() => undefined);
    await waitUntil('Redis answers', () => client.ping().catch(() => undefined));
  };
  const stop = async (): Promise<void> => {
    if (!child) return;
    const closed = new Promise((resolve) => child?.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  };
  await start();
  return { url: `redis://127.0.0.1:${String(port)}`, client, start, stop };
}

/** A Sentinel, which is another mode of the same program: it watches a master of the name `onair`, and has its replica follow when it dies. @returns its port */
export async function startSentinel(t: Teardown, master: TestRedis): Promise<number> {
  const port = await freePort();
  const directory = await temporaryDirectory(t, 'onair-sentinel');
  const file = join(directory, 'sentinel.conf');
  const lines = [`port ${String(port)}`, 'bind 127.0.0.1', `dir ${directory}`, `sentinel monitor onair 127.0.0.1 ${new URL(master.url).port} 1`];
  await writeFile(file, [...lines, 'sentinel down-after-milliseconds onair 500', 'sentinel failover-timeout onair 5000', ''].join('\n'));
  startOwned(t, redisServer ?? 'redis-server', [file, '--sentinel']);
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  await waitUntil('Sentinel knows master and replica', async () => {
    const [master = []] = (await client.call('SENTINEL', 'MASTERS').catch(() => [])) as string[][];
    return master[master.indexOf('num-slaves') + 1] === '1' && master[master.indexOf('flags') + 1] === 'master';
  });
  return port;
}
