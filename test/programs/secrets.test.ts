import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import t, { type Test } from 'tap';
import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { run, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { messageType } from '../../src/rtmp/wire/message.js';
import { RtmpClient } from '../helpers/rtmp-client.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(150_000);
// They wait more than they work.
t.jobs = 3;

const root = join(import.meta.dirname, '../..');
const fixture = readFixture('chromium-h264.mkv');
const key = 'the-server-key-of-this-test';
const viewKey = 'the-view-key-of-this-test';

interface Process {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly rtmpPort: number;
  readonly output: () => string;
}

async function startProcess(t: Test, directory: string, settings: Record<string, string> = {}): Promise<Process> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/main.ts')], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data'), PUBLISH_KEY: key, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (text.stdout += String(bytes)));
  child.stderr.on('data', (bytes: Buffer) => (text.stderr += String(bytes)));
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const origin = await waitUntil('the greeting', () => /watch {6}(http:\/\/[^/]+)\//.exec(text.stdout)?.[1], 60_000);
  const rtmpPort = Number(/rtmp:\/\/[^/]+:(\d+)\/live/.exec(text.stdout)?.[1]);
  return { child, origin, rtmpPort, output: () => text.stderr };
}

t.test('no key, token or ticket of anybody stands in the log, at its most talkative', async (t) => {
  const directory = await temporaryDirectory(t);
  const { child, origin, rtmpPort, output } = await startProcess(t, directory, { LOG_LEVEL: 'trace', VIEW_KEY: viewKey, RTMP_PORT: '0' });
  const post = (path: string, body: object) =>
    fetch(`${origin}/api/streams/cam/${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const made = (await (await post('keys', {})).json()) as { key: string; id: string };
  const links = (await (await post('links', { expiresInSeconds: 600 })).json()) as { token: string; urls: { hls: string; watch: string; play: string } };
  const socketUrl = `${origin.replace('http', 'ws')}/live/cam/publish`;

  await fetch(`${origin}/live/cam/publish?key=a-wrong-secret-guess`);
  await fetch(`${origin}/live/cam/publish`, { headers: { authorization: 'Bearer a-wrong-secret-guess' } });
  await fetch(`${origin}/live/cam/nowhere/at/all?key=${key}`);
  await fetch(`${origin}/nothing?%6Bey=${key}`);
  await new RtmpClient(t, rtmpPort).publish('encoder?key=a-wrong-secret-guess');
  const encoder = new RtmpClient(t, rtmpPort);
  await encoder.publish(`encoder?key=${key}`, `live?key=${made.key}`);
  // Pictures that nobody can decode: the broadcast is refused, and the log says so.
  for (let frame = 0; frame < 1000; frame++) encoder.send(messageType.video, frame * 40, Buffer.from('\xa1avc1\0\0\0\t\t\t', 'latin1'));
  await encoder.status();
  const first = new TestPublisher(t, `${socketUrl}?key=${made.key}`);
  const { resume } = await first.message('ready');
  const messages = messagesOf(fixture);
  await first.sendPaced(messages.slice(0, 3));
  first.terminate();
  const second = new TestPublisher(t, `${socketUrl}?key=${key}&resume=${resume}`);
  const { received } = await second.message('ready');
  let skipped = 0;
  const rest = messages.filter(({ data }) => (skipped += data.length) > received);
  await second.sendPaced(rest, { speed: 2 });
  await second.message('live');
  const chatter = new WebSocket(links.urls.play.replace(/play$/, 'chat'));
  await once(chatter, 'open');
  for (const message of ['{"type":"join","name":"a-name-of-the-chat"}', '{"type":"message","text":"words-of-the-chat"}', 'words-of-the-chat']) chatter.send(message);
  await once(chatter, 'close');
  for (const url of [links.urls.hls, links.urls.watch, links.urls.hls.replace('~', '%7E'), links.urls.hls.replace('index.m3u8', 'nothing.m4s')]) await (await fetch(url)).text();
  t.equal((await second.end()).code, 1000);
  await fetch(`${origin}/api/streams/cam/keys/${made.id}?key=${key}`, { method: 'DELETE' });
  child.kill('SIGTERM');
  await once(child, 'close');

  const lines = output().split('\n');
  t.ok(lines.some((line) => line.includes('"msg":"request"')) && lines.some((line) => line.includes('on air')), 'there is a log to look at');
  const secrets = { 'server key': key, 'view key': viewKey, 'stream key': made.key, 'viewing token': links.token, 'resume token': resume, 'wrong guess': 'a-wrong-secret-guess', 'name in the chat': 'a-name-of-the-chat', 'text of the chat': 'words-of-the-chat' };
  for (const [name, secret] of Object.entries(secrets)) t.strictSame(lines.filter((line) => line.includes(secret)), [], name);
  t.notMatch(await readFile(join(directory, 'data/stream-keys.json'), 'utf8'), made.key);
});

t.test('a signed link plays in a player that knows nothing of signatures, and nothing plays without', async (t) => {
  const server = await startServer(t, { VIEW_KEY: viewKey });
  const publisher = new TestPublisher(t, server.publishUrl('cam'));
  const { urls } = await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(fixture));
  await publisher.message('live');
  const play = (url: string) => run('ffmpeg', ['-hide_banner', '-i', url, '-t', '1', '-c', 'copy', '-f', 'null', '-'], { timeoutMs: 30_000 });
  for (const url of [urls.hls, urls.mp4]) t.match((await play(url)).stderr, /Stream #0.*h264/);
  await t.rejects(play(server.hlsUrl('cam')), { message: /401/ });
  await sending;
  t.equal((await publisher.end()).code, 1000);
});

t.test('after SIGKILL and a new start nothing of before is served, on disk or by address', async (t) => {
  const directory = await temporaryDirectory(t);
  const first = await startProcess(t, directory, { LOG_LEVEL: 'warn' });
  const publisher = new TestPublisher(t, `${first.origin.replace('http', 'ws')}/live/cam/publish?key=${key}`);
  const { resume } = await publisher.message('ready');
  const { hls } = (await publisher.message('ready')).urls;
  const sending = publisher.sendPaced(messagesOf(fixture), { speed: 2 }).catch(() => undefined);
  await publisher.message('live');
  const media = new URL(/^[^#].*$/m.exec(await (await fetch(hls)).text())![0], hls);
  const segments = (await (await fetch(media)).text()).match(/^\d+\.m4s$/gm) ?? [];
  await waitUntil('segments on disk', async () => (await readdir(join(directory, 'segments'), { recursive: true })).some((name) => name.endsWith('.m4s')));
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  await sending;
  t.ok((await readdir(join(directory, 'segments'), { recursive: true })).some((name) => name.endsWith('.m4s')), 'it was left behind');

  const second = await startProcess(t, directory, { LOG_LEVEL: 'warn' });
  t.notOk((await readdir(join(directory, 'segments'), { recursive: true })).some((name) => name.endsWith('.m4s')), 'and is removed');
  for (const path of ['/live/cam/index.m3u8', media.pathname, new URL(segments.at(-1) ?? '0.m4s', media).pathname, '/live/cam/stream.mp4', '/api/streams/cam']) {
    t.equal((await fetch(second.origin + path)).status, 404, path);
  }
  const refused = await fetch(`${second.origin}/live/cam/publish?key=${key}&resume=${resume}`);
  t.equal(refused.status, 404, 'an old resume token opens nothing');
});

t.test('where nothing can be written the live stream goes on, and its publisher is told once', async (t) => {
  const [readOnly, tiny] = [await mountedDisk(t, 'size=16m'), await mountedDisk(t, 'size=64k')];
  const skip = (disk: string | undefined) => disk === undefined && 'this user may not mount a disk';
  await t.test('a file in place of the folder', (t) => publishWithoutDisk(t, undefined, (folder) => writeFile(join(folder, 'live'), 'a file where a folder is wanted')));
  await t.test('a disk that went over to reading only', { skip: skip(readOnly) }, (t) => publishWithoutDisk(t, readOnly, (folder) => run('mount', ['-o', 'remount,ro', folder])));
  await t.test('a disk that is full', { skip: skip(tiny) }, (t) => publishWithoutDisk(t, tiny));
});

t.test('a segments folder that is none stops the start in one line', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'file'), '');
  await t.rejects(startServer(t, { SEGMENTS_DIR: join(directory, 'file') }), { message: /^SEGMENTS_DIR: expected a directory that can be written, got ".*file" \(E\w+\): a part of that path is a file; name another folder$/ });
});

async function publishWithoutDisk(t: Test, segmentsDir: string | undefined, spoil?: (folder: string) => Promise<unknown>): Promise<void> {
  const server = await startServer(t, { SEGMENT_SECONDS: '1', ...(segmentsDir !== undefined && { SEGMENTS_DIR: segmentsDir }) });
  await spoil?.(segmentsDir ?? server.segmentsDir);
  const publisher = new TestPublisher(t, server.publishUrl('cam'));
  await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(fixture), { speed: 2 });
  await publisher.message('live');
  t.match(await publisher.message('warning'), { code: 'disk', message: /The live stream goes on/ });
  await sending;
  t.equal((await fetch(server.hlsUrl('cam'))).status, 200);
  t.equal((await publisher.end()).code, 1000);
  t.equal(publisher.messages.filter((message) => message.type === 'warning' && message.code === 'disk').length, 1);
  await server.close();
}

/** A disk in memory, where this user may mount one. */
async function mountedDisk(t: Test, options: string): Promise<string | undefined> {
  const directory = join(await temporaryDirectory(t), 'disk');
  await mkdir(directory);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  } catch {
    return undefined;
  }
  t.teardown(() => run('umount', [directory]));
  return directory;
}
