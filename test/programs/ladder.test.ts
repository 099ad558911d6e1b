import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { loadConfig } from '../../src/config.js';
import { encoderFault } from '../../src/live/ladder-encoder-probe.js';
import { ladderSettings } from '../../src/start-checks.js';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { keyframeTimes, timesNotIn } from '../helpers/keyframe-times.js';
import { record } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { childrenOf, ffmpeg, findProgram, skipBeforeFfmpeg, skipWithout, waitUntil } from '../helpers/programs.js';
import { ResumingPublisher } from '../helpers/resuming-publisher.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(140_000);
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg') || skipBeforeFfmpeg(5);

const rate = 25;
const encode = (...more: readonly string[]): string[] => ['-c:v', 'libx264', '-preset', 'ultrafast', ...more, '-pix_fmt', 'yuv420p', '-force_key_frames', 'expr:gte(t,n_forced)', '-sc_threshold', '0', '-threads', '1', '-c:a', 'libopus', '-b:a', '64k', '-f', 'matroska', '-live', '1'];

/** The ffmpeg that makes renditions. */
async function ladderPid(): Promise<number | undefined> {
  for (const pid of await childrenOf(process.pid, 'ffmpeg')) if ((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('split=')) return pid;
  return undefined;
}

/** Pictures of all that a viewer saw: number and media time. */
async function picturesOf(t: Test, viewer: HlsViewer): Promise<{ number: number; timeSeconds: number }[]> {
  const timelines = (await viewer.timelines()).filter(({ bytes }) => bytes.length > 0);
  const decoded = await Promise.all(timelines.map(({ bytes }) => decode(t, bytes, ['-xerror'])));
  return decoded.flatMap(({ pictures }) => [...pictures]);
}

t.test('renditions that the server makes have every picture once, in order, cut as the source is: from when they are asked for, with pictures out of order, over a killed ffmpeg, a resume and another size', { skip }, async (t) => {
  const server = await startServer(t, { LADDER: '120:60k,90:30k' });
  const [before, after] = await Promise.all([
    record({ seconds: 9, width: 640, height: 360 }, encode('-bf', '2')),
    record({ seconds: 6, width: 256, height: 144, rate }, encode('-tune', 'zerolatency', '-b:v', '900k', '-minrate', '900k', '-maxrate', '900k', '-bufsize', '450k', '-nal-hrd', 'cbr')),
  ]);
  const proxy = await CuttingProxy.listen(t, server.origin, [{ direction: 'up', afterBytes: Math.floor(before.length * 0.85), afterMs: 60_000, manner: 'reset' }]);
  const publisher = new ResumingPublisher(t, { url: proxy.through(server.publishUrl('made')), random: seededRandom(7) });
  await publisher.whenReady();
  const source = new HlsViewer(server.hlsUrl('made'));
  publisher.push(before.subarray(0, Math.floor(before.length * 0.75)));
  await source.mediaUrl;
  t.equal(await ladderPid(), undefined, 'nothing is made before somebody asks');
  const viewers = [1, 2].map((variant) => new HlsViewer(server.hlsUrl('made'), { variant }));
  const died = await waitUntil('the ladder', ladderPid);
  await waitUntil('media of it', () => (viewers[1]?.playlists.at(-1)?.segments.filter(({ isGap, durationSeconds }) => !isGap && durationSeconds).length ?? 0) > 0);
  process.kill(died, 'SIGKILL');
  await waitUntil('another one', async () => ![undefined, died].includes(await ladderPid()));
  publisher.push(before.subarray(Math.floor(before.length * 0.75)));
  // What comes in one go is ahead of time, and renditions that are too far behind are not waited for.
  publisher.push(after.subarray(0, Math.floor(after.length / 3)));
  const hasSecond = ({ playlists }: HlsViewer): boolean => playlists.at(-1)?.segments.some(({ isDiscontinuity, parts }) => isDiscontinuity && parts.some(({ isGap }) => !isGap)) === true;
  await waitUntil('the other size in all of them', () => viewers.every(hasSecond));
  publisher.push(after.subarray(Math.floor(after.length / 3)));
  await waitUntil('every byte to be acknowledged', () => publisher.acknowledged === before.length + after.length, 60_000);
  publisher.end();
  await Promise.all([source, ...viewers].map(({ ended }) => ended));

  t.strictSame([...multivariantViolations(source.multivariant)], []);
  t.strictSame([...source.multivariant.matchAll(/RESOLUTION=(\S+?),/g)].map(([, size]) => size), ['640x360', '214x120', '160x90'], 'listed before they are made');
  t.strictSame([publisher.broadcasts.size, publisher.resumedAt.length, publisher.faults], [1, 2, []], 'the publisher came back');
  t.strictSame(publisher.warnings, [], 'the source does not notice');
  const partsOf = ({ playlists }: HlsViewer): Map<string, number> => new Map(playlists.flatMap(({ segments }) => segments.flatMap(({ parts }) => parts.map(({ uri, durationSeconds }): [string, number] => [uri, durationSeconds]))));
  const keyframesOf = async (viewer: HlsViewer): Promise<number[]> => (await viewer.timelines()).flatMap(({ bytes }) => keyframeTimes(bytes));
  const shown = await picturesOf(t, source);
  const keyframes = await keyframesOf(source);
  for (const viewer of viewers) {
    t.strictSame(violations(viewer.playlists), []);
    const own = new Map(viewer.segments.map((segment) => [segment.sequenceNumber, segment]));
    for (const { sequenceNumber, durationSeconds, programDateTime, isDiscontinuity } of source.segments) {
      const segment = own.get(sequenceNumber);
      if (segment) t.strictSame([segment.durationSeconds, segment.programDateTime, segment.isDiscontinuity], [durationSeconds, programDateTime, isDiscontinuity], `segment ${sequenceNumber} is cut alike`);
    }
    const parts = [...partsOf(viewer)].filter(([uri]) => partsOf(source).has(uri));
    t.ok(parts.length > 10, `${parts.length} parts seen in both`);
    t.strictSame(parts.filter(([uri, seconds]) => partsOf(source).get(uri) !== seconds), [], 'each as long');
    const made = await picturesOf(t, viewer);
    const [first] = made;
    const from = shown.findIndex(({ timeSeconds }) => first !== undefined && Math.abs(timeSeconds - first.timeSeconds) < 0.001);
    t.ok(from >= 0 && from < 6 * rate, `begins with picture ${from}`);
    t.strictSame(made.map(({ number }) => number), shown.slice(from).map(({ number }) => number), 'every picture from there on, once and in order');
    const ownKeyframes = await keyframesOf(viewer);
    t.strictSame(timesNotIn(keyframes.filter((time) => time > (first?.timeSeconds ?? NaN) - 0.001), ownKeyframes), [], `a keyframe where the source has one: ${ownKeyframes.join(' ')}`);
    t.ok(ownKeyframes.length > 6 && timesNotIn(ownKeyframes, keyframes).length <= 1, `and nowhere else but where the second ffmpeg began: ${keyframes.join(' ')}`);
    t.ok(made.every(({ timeSeconds }, index) => Math.abs(timeSeconds - (shown[from + index]?.timeSeconds ?? NaN)) < 0.001), 'at the same times');
  }
});

t.test('an encoder that does not work here is refused in words when the server starts, and on a small machine nothing is made by itself', { skip }, async (t) => {
  const settings = (env: Record<string, string>, cores = 8): ReturnType<typeof ladderSettings> => ladderSettings(loadConfig(env, 'public'), { ffmpegPath: ffmpeg?.path ?? '', cores });
  t.equal(await encoderFault(ffmpeg?.path ?? '', 'libx264'), undefined, 'the probe finds one that works');
  await t.rejects(settings({ LADDER: 'auto', LADDER_ENCODER: 'h264_v4l2m2m' }), { name: 'ConfigError', message: /^LADDER_ENCODER: expected an encoder that works .*, got "h264_v4l2m2m" \(.{5,}\)$/ });
  t.equal(await settings({}, 2), undefined);
  t.equal(await settings({ LADDER: 'off' }), undefined);
  t.match(await settings({}), { rungs: undefined, encoder: 'libx264' }, 'where there are cores they are made unless somebody says no');
  t.match(await settings({ LADDER: '480:1000k' }, 2), { rungs: [{ lines: 480, bitsPerSecond: 1_000_000 }], encoder: 'libx264' });
});
