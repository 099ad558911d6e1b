import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../test/helpers/free-port.js';
import { findProgram, temporaryDirectory, waitUntil } from '../../test/helpers/programs.js';
import type { Scope } from './scope.js';

export interface RunningNginx {
  readonly origin: string;
  readonly pid: number;
}

export interface NginxOptions {
  /** What it sends, in a folder of its own. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** A folder that is there, instead. */
  readonly root?: string;
  /** Files go from the page cache to the socket without a copy: only without TLS, and off unless it is configured. */
  readonly sendfile: boolean;
}

/** nginx as one process on a free port, sending files as fast as it can. */
export async function startNginx(scope: Scope, { files = {}, root: its, sendfile }: NginxOptions): Promise<RunningNginx> {
  const program = findProgram('nginx', '/usr/sbin/nginx');
  if (program === undefined) throw new Error('expected nginx on this machine as the reference (Debian: apt install nginx-light), found none');
  const directory = await temporaryDirectory(scope, 'onair-bench-nginx');
  const root = its ?? join(directory, 'root');
  await mkdir(root, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(root, name), bytes);
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory};`).join(' ');
  await writeFile(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http { access_log off; ${sendfile ? 'sendfile on; tcp_nopush on;' : 'sendfile off;'} keepalive_requests 10000000; open_file_cache max=100; ${temp}
  types { video/mp4 m4s; }
  server { listen 127.0.0.1:${String(port)}; root ${root}; } }
`,
  );
  const child = spawn(program, ['-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  scope.teardown(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const origin = `http://127.0.0.1:${String(port)}`;
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${String(child.exitCode)}`);
    return fetch(origin).then(() => true, () => false);
  };
  await waitUntil('nginx answers', answers, 5000);
  return { origin, pid: child.pid ?? 0 };
}
