import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { fixture } from '../source/fixture.js';
import { findProgram, run, skipWithout, startOwned, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';

const ffmpeg = process.env.FFMPEG_PATH ?? findProgram('ffmpeg');
const curl = findProgram('curl');

const pushUrl = ({ origin, key }: TestServer, stream: string): string => `${origin}/live/${stream}/publish?key=${key}`;

async function infoOf({ origin }: TestServer, stream: string): Promise<LiveStreamInfo | undefined> {
  const answer = await fetch(`${origin}/api/streams/${stream}`);
  return answer.ok ? ((await answer.json()) as LiveStreamInfo) : undefined;
}

const isLive = (server: TestServer, stream: string): Promise<LiveStreamInfo> =>
  waitUntil(`${stream} is live`, async () => {
    const info = await infoOf(server, stream);
    return info?.state === 'live' && info.rendition ? info : undefined;
  });

/** ffmpeg does not wait for the answer. */
const isOver = (server: TestServer, stream: string): Promise<LiveStreamInfo> =>
  waitUntil(`${stream} is over`, async () => {
    const info = await infoOf(server, stream);
    return info?.state === 'ended' && info;
  });

/** A short show in any container: pictures and sound that every device can play. */
const show = (seconds: number, ...options: string[]): string[] => [
  ...['-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', String(seconds)],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-b:a', '64k', ...options],
];

t.test('ffmpeg pushes Matroska, MPEG-TS and FLV, and all of it is copied', { skip: skipWithout(ffmpeg, 'ffmpeg') }, async (t) => {
  const server = await startServer(t);
  await Promise.all(
    (['matroska', 'mpegts', 'flv'] as const).map(async (format) => {
      const pushing = run(ffmpeg!, show(5, '-f', format, '-method', format === 'flv' ? 'POST' : 'PUT', pushUrl(server, format)));
      const live = await isLive(server, format);
      t.match(live, { recording: { container: format, tracks: [{ sourceCodec: 'h264', action: 'copy' }, { sourceCodec: 'aac', action: 'copy' }] } }, format);
      await pushing;
      t.match(await isOver(server, format), { rendition: { width: 320, height: 180 } });
      const frames = await run(ffmpeg!, ['-hide_banner', '-loglevel', 'error', '-i', server.hlsUrl(format), '-map', '0:v', '-f', 'null', '-c', 'copy', '-progress', '-', '-']);
      t.match(frames.stdout.toString(), /frame=125\n[^]*progress=end/, `${format}: no picture is lost`);
    }),
  );
});

t.test('curl pushes what another program still writes, and is told what became of it', { skip: skipWithout(curl, 'curl') }, async (t) => {
  const server = await startServer(t);
  const recording = fixture('chromium-h264.mkv');
  const child = startOwned(t, curl!, ['-sS', '-T', '-', '-H', `Authorization: Bearer ${server.key}`, `${server.origin}/live/pipe/publish`], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answer = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (answer += text));
  for (let at = 0; at < recording.length; at += 20_000) {
    child.stdin!.write(recording.subarray(at, at + 20_000));
    if (at === 100_000) await waitUntil('the first bytes are there', async () => ((await infoOf(server, 'pipe'))?.receivedBytes ?? 0) >= 100_000);
  }
  child.stdin!.end();
  await once(child, 'close');
  t.match(JSON.parse(answer), { stream: 'pipe', state: 'ended', receivedBytes: recording.length, recording: { container: 'matroska', tracks: [{ sourceCodec: 'h264', action: 'copy' }, { sourceCodec: 'opus' }] } });
});

t.test('a wrong key costs curl and ffmpeg no byte of the recording', { skip: skipWithout(curl, 'curl') }, async (t) => {
  const server = await startServer(t);
  const { stdout } = await run(curl!, ['-sS', '-T', 'test/fixtures/chromium-vp8.webm', '-w', '\n%{http_code} %{size_upload}', `${server.origin}/live/cam/publish?key=wrong`]);
  t.equal(stdout.toString(), '{"code":"unauthorized","message":"the publish key is wrong"}\n401 0');
  if (ffmpeg === undefined) return;
  await t.rejects(run(ffmpeg, show(5, '-f', 'matroska', '-method', 'PUT', '-send_expect_100', '1', `${server.origin}/live/cam/publish?key=wrong`)), /401 Unauthorized/);
});

t.test('what is not media is answered in words, and the connection is closed', { skip: skipWithout(curl, 'curl') }, async (t) => {
  const server = await startServer(t);
  const send = async (input: Uint8Array): Promise<string> => (await run(curl!, ['-sS', '-T', '-', '-w', '\n%{http_code}', pushUrl(server, 'cam')], { input })).stdout.toString();
  t.match(await send(readFileSync('package.json')), /expected WebM, Matroska, .*, got JSON text[^]*\n415$/);
  t.match(await send(Buffer.from([0x1a])), /expected a recording with picture or sound, got 1 bytes without[^]*\n415$/);
  t.match(await send(Buffer.alloc(0)), /got 0 bytes[^]*\n415$/);
  t.match(await send(fixture('chromium-vp8.webm').fill(0, 250)), /415$/, 'nor is a header with nothing behind it');
});

t.test('a push that is killed and started again is the same broadcast, with all that came before', { skip: skipWithout(ffmpeg, 'ffmpeg') }, async (t) => {
  const server = await startServer(t, { RESUME_WINDOW_SECONDS: '20' });
  const push = (t: Test) => startOwned(t, ffmpeg!, show(60, '-f', 'matroska', '-method', 'PUT', pushUrl(server, 'cam')));
  const first = push(t);
  const { broadcast } = await isLive(server, 'cam');
  first.kill('SIGKILL');
  await waitUntil('the broadcast waits', async () => (await infoOf(server, 'cam'))?.state === 'waiting');
  const second = push(t);
  await waitUntil('it goes on', async () => (await infoOf(server, 'cam'))?.state === 'live');
  await waitUntil('a discontinuity', async () => {
    const master = await (await fetch(server.hlsUrl('cam'))).text();
    const media = master.split('\n').find((line) => line.endsWith('.m3u8'))!;
    return (await (await fetch(new URL(media, server.hlsUrl('cam')))).text()).includes('#EXT-X-DISCONTINUITY');
  });
  second.kill('SIGINT'); // ffmpeg then ends its body as it should
  await once(second, 'close');
  t.match(await isOver(server, 'cam'), { broadcast });
});

t.test('a server that stops tells who pushes', { skip: skipWithout(curl, 'curl') }, async (t) => {
  const server = await startServer(t);
  // With "-" it would wait for more of its input, and not look at the answer.
  const child = spawn(curl!, ['-sS', '-T', '.', '-w', '\n%{http_code}', pushUrl(server, 'cam')], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
  child.stdin.on('error', () => undefined).write(fixture('chromium-h264.mkv').subarray(0, 300_000));
  await isLive(server, 'cam');
  await server.close();
  if (child.exitCode === null) await once(child, 'close');
  t.match(answer, /shutting down[^]*\n503$/);
});
