import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';

function start(t: Test, env: NodeJS.ProcessEnv): ChildProcess {
  const directory = mkdtempSync(join(tmpdir(), 'onair-main-'));
  const child = spawn(process.execPath, ['--import=tsx', 'src/main.ts'], {
    env: { PATH: process.env.PATH, DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments'), LOG_LEVEL: 'fatal', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  return child;
}

async function outcome(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk: Buffer) => (texts.stdout += String(chunk)));
  child.stderr!.on('data', (chunk: Buffer) => (texts.stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...texts };
}

t.test('a wrong setting stops the start with exactly one line and exit code 1', async (t) => {
  t.strictSame(await outcome(start(t, { PORT: 'http' })), { code: 1, stdout: '', stderr: 'onair: PORT: expected an integer from 0 to 65535, got "http"\n' });
});

t.test('a taken port stops the start with one line', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  t.strictSame(await outcome(start(t, { PORT: String(port) })), { code: 1, stdout: '', stderr: `onair: PORT: expected a free port, got ${port}, which another program uses on 127.0.0.1\n` });
});

t.test('a start prints links that work, and SIGTERM and SIGINT end it with exit code 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = start(t, {});
    let text = '';
    while (!text.includes('  ffmpeg ')) text += String((await once(child.stdout!, 'data'))[0]);
    const [, link] = /broadcast {2}(\S+)/.exec(text)!;
    t.match(link, /^http:\/\/127\.0\.0\.1:\d+\/broadcast\?key=\S{32}$/);
    t.equal((await fetch(new URL('/healthz', link))).status, 200);
    child.kill(signal);
    const [code] = (await once(child, 'close')) as [number];
    t.equal(code, 0, signal);
  }
});
