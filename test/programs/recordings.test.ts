import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { record } from '../helpers/numbered-recording.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { childrenOf, ffmpeg, findProgram, run, skipBeforeFfmpeg, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { numbersOf, pushBody } from '../helpers/pushed.js';
import { ResumingPublisher } from '../helpers/resuming-publisher.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { startServer, type TestServer } from '../helpers/server.js';

t.setTimeout(240_000);

const output = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-b:v', '300k', '-g', '25', '-c:a', 'aac', '-f', 'matroska'];
const skip = skipWithout(ffmpeg?.path, 'ffmpeg');
/** Old ones give a file's pictures an edit list that ends before the last of them, where they are out of order. */
const skipDownload = skip || skipBeforeFfmpeg(5) || skipWithout(findProgram('ffprobe'), 'ffmpeg');
const key = 'the-server-key-of-this-test';

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly durationSeconds: number;
  readonly missingSeconds: number;
  readonly byteLength: number;
  readonly title?: string;
  readonly urls: { readonly hls: string; readonly download: string };
}

const listed = async (origin: string, query = ''): Promise<Listed[]> => ((await (await fetch(`${origin}/api/recordings${query}`)).json()) as { recordings: Listed[] }).recordings;
const withKey = (server: TestServer, method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${server.origin}/api/${path}`, { method, headers: { authorization: `Bearer ${server.key}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });

async function startProcess(t: Test, directory: string): Promise<{ child: ChildProcess; origin: string; exited: Promise<unknown> }> {
  const root = join(import.meta.dirname, '../..');
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/main.ts')], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data'), PUBLISH_KEY: key, LOG_LEVEL: 'silent', LADDER: 'off', RECORD: 'on' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => (text += String(bytes)));
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, exited, origin: await waitUntil('the greeting', () => /watch {6}(http:\/\/[^/]+)\//.exec(text)?.[1], 60_000) };
}

