import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

import { freePort } from '../helpers/free-port.js';
import { startOwned, temporaryDirectory, waitUntil, type Teardown } from '../helpers/programs.js';

/** One line of the log for each request that was answered. */
export interface LoggedRequest {
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

/** The server as a process of its own, as it is deployed, with the log of everything it was asked. */
export interface DeployedOnair {
  readonly port: number;
  readonly pid: number;
  /** Past whatever stands in front of it. */
  readonly origin: string;
  readonly key: string;
  readonly requests: readonly LoggedRequest[];
  /** At once and without a word; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

const root = join(import.meta.dirname, '../..');

export async function startOnair(t: Teardown, settings: Readonly<Record<string, string>> = {}): Promise<DeployedOnair> {
  const directory = await temporaryDirectory(t);
  const port = Number(settings.PORT ?? (await freePort()));
  const key = 'test-key-of-sixteen-characters-or-more';
  const child = startOwned(t, process.execPath, ['--import=tsx', 'src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      ...{ PORT: String(port), PUBLISH_KEY: key, LOG_LEVEL: 'debug', LADDER: 'off', TRUST_PROXY: 'loopback', SOCKET_TIMEOUT_SECONDS: '6' },
      ...{ DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments'), ...settings },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const requests: LoggedRequest[] = [];
  if (!child.stderr) throw new Error('expected a pipe for the log');
  createInterface(child.stderr).on('line', (line) => {
    if (!line.includes('"msg":"request"')) return;
    const { req, statusCode } = JSON.parse(line) as { req: { method: string; url: string }; statusCode: number };
    requests.push({ method: req.method, url: req.url, status: statusCode });
  });
  const origin = `http://127.0.0.1:${String(port)}`;
  await waitUntil('Onair answers', () => {
    if (child.exitCode !== null) throw new Error(`expected Onair at ${origin}, got its end with code ${String(child.exitCode)}`);
    return fetch(`${origin}/healthz`).then(({ ok }) => ok, () => false);
  }, 60_000);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null) throw new Error(`expected Onair at ${origin} to run, got its end with code ${String(child.exitCode)} before`);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { port, pid: child.pid ?? 0, origin, key, requests, kill };
}
