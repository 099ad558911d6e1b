import t from 'tap';
import { planLadder, readLadder, rungsOf } from '../../src/live/ladder-options.js';

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });
const idsOf = (width: number, height: number, bitsPerSecond = 8e6): string[] => rungsOf(size(width, height), bitsPerSecond, undefined).map(({ id, width: across, height: down }) => `${id} ${across}x${down}`);

t.test('by the size of the source, never up and never nearly as large, upright as lying', (t) => {
  t.strictSame(idsOf(1920, 1080), ['720p 1280x720', '480p 854x480', '360p 640x360']);
  t.strictSame(idsOf(1280, 720), ['480p 854x480', '360p 640x360']);
  t.strictSame(idsOf(720, 1280), ['480p 480x854', '360p 360x640']);
  t.strictSame(idsOf(854, 480), ['360p 640x360']);
  t.strictSame(idsOf(640, 360), []);
  t.strictSame(idsOf(320, 240), []);
  t.end();
});

t.test('none has more than 0.6 of the bits of the source', (t) => {
  t.strictSame(idsOf(1280, 720, 1_666_667), ['480p 854x480', '360p 640x360']);
  t.strictSame(idsOf(1280, 720, 1_600_000), ['360p 640x360']);
  t.strictSame(idsOf(1280, 720, 800_000), []);
  t.end();
});

t.test('what was asked for is made, highest first, if the source is larger', (t) => {
  t.equal(readLadder('auto'), undefined);
  const wished = readLadder('360:500k,600:900k');
  t.strictSame(wished, [{ lines: 360, bitsPerSecond: 500_000 }, { lines: 600, bitsPerSecond: 900_000 }]);
  t.strictSame(rungsOf(size(1280, 720), 4e6, wished).map(({ id }) => id), ['600p', '360p']);
  t.strictSame(rungsOf(size(1066, 600), 4e6, wished).map(({ id }) => id), ['360p']);
  t.end();
});

t.test('one pipe has all of them and the sound once; a new ffmpeg leaves out what is there', (t) => {
  const rungs = rungsOf(size(1280, 720), 4e6, undefined);
  const options = { rungs, hasSound: true, encoder: 'libx264', preset: 'superfast', ffmpegMajor: 5, after: new Map() } as const;
  const plan = planLadder(options);
  t.strictSame(plan.outputs, [{ name: '480p', trackIds: [1, 3] }, { name: '360p', trackIds: [2, 3] }]);
  t.equal(plan.inBackground, true, 'and the source goes first');
  t.notMatch(plan.outputOptions.join(' '), /select/);
  const again = planLadder({ ...options, hasSound: false, after: new Map([['360p', 12.5]]) });
  t.strictSame(again.outputs.map(({ trackIds }) => trackIds), [[1], [2]]);
  t.match(again.outputOptions[1], /\[in1\]select=gt\(t\\,12\.500500\),scale=640:360/);
  t.notMatch(again.outputOptions[1], /\[in0\]select/);
  for (const encoder of ['h264_nvenc', 'h264_vaapi', 'h264_qsv', 'h264_videotoolbox', 'h264_v4l2m2m'] as const) {
    const words = planLadder({ ...options, encoder }).outputOptions.join(' ');
    t.match(words, new RegExp(`-c:v ${encoder}.*-force_key_frames source`));
    t.notMatch(words, /x264-params/);
  }
  t.end();
});