t.test('every picture that was published is in the recording and in the download, once, in order, with its sound; ranges, title and deletion', { skip: skipDownload }, async (t) => {
  const server = await startServer(t, { ENDED_RETENTION_SECONDS: '0' });
  const first = await record({ seconds: 8 }, output);
  const source = await decode(t, first);
  t.strictSame((await (await withKey(server, 'PATCH', 'streams/cam', { title: 'A show', record: true })).json()), { stream: 'cam', title: 'A show', record: true, recordings: { private: false, maxAgeDays: 0, maxBytes: 0 } });
  // A second container of another size follows in the same broadcast: a discontinuity with another init segment.
  const second = await record({ seconds: 6, width: 640, height: 360 }, output);
  t.equal((await pushBody(server, 'cam', Buffer.concat([first, second]))).status, 200);
  const recording = await waitUntil('the recording', async () => (await listed(server.origin, '?stream=cam')).find(({ state }) => state === 'complete'), 60_000, 200);
  t.match(recording, { title: 'A show', durationSeconds: Number, urls: { hls: `${server.origin}/recordings/${recording.id}/index.m3u8` } });
  t.ok(Math.abs(recording.durationSeconds - 14) < 0.5, `${recording.durationSeconds} s`);

  const expected = [...source.pictures.map(({ number }) => number), ...Array.from({ length: 150 }, (_none, index) => index)];
  const vod = await decode(t, recording.urls.hls);
  t.strictSame(vod.pictures.map(({ number }) => number), expected, 'played from its playlist');
  const text = await (await fetch(new URL('media.m3u8', recording.urls.hls))).text();
  t.match(text, /#EXT-X-PLAYLIST-TYPE:VOD\n[^]*#EXT-X-DISCONTINUITY\n[^]*#EXT-X-ENDLIST\n$/);
  t.match(await (await fetch(recording.urls.hls)).text(), /EXT-X-I-FRAME-STREAM-INF:.*RESOLUTION=640x360,URI="iframes.m3u8"/);

  const download = await fetch(recording.urls.download);
  t.equal(download.status, 200);
  const file = Buffer.from(await download.arrayBuffer());
  t.match(Object.fromEntries(download.headers), { 'content-type': 'video/mp4', 'accept-ranges': 'bytes', 'content-length': String(file.length), 'content-disposition': `attachment; filename="${recording.id}.mp4"` });
  t.ok(file.indexOf('moov') < file.indexOf('mdat') && file.indexOf('moof') < 0, 'an ordinary MP4 with its index first');
  const downloaded = await decode(t, file);
  t.strictSame(downloaded.pictures.map(({ number }) => number), expected, 'downloaded');
  const head = { pictures: downloaded.pictures.slice(0, source.pictures.length), loudness: downloaded.loudness };
  t.ok(Math.abs(soundDelay(source, head)) <= 0.05, `sound is ${soundDelay(source, head)} s late`);
  const part = await fetch(recording.urls.download, { headers: { range: 'bytes=1000-1999' } });
  t.equal(part.status, 206);
  t.ok(Buffer.from(await part.arrayBuffer()).equals(file.subarray(1000, 2000)));
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', recording.urls.download]);
  t.ok(Math.abs(Number(String(stdout)) - 14) < 0.5, `${String(stdout)} s`);

  // Over the joint of the two containers: 8 s of the first, then the second.
  const clip = await fetch(`${recording.urls.download}?from=7&to=9.2`);
  t.equal(clip.status, 200);
  const clipped = (await decode(t, Buffer.from(await clip.arrayBuffer()))).pictures.map(({ number }) => number);
  const [firstPicture = -1] = clipped;
  t.strictSame(clipped, expected.slice(firstPicture, firstPicture + clipped.length), 'each picture once, in order');
  t.ok(firstPicture <= 7 * 25 && firstPicture > 4 * 25, `from picture ${firstPicture}, a keyframe at or before 7 s`);
  t.ok(Math.abs(firstPicture + clipped.length - 9.2 * 25) <= 3, `up to picture ${firstPicture + clipped.length}`);

  t.equal((await fetch(`${server.origin}/api/recordings/${recording.id}`, { method: 'DELETE' })).status, 401);
  t.match(await (await withKey(server, 'PATCH', `recordings/${recording.id}`, { title: 'Better' })).json(), { title: 'Better' });
  t.equal((await withKey(server, 'DELETE', `recordings/${recording.id}`)).status, 204);
  for (const url of [recording.urls.hls, recording.urls.download, `${recording.urls.download}?from=7&to=9.2`, new URL('0.m4s', recording.urls.hls).href, `${server.origin}/api/recordings/${recording.id}`]) t.equal((await fetch(url)).status, 404, url);
});

t.test('over a line that is cut, a killed ffmpeg and another container, what viewers had is in the recording and in the download: every picture once, in order, with its sound', { skip: skipDownload }, async (t) => {
  const server = await startServer(t, { RECORD: 'on', ENDED_RETENTION_SECONDS: '60' });
  // Where pictures are decoded in another order than they are shown, a kill begins no timeline: reordered-pictures.test.ts.
  const inOrder = [...output.slice(0, 2), '-bf', '0', ...output.slice(2)];
  const [first, second] = [await record({ seconds: 8 }, inOrder), await record({ seconds: 4, firstNumber: 200, width: 640, height: 360 }, inOrder)];
  const source = await decode(t, first);
  const proxy = await CuttingProxy.listen(t, server.origin, [{ direction: 'up', afterBytes: Math.round(first.length / 3), afterMs: 60_000, manner: 'reset' }]);
  const publisher = new ResumingPublisher(t, { url: proxy.through(server.publishUrl('cam')), random: seededRandom(7) });
  await publisher.whenReady();
  const viewer = new HlsViewer(server.hlsUrl('cam'));
  publisher.push(first);
  await waitUntil('two seconds to be recorded', async () => (await listed(server.origin)).find(({ durationSeconds }) => durationSeconds >= 2), 60_000, 50);
  await killTranscoders();
  await waitUntil('the publisher to be told', () => publisher.warnings.length > 0, 30_000);
  publisher.push(second);
  await waitUntil('every byte to be acknowledged', () => publisher.acknowledged === first.length + second.length, 60_000);
  publisher.end();
  t.equal((await publisher.closed).code, 1000);
  t.ok(proxy.made.length > 0 && publisher.resumedAt.length > 1, 'the line was cut, and the publisher came back');

  await viewer.ended;
  const shown = await Promise.all((await viewer.timelines()).map(({ bytes }) => decode(t, bytes)));
  const expected = Array.from({ length: 300 }, (_none, index) => index);
  t.strictSame(numbersOf(shown), expected, 'a viewer had every picture');
  t.ok(shown.length > 2, `${shown.length} timelines: the kill and the container began new ones`);
  const recording = await waitUntil('the recording', async () => (await listed(server.origin)).find(({ state }) => state === 'complete'), 60_000, 50);
  t.strictSame((await decode(t, recording.urls.hls)).pictures.map(({ number }) => number), expected, 'played from its playlist');
  const downloaded = await decode(t, Buffer.from(await (await fetch(recording.urls.download)).arrayBuffer()));
  t.strictSame(downloaded.pictures.map(({ number }) => number), expected, 'downloaded');
  t.ok(Math.abs(soundDelay(source, downloaded)) <= 0.05, `sound is ${soundDelay(source, downloaded)} s late`);
});

/** Those of this process that work for a broadcast. */
async function killTranscoders(): Promise<void> {
  for (const pid of await childrenOf(process.pid, 'ffmpeg')) if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('frag_discont')) process.kill(pid, 'SIGKILL');
}

