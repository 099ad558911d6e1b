import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { readFixture } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { ffmpeg, findProgram, run, skipWithout, startOwned, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';

const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
t.setTimeout(90_000);
t.jobs = 2;

/** A numbered recording with H.264 and AAC, as encoders send them. */
async function numberedFile(t: Test): Promise<string> {
  const file = join(await temporaryDirectory(t), 'numbered.mkv');
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-c:v', 'copy', '-c:a', 'aac', '-f', 'matroska', 'pipe:1'], { input: readFixture('chromium-h264.mkv').bytes });
  await writeFile(file, stdout);
  return file;
}

const infoOf = async (server: TestServer, stream: string): Promise<Partial<LiveStreamInfo>> =>
  (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as Partial<LiveStreamInfo>;

t.test('ffmpeg publishes by RTMP: nothing is encoded again, and every picture comes out in order with its sound', { skip }, async (t) => {
  const server = await startServer(t, { RTMP_PORT: '0' });
  const file = await numberedFile(t);
  const viewer = new HlsViewer(server.hlsUrl('cam'));
  const encoder = startOwned(t, 'ffmpeg', ['-v', 'error', '-nostdin', ...((ffmpeg?.major ?? 0) >= 5 ? ['-readrate', '1.6'] : ['-re']), '-i', file, '-c', 'copy', '-f', 'flv', server.rtmpUrl('cam')]);
  await viewer.mediaUrl;
  const { recording, urls } = await infoOf(server, 'cam');
  t.strictSame(recording?.tracks.map(({ kind, action }) => [kind, action]), [['video', 'copy'], ['audio', 'copy']]);
  t.equal(urls?.rtmp, server.rtmpUrl('cam').split('?')[0]);
  await viewer.ended;
  t.equal(encoder.exitCode ?? (await new Promise((resolve) => encoder.once('close', resolve))), 0, 'its goodbye ended the broadcast at once');
  const timelines = await viewer.timelines();
  t.equal(timelines.length, 1);
  const [source, result] = await Promise.all([decode(t, file), decode(t, timelines[0]!.bytes)]);
  t.strictSame(result.pictures.map(({ number }) => number), source.pictures.map(({ number }) => number));
  t.ok(Math.abs(soundDelay(source, result)) < 0.03, `sound off by ${String(soundDelay(source, result))} s`);
});

t.test('an encoder that was killed comes back with its key and goes on in the same broadcast', { skip }, async (t) => {
  const server = await startServer(t, { RTMP_PORT: '0' });
  const file = await numberedFile(t);
  const publish = (): ReturnType<typeof startOwned> => startOwned(t, 'ffmpeg', ['-v', 'error', '-nostdin', '-re', '-i', file, '-c', 'copy', '-f', 'flv', server.rtmpUrl('cam')]);
  const viewer = new HlsViewer(server.hlsUrl('cam'));
  const first = publish();
  await viewer.mediaUrl;
  const { broadcast } = await infoOf(server, 'cam');
  first.kill('SIGKILL');
  await waitUntil('the broadcast to wait', async () => (await infoOf(server, 'cam')).state === 'waiting');
  const second = publish();
  const segments = viewer.segments.length;
  await waitUntil('more of it', () => viewer.segments.length > segments + 1);
  t.equal((await infoOf(server, 'cam')).broadcast, broadcast);
  second.kill('SIGTERM'); // ffmpeg says goodbye then
  await viewer.ended;
  t.equal((await viewer.timelines()).length, 2, 'viewers see a discontinuity, not an end');
});

t.test('GStreamer publishes by RTMP', { skip: skipWithout(findProgram('gst-launch-1.0'), 'GStreamer') }, async (t) => {
  const server = await startServer(t, { RTMP_PORT: '0' });
  const viewer = new HlsViewer(server.hlsUrl('gst'));
  const picture = 'videotestsrc is-live=true num-buffers=150 ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! openh264enc gop-size=30 ! h264parse ! flvmux name=mux streamable=true';
  const sound = 'audiotestsrc is-live=true num-buffers=240 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! mux.';
  const launch = `-e ${picture} ! rtmp2sink name=sink location=${server.rtmpUrl('gst')} ${sound}`;
  await run('gst-launch-1.0', launch.split(' '));
  await viewer.ended;
  const [timeline, ...more] = await viewer.timelines();
  t.equal(more.length, 0);
  const { pictures } = await decode(t, timeline!.bytes);
  t.ok(pictures.length >= 148, `${String(pictures.length)} of 150 pictures`);
  t.strictSame((await infoOf(server, 'gst')).recording?.tracks.map(({ action }) => action), ['copy', 'copy']);
});

t.test('ffmpeg tells its user why it may not publish', { skip }, async (t) => {
  const server = await startServer(t, { RTMP_PORT: '0' });
  const words = async (url: string): Promise<string> => run('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc2=s=64x64', '-t', '3', '-f', 'flv', url]).then(() => 'accepted', String);
  t.match(await words(server.rtmpUrl('cam', 'wrong')), /Server error: the publish key is wrong/);
  t.match(await words(server.rtmpUrl('cam').replace('/live/', '/stream/')), /Server error: expected the server's address to end with \/live, got \/stream/);
  t.match(await run('ffmpeg', ['-v', 'error', '-i', server.rtmpUrl('cam'), '-f', 'null', '-']).then(() => 'played', String), /Server error: RTMP is for publishing here: watch it at http/);
});
