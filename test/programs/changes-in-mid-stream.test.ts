import t, { type Test } from 'tap';
import { flvFile, flvTags } from '../helpers/media-tools.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { findProgram, skipWithout } from '../helpers/programs.js';
import { push, type Pushed, type Way } from '../helpers/pushed.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(120_000);
t.jobs = 2;

const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
const server = await startServer(t, { RTMP_PORT: '0' });
/** Of each half. */
const seconds = 4;
const pictures = Array.from({ length: seconds * 25 }, (_, index) => index);
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-b:v', '600k'];
const aac = ['-c:a', 'aac'];
const wide = { seconds, width: 320, height: 180 };
const upright = { seconds, width: 180, height: 320 };
const later = ['-output_ts_offset', String(seconds)];

/** One FLV of two: headers once, times that go on. */
function joinedFlv(one: Buffer, other: Buffer): Buffer {
  const first = flvTags(one);
  const isMedia = ({ type }: (typeof first)[number]): boolean => type !== 18;
  return flvFile([...first, ...flvTags(other).filter(isMedia).map((tag) => ({ ...tag, timeMs: tag.timeMs + seconds * 1000 }))]);
}

const sizesOf = ({ tracks }: Pushed): string[] => tracks.map((each) => each.flatMap((track) => (track.kind === 'video' ? [`${track.width}x${track.height}`] : [])).join());

/** Both halves whole, each under its own init segment. */
function checkHalves(t: Test, pushed: Pushed, what: string): void {
  t.equal(pushed.timelines.length, 2, `${what}: one joint`);
  t.strictSame(pushed.timelines.flatMap(({ pictures: shown }) => shown.map(({ number }) => number)), [...pictures, ...pictures], `${what}: no picture of either half is lost`);
  // Sound that changes behind a keyframe waits for the next one.
  const heardMs = pushed.timelines.map(({ loudness }) => loudness.filter((level) => level > 0).length);
  t.ok(heardMs.every((ms) => ms > (seconds - 1.2) * 1000), `${what}: ${heardMs.join(' and ')} ms of sound`);
}

t.test('another picture size in mid-stream is shown in its own shape, in every container', { skip }, async (t) => {
  const [one, other] = await Promise.all([wide, upright].map((size) => record(size, [...x264, ...aac, '-f', 'matroska'])));
  const both = async (...output: string[]): Promise<[Buffer, Buffer]> => [await remake(one!, ['-c', 'copy', ...output]), await remake(other!, ['-c', 'copy', ...later, ...output])];
  const [ts, flv] = [await both('-f', 'mpegts'), await Promise.all([one!, other!].map((half) => remake(half, ['-c', 'copy', '-f', 'flv'])))];
  // Parameter sets in the pictures, under the first one's header: what `avc3` is.
  const bare = await Promise.all([one!, other!].map((half) => remake(half, ['-map', '0:v', '-c', 'copy', '-f', 'h264'])));
  const sets = (...output: string[]): Promise<Buffer> => remake(Buffer.concat(bare), ['-c', 'copy', ...output], ['-f', 'h264', '-r', '25']);
  const cases: readonly (readonly [name: string, bytes: Buffer, way: Way])[] = [
    ['ts', Buffer.concat(ts), 'put'],
    ['flv', joinedFlv(flv[0]!, flv[1]!), 'post'],
    ['rtmp', joinedFlv(flv[0]!, flv[1]!), 'rtmp'],
    ['new-header', Buffer.concat([one!, other!]), 'socket'],
  ];
  for (const [name, bytes, way] of cases) {
    const pushed = await push(t, server, `size-${name}`, bytes, way);
    checkHalves(t, pushed, name);
    t.strictSame(sizesOf(pushed), ['320x180', '180x320'], name);
  }
  for (const [name, bytes] of [['mkv', await sets('-f', 'matroska')], ['mp4', await sets('-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof')]] as const) {
    const pushed = await push(t, server, `sets-${name}`, bytes, 'socket');
    t.strictSame(sizesOf(pushed), ['320x180', '180x320'], name);
    t.strictSame(pushed.timelines.map(({ pictures: shown }) => shown.length), [100, 100], name);
    t.match(pushed.recordings.map(({ tracks }) => tracks[0]?.action), ['copy', 'copy'], name);
  }
});

t.test('other channels, another sample rate, or another codec in mid-stream begin anew', { skip }, async (t) => {
  const half = (...output: string[]): Promise<Buffer> => record(wide, output);
  const transport = async (...outputs: readonly (readonly string[])[]): Promise<Buffer> => Buffer.concat([await half(...(outputs[0] ?? []), '-f', 'mpegts'), await half(...(outputs[1] ?? []), '-f', 'mpegts', ...later)]);
  const flv = async (...outputs: readonly (readonly string[])[]): Promise<Buffer> => joinedFlv(await half(...(outputs[0] ?? []), '-f', 'flv'), await half(...(outputs[1] ?? []), '-f', 'flv'));
  const stereo = [...x264, ...aac, '-ac', '2'];
  const surround = [...x264, ...aac, '-ac', '6'];
  const slower = [...x264, ...aac, '-ac', '2', '-ar', '44100'];
  const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=25', '-pix_fmt', 'yuv420p', ...aac, '-ac', '2'];
  const mp3 = [...x264, '-c:a', 'libmp3lame', '-ar', '44100'];
  const cases: readonly (readonly [name: string, bytes: Buffer, way: Way, second: string])[] = [
    ['channels-ts', await transport(stereo, surround), 'put', 'copy copy'],
    ['channels-flv', await flv(stereo, surround), 'socket', 'copy copy'],
    ['channels-rtmp', await flv(surround, stereo), 'rtmp', 'copy copy'],
    ['rate-ts', await transport(stereo, slower), 'post', 'copy copy'],
    ['rate-flv', await flv(slower, stereo), 'put', 'copy copy'],
    ['picture-ts', await transport(stereo, hevc), 'socket', 'transcode copy'],
    ['sound-flv', await flv(stereo, mp3), 'put', 'copy transcode'],
  ];
  for (const [name, bytes, way, second] of cases) {
    const pushed = await push(t, server, name, bytes, way);
    checkHalves(t, pushed, name);
    t.equal(pushed.info.recording?.tracks.map(({ action }) => action).join(' '), second, name);
  }
});