t.test('nothing is recorded of whom nobody asked for it, and what is no segment of a recording has no address', { skip }, async (t) => {
  const server = await startServer(t);
  t.equal((await pushBody(server, 'cam', await record({ seconds: 5 }, output))).status, 200);
  t.strictSame(await listed(server.origin), []);
  await withKey(server, 'PATCH', 'streams/cam', { record: true });
  t.equal((await pushBody(server, 'cam', await record({ seconds: 5 }, output))).status, 200);
  const [recording] = await listed(server.origin);
  const base = recording?.urls.hls.replace(/index\.m3u8$/, '') ?? '';
  for (const name of ['manifest.jsonl', 'download.m3u8', '..%2F..%2Fkeys.json', '%2e%2e%2fx', '99.m4s', '0.0.m4s']) t.equal((await fetch(base + name)).status, 404, name);
});

t.test('who may not watch a stream may not watch its recordings', { skip }, async (t) => {
  const server = await startServer(t, { RECORD: 'on', VIEW_KEY: 'the-view-key-of-this-test' });
  t.equal((await pushBody(server, 'cam', await record({ seconds: 5 }, output))).status, 200);
  const [recording] = await listed(server.origin);
  const { hls = '', download = '' } = recording?.urls ?? {};
  for (const url of [hls, download, hls.replace('index.m3u8', '0.m4s')]) t.equal((await fetch(url)).status, 401, url);
  const { token } = (await (await withKey(server, 'POST', 'streams/cam/links', { expiresInSeconds: 60 })).json()) as { token: string };
  const signed = hls.replace('index.m3u8', `~${token}/index.m3u8`);
  const answer = await fetch(signed);
  t.equal(answer.status, 200);
  t.match(answer.headers.get('cache-control'), /private/);
  t.equal((await decode(t, signed)).pictures.length, 125);
  const other = (await (await withKey(server, 'POST', 'streams/other/links', { expiresInSeconds: 60 })).json()) as { token: string };
  t.equal((await fetch(hls.replace('index.m3u8', `~${other.token}/index.m3u8`))).status, 401, "another stream's token");
});

t.test('after kill -9 a recording is complete up to the last segment that viewers were shown, in its playlist and in its download', { skip: skipDownload }, async (t) => {
  const directory = await temporaryDirectory(t);
  const first = await startProcess(t, directory);
  const over = new AbortController();
  t.teardown(() => over.abort());
  fetch(`${first.origin}/live/cam/publish?key=${key}`, { method: 'PUT', body: await record({ seconds: 60 }, output), signal: over.signal }).catch(() => undefined);
  const growing = await waitUntil('six seconds to be recorded', async () => (await listed(first.origin)).find(({ durationSeconds }) => durationSeconds >= 6), 60_000, 100);
  t.equal(growing.state, 'recording');
  t.equal((await fetch(growing.urls.download)).status, 503);
  t.match(await (await fetch(new URL('media.m3u8', growing.urls.hls))).text(), /#EXT-X-PLAYLIST-TYPE:EVENT\n/);
  first.child.kill('SIGKILL');
  await first.exited;

  const second = await startProcess(t, directory);
  const [recording] = await listed(second.origin);
  t.match(recording, { id: growing.id, state: 'interrupted' });
  t.ok(recording!.durationSeconds >= growing.durationSeconds - 0.001, `${recording!.durationSeconds} s, ${growing.durationSeconds} s were told before`);
  const pictures = (await decode(t, recording!.urls.hls)).pictures.map(({ number }) => number);
  // Those that are shown in another order than they are decoded may end a picture or two later than their segment.
  t.ok(Math.abs(pictures.length / 25 - recording!.durationSeconds) < 0.2, `${pictures.length} pictures in ${recording!.durationSeconds} s`);
  t.strictSame(pictures, Array.from(pictures, (_number, index) => index), 'every one, once, in order');
  const file = Buffer.from(await (await fetch(recording!.urls.download)).arrayBuffer());
  t.strictSame((await decode(t, file)).pictures.map(({ number }) => number), pictures);
});

t.test('a recording in an object store that is away for a while is played from there and downloaded, every picture once, by this server and by another one', { skip: skipDownload }, async (t) => {
  const store = await FakeObjectStore.start(t);
  const server = await startServer(t, { RECORD: 'on', SEGMENT_SECONDS: '1', ...store.settings });
  store.mood = () => ({ status: 503 });
  const publishing = pushBody(server, 'cam', await record({ seconds: 8 }, output));
  await waitUntil('three seconds to be recorded', async () => (await listed(server.origin)).find(({ durationSeconds }) => durationSeconds >= 3), 60_000, 100);
  store.mood = () => undefined;
  t.equal((await publishing).status, 200);
  const [recording] = await listed(server.origin);
  await waitUntil('its end in the store', () => store.text(`${recording?.id}/manifest.jsonl`).includes('"type":"end"'), 60_000, 50);
  await waitUntil('the disk to be empty', async () => /^onair_recordings_spool_bytes 0$/m.test(await (await fetch(`${server.origin}/metrics`)).text()), 60_000, 50);
  const other = await startServer(t, { S3_DELIVERY: 'redirect', ...store.settings });
  const again = await waitUntil('the other server to find it', async () => (await listed(other.origin))[0], 60_000, 50);
  t.equal((await fetch(again.urls.hls.replace('index.m3u8', '1.m4s'), { redirect: 'manual' })).status, 302);
  const expected = Array.from({ length: 200 }, (_none, index) => index);
  for (const { urls } of [recording!, again]) t.strictSame((await decode(t, urls.hls)).pictures.map(({ number }) => number), expected, urls.hls);
  const file = Buffer.from(await (await fetch(again.urls.download)).arrayBuffer());
  t.strictSame((await decode(t, file)).pictures.map(({ number }) => number), expected, 'downloaded');
  t.equal((await withKey(server, 'DELETE', `recordings/${recording?.id}`)).status, 204);
  await waitUntil('the store to be empty', () => store.keys.length === 0, 60_000, 50);
});

/** A disk of a few megabytes in memory, where this user may mount one. */
async function smallDisk(t: Test): Promise<string | undefined> {
  const directory = join(await temporaryDirectory(t), 'disk');
  await mkdir(directory);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory]);
  } catch {
    return undefined;
  }
  t.teardown(() => run('umount', ['-l', directory]));
  return directory;
}

