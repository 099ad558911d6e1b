import { spawn } from 'node:child_process';

import { freePort } from '../../test/helpers/free-port.js';
import { run, temporaryDirectory, waitUntil } from '../../test/helpers/programs.js';
import type { Scope } from './scope.js';

export interface OtherServer {
  readonly pid: number;
  readonly rtmpUrl: string;
  readonly flvUrl: string;
}

const wanted = 'node-media-server@4.4';

const start = `
  const NodeMediaServer = require('node-media-server');
  const [rtmp, http] = process.argv.slice(1).map((port) => ({ port: Number(port) }));
  const server = new NodeMediaServer({ bind: '127.0.0.1', rtmp, http, auth: { play: false, publish: false }, webadmin: { enable: false } });
  require('node-media-server/src/core/logger.js').level = 'error';
  void server.run();
`;

/**
 * Another Node program that hands FLV to its viewers, as npm has it, installed outside of this project and gone with the scope; undefined,
 * with the reason on stderr, where it can't be had.
 */
export async function startNodeMediaServer(scope: Scope): Promise<OtherServer | undefined> {
  const directory = await temporaryDirectory(scope, 'onair-bench-other');
  try {
    await run('npm', ['install', '--prefix', directory, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', wanted], { cwd: directory });
  } catch (error) {
    process.stderr.write(`flv: left out, ${wanted} could not be installed: ${(error as Error).message}\n`);
    return undefined;
  }
  const [rtmpPort, httpPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, ['-e', start, String(rtmpPort), String(httpPort)], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  scope.teardown(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const origin = `http://127.0.0.1:${String(httpPort)}`;
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`${wanted} ended with ${String(child.exitCode)}`);
    return fetch(`${origin}/nothing`).then(() => true, () => false);
  };
  await waitUntil(`${wanted} answers`, answers, 10_000);
  return { pid: child.pid ?? 0, rtmpUrl: `rtmp://127.0.0.1:${String(rtmpPort)}/live/bench`, flvUrl: `${origin}/live/bench.flv` };
}
