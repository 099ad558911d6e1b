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