t.test('a disk that is full for a while costs the recording a gap, told once; the live stream has all of it', { skip }, async (t) => {
  const directory = await smallDisk(t);
  await t.test('full, and with room again', { skip: directory === undefined && 'this user may not mount a disk' }, (t) => recordBesideFullDisk(t, directory ?? ''));
});

async function recordBesideFullDisk(t: Test, directory: string): Promise<void> {
  const server = await startServer(t, { RECORD: 'on', RECORDINGS_DIR: directory, SEGMENT_SECONDS: '1' });
  const publishing = pushBody(server, 'cam', await record({ seconds: 25 }, output));
  const begun = await waitUntil('two seconds to be recorded', async () => (await listed(server.origin)).find(({ durationSeconds }) => durationSeconds >= 2), 60_000, 100);
  const filler = join(directory, 'filler');
  await writeFile(filler, Buffer.alloc(9_000_000)).catch(() => undefined);
  const failures = async (): Promise<number> => Number(/^onair_recording_failures_total (\d+)$/m.exec(await (await fetch(`${server.origin}/metrics`)).text())?.[1]);
  await waitUntil('the recording to fail', async () => (await failures()) > 0, 30_000, 100);
  await rm(filler);
  t.equal((await publishing).status, 200);
  const [recording] = await listed(server.origin);
  t.match(recording, { id: begun.id, state: 'complete' });
  t.equal(await failures(), 1, 'told once');
  t.ok(Math.abs(recording!.durationSeconds - 25) < 0.5, `${recording!.durationSeconds} s with the gap`);
  const text = await (await fetch(new URL('media.m3u8', recording!.urls.hls))).text();
  const gaps = text.match(/#EXT-X-GAP/g)?.length ?? 0;
  const all = text.match(/#EXTINF/g)?.length ?? 0;
  t.ok(gaps > 0 && gaps < all / 2, `${gaps} of ${all} segments are missing`);
  const missingSeconds = [...text.matchAll(/#EXT-X-GAP\n#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
  t.ok(Math.abs(recording!.missingSeconds - missingSeconds) < 0.01, `${recording!.missingSeconds} s are said to be missing, ${missingSeconds} are`);
  t.match(await (await fetch(`${server.origin}/metrics`)).text(), new RegExp(`^onair_recordings_missing_seconds ${recording!.missingSeconds}$`, 'm'));
  t.notMatch(/#EXT-X-GAP\n#EXTINF:[^\n]*\n[^\n]*\n#EXT-X-ENDLIST/.exec(text)?.[0], /./, 'it went on when there was room again');
  const pictures = (await decode(t, Buffer.from(await (await fetch(recording!.urls.download)).arrayBuffer()))).pictures.map(({ number }) => number);
  t.ok(pictures.every((number, index) => index === 0 || number > (pictures[index - 1] ?? 0)), 'in order');
  t.ok(Math.abs(pictures.length - (all - gaps) * 25) <= 3, `${pictures.length} pictures of ${all - gaps} s`);
}
