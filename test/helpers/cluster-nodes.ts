import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { temporaryDirectory, waitUntil, type Teardown } from './programs.js';
import { startServer, type TestServer } from './server.js';

export const clusterSecret = 'the-secret-of-all-nodes';
export const clusterKey = 'test-key-of-sixteen-characters-or-more';

/** One in this process. */
export async function startNode(t: Teardown, redisUrl: string, { PORT, ...settings }: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const port = PORT ?? (await freePort());
  return startServer(t, { PORT: String(port), CLUSTER_URL: redisUrl, CLUSTER_SECRET: clusterSecret, NODE_URL: `http://127.0.0.1:${String(port)}`, ...settings });
}

export interface NodeProcess {
  readonly port: number;
  kill(): Promise<void>;
  stop(): Promise<number | null>;
  /** Its connections stay, and it does nothing. */
  standStill(): void;
  goOn(): void;
}

/** One that can be killed. */
export async function startProcess(t: Teardown, redisUrl: string, leaseSeconds = '1'): Promise<NodeProcess> {
  const [root, directory, port] = [join(import.meta.dirname, '../..'), await temporaryDirectory(t), await freePort()];
  const settings = { PORT: String(port), NODE_URL: `http://127.0.0.1:${String(port)}`, CLUSTER_URL: redisUrl, CLUSTER_SECRET: clusterSecret, CLUSTER_LEASE_SECONDS: leaseSeconds, PUBLISH_KEY: clusterKey };
  const folders = { SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data') };
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/main.ts')], { cwd: root, env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', LADDER: 'off', ...settings, ...folders }, stdio: 'ignore' });
  const exited = once(child, 'close') as Promise<[number | null]>;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  t.teardown(kill);
  await waitUntil('the process answers', () => fetch(`http://127.0.0.1:${String(port)}/healthz`).then(({ ok }) => ok, () => false), 60_000);
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    return (await exited)[0];
  };
  return { port, kill, stop, standStill: () => child.kill('SIGSTOP'), goOn: () => child.kill('SIGCONT') };
}
