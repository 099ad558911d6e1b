import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { childrenOf, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';

t.setTimeout(120_000);
t.jobs = 2;

const root = join(import.meta.dirname, '../..');

interface Process {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  stdout(): string;
  stderr(): string;
}

/** The program as `npm start` runs it, but from its sources, in directories of its own. */
async function startProcess(t: Test, settings: Record<string, string> = {}): Promise<Process> {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'segments'));
  const output = { stdout: '', stderr: '' };
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/main.ts')], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: directory, PORT: '0', SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data'), LADDER: 'off', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  t.teardown(() => child.kill('SIGKILL'));
  return { child, exited, stdout: () => output.stdout, stderr: () => output.stderr };
}

/** The link that was printed for the broadcaster: origin and key. */
async function broadcastLink(server: Process): Promise<{ origin: string; key: string }> {
  const link = await waitUntil('the link to broadcast', () => /https?:\/\/\S+\/broadcast\?key=\S+/.exec(server.stdout())?.[0], 30_000);
  const { origin, searchParams } = new URL(link);
  return { origin, key: searchParams.get('key') ?? '' };
}

t.test('the start says where to broadcast, where to watch, and which ffmpeg it uses', async (t) => {
  const server = await startProcess(t);
  const { origin, key } = await broadcastLink(server);
  t.ok(key.length >= 16, 'with a strong key');
  await waitUntil('the rest of it', () => /watch/i.test(server.stdout()) && /ffmpeg/i.test(server.stdout()));
  t.equal(server.stdout().split('/broadcast?key=').length - 1, 1, 'the link is printed once');
  t.equal((await fetch(`${origin}/healthz`)).status, 200);
  t.notMatch(server.stderr(), key, 'the key is not in the log');
  server.child.kill('SIGINT');
  t.strictSame(await server.exited, { code: 0, signal: null });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} during a broadcast: everyone is told, nothing is left, exit code 0 within 10 s`, async (t) => {
    const server = await startProcess(t);
    const { origin, key } = await broadcastLink(server);
    const publisher = new TestPublisher(t, `${origin.replace('http', 'ws')}/live/show/publish?key=${key}`);
    await publisher.message('ready');
    const sending = publisher.sendPaced(messagesOf(readFixture('chromium-vp8.webm'))).catch(() => undefined);
    await publisher.message('live');
    const viewer = new HlsViewer(`${origin}/live/show/index.m3u8`, { everyMs: 100 });
    await viewer.mediaUrl;
    const pid = server.child.pid ?? 0;
    const ffmpegs = await childrenOf(pid, 'ffmpeg');
    t.ok(ffmpegs.length > 0, 'ffmpeg is at work');

    const asked = performance.now();
    server.child.kill(signal);
    await viewer.ended;
    t.ok(viewer.playlists.at(-1)?.hasEnded, 'the playlist was closed');
    const { code: closeCode } = await publisher.hangUp();
    t.ok([1000, 1001, 4503].includes(closeCode), `the publisher's socket was closed with ${String(closeCode)}`);
    t.match(publisher.messages.at(-1), { type: 'ended', message: /\w+ \w+/ }, 'after a word to the publisher');
    t.strictSame(await server.exited, { code: 0, signal: null });
    t.ok(performance.now() - asked < 10_000);
    for (const ffmpeg of ffmpegs) t.throws(() => process.kill(ffmpeg, 0), { code: 'ESRCH' }, `ffmpeg ${String(ffmpeg)} is gone`);
    await sending;
  });
}

t.test('the key is kept over a restart, outside of what the web can reach', async (t) => {
  const dataDir = join(await temporaryDirectory(t), 'data');
  const keys: string[] = [];
  for (let start = 0; start < 2; start++) {
    const server = await startProcess(t, { DATA_DIR: dataDir });
    keys.push((await broadcastLink(server)).key);
    server.child.kill('SIGTERM');
    await server.exited;
  }
  t.equal(keys[0], keys[1]);
  t.ok((await readdir(dataDir)).length > 0);
});

for (const [name, value] of Object.entries({ PORT: 'http', CORS_ORIGIN: 'nowhere', FFMPEG_PATH: '/nowhere/ffmpeg' })) {
  t.test(`${name}=${value}: one line that names it and what was expected, exit code 1`, async (t) => {
    const server = await startProcess(t, { [name]: value });
    t.strictSame(await server.exited, { code: 1, signal: null });
    const lines = server.stderr().split('\n').filter(Boolean);
    t.equal(lines.length, 1, server.stderr());
    t.match(lines[0], new RegExp(`${name}.*expected .*got .*`));
  });
}

t.test('a port that is taken: said in words, exit code 1', async (t) => {
  const first = await startProcess(t);
  const { origin } = await broadcastLink(first);
  const second = await startProcess(t, { PORT: new URL(origin).port });
  t.equal((await second.exited).code, 1);
  t.match(second.stderr(), new RegExp(new URL(origin).port));
  first.child.kill('SIGTERM');
  await first.exited;
});
