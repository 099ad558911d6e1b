import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { findProgram, run, skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';

const gst = findProgram('gst-launch-1.0');
const ffmpeg = process.env.FFMPEG_PATH ?? findProgram('ffmpeg');
const skip = skipWithout(gst, 'GStreamer');

const pictures = 150;
const camera = `videotestsrc is-live=true pattern=ball num-buffers=${pictures} ! video/x-raw,width=320,height=180,framerate=25/1`;
const microphone = `audiotestsrc is-live=true num-buffers=${Math.round((pictures / 25) * (44_100 / 1024))} ! voaacenc ! aacparse`;
const h264 = 'openh264enc gop-size=25 ! h264parse config-interval=-1';

/** Pipelines up to their muxer's end, and what becomes of the picture. */
const pipelines: Readonly<Record<string, readonly [pipeline: string, container: string, codec: string, action: string]>> = {
  webm: [`${camera} ! vp8enc deadline=1 keyframe-max-dist=25 ! webmmux streamable=true`, 'webm', 'vp8', 'transcode'],
  matroska: [`${camera} ! ${h264} ! matroskamux name=mux streamable=true`, 'matroska', 'h264', 'copy'],
  mpegts: [`${camera} ! ${h264} ! mpegtsmux name=mux`, 'mpegts', 'h264', 'copy'],
};

/** @param sink stands behind the muxer @returns the program's arguments */
function pipeline(name: string, sink: string): string[] {
  const [way = ''] = pipelines[name] ?? [];
  return ['-q', '-e', ...`${way} ! ${sink}${way.includes('name=mux') ? ` ${microphone} ! mux.` : ''}`.split(' ')];
}

async function infoOf({ origin }: TestServer, stream: string): Promise<LiveStreamInfo | undefined> {
  const answer = await fetch(`${origin}/api/streams/${stream}`);
  return answer.ok ? ((await answer.json()) as LiveStreamInfo) : undefined;
}

/** Counts what a viewer gets from the first picture to the end. */
function watch(t: Test, { origin }: TestServer, stream: string): Promise<number> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  let fragments = 0;
  socket.on('message', (_data, isBinary) => (fragments += isBinary ? 1 : 0));
  return once(socket, 'close').then(() => fragments);
}

async function checkShow(t: Test, server: TestServer, stream: string, name: string): Promise<void> {
  const [, container, sourceCodec, action] = pipelines[name]!;
  await waitUntil(`${stream} is live`, async () => (await infoOf(server, stream))?.rendition);
  const fragments = watch(t, server, stream);
  t.match(await infoOf(server, stream), { recording: { container, tracks: [{ kind: 'video', sourceCodec, action }] } }, stream);
  await waitUntil(`${stream} is over`, async () => (await infoOf(server, stream))?.state === 'ended');
  t.ok((await fragments) > 20, `${stream} plays on by WebSocket`);
  const { stdout } = await run(ffmpeg!, ['-hide_banner', '-loglevel', 'error', '-i', server.hlsUrl(stream), '-map', '0:v', '-f', 'null', '-c', 'copy', '-progress', '-', '-']);
  t.match(stdout.toString(), new RegExp(`frame=${pictures}\\n[^]*progress=end`), `${stream}: every picture is in the playlist`);
}

t.test('a pipeline whose buffers are messages of a WebSocket plays for as long as it runs', { skip, timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const example = join(import.meta.dirname, '../../examples/gstreamer-websocket/publish.mjs');
  await Promise.all(
    Object.keys(pipelines).map(async (name) => {
      const source = spawn(gst!, pipeline(name, 'fdsink'), { stdio: ['ignore', 'pipe', 'ignore'] });
      const publisher = spawn(process.execPath, [example, server.publishUrl(name)], { stdio: [source.stdout, 'ignore', 'ignore'] });
      t.teardown(() => [source, publisher].map((child) => child.kill('SIGKILL')));
      source.stdout.destroy(); // it is the publisher's now
      await checkShow(t, server, name, name);
    }),
  );
});

t.test("GStreamer's HTTP sink pushes, and a wrong key stops its pipeline", { skip, timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const push = (stream: string, key: string): Promise<unknown> =>
    run(gst!, pipeline('matroska', `curlhttpsink file-name=${stream} use-content-length=false location=${server.origin}/live/${stream}/publish?key=${key}`), { timeoutMs: 30_000 });
  const [pushed] = await Promise.all([push('cam', server.key), checkShow(t, server, 'cam', 'matroska')]);
  t.ok(pushed);
  await t.rejects(push('other', 'wrong'), 'the pipeline fails');
});
