import t from 'tap';
import { defaultEncodeLimits } from '../../src/live/encode-limits.js';
import { planTranscode } from '../../src/live/ffmpeg-options.js';
import { shapeFilters, shownSize, shownSizeWithin } from '../../src/live/picture-shape.js';
import type { SourceTrack } from '../../src/source/source-events.js';
import { plausible } from '../../src/source/plausible-facts.js';
import { TrackShaper } from '../../src/source/track-shaper.js';

const picture = (facts: Partial<SourceTrack>): SourceTrack => ({ id: 1, kind: 'video', codec: 'vp8', ...facts });

t.test('a picture is shown in square pixels, stretched and never shrunk, and upright', async (t) => {
  const shown = (facts: Partial<SourceTrack>): string => Object.values(shownSize(picture(facts)) ?? {}).join('x');
  t.equal(shown({ width: 720, height: 576, sampleAspect: [64, 45] }), '1024x576');
  t.equal(shown({ width: 720, height: 480, sampleAspect: [8, 9] }), '720x540');
  t.equal(shown({ width: 1440, height: 1080, sampleAspect: [4, 3], rotation: 90 }), '1080x1920');
  t.equal(shown({ width: 640, height: 360, rotation: 180 }), '640x360');
  t.equal(shownSize(picture({ sampleAspect: [4, 3] })), undefined, 'nobody knows');
});

t.test('what is encoded keeps within the limits as it is shown, whatever the pixels are', async (t) => {
  for (const facts of [{ width: 1920, height: 1080, sampleAspect: [2, 1] }, { width: 1080, height: 1920, sampleAspect: [1, 3] }, { width: 3840, height: 2160, rotation: 270 }, { width: 64, height: 4000, sampleAspect: [16, 1] }] as const) {
    const size = shownSizeWithin(picture(facts), defaultEncodeLimits);
    if (!size) throw new Error('expected a size');
    t.ok(Math.max(size.width, size.height) <= defaultEncodeLimits.longSide && Math.min(size.width, size.height) <= defaultEncodeLimits.shortSide, JSON.stringify(size));
    t.ok(size.width % 2 === 0 && size.height % 2 === 0);
  }
});

t.test('fields are made pictures where there are or may be some, before anything is scaled; a turn comes last', async (t) => {
  const filters = (facts: Partial<SourceTrack>): string[] => shapeFilters(picture({ width: 640, height: 360, ...facts }), defaultEncodeLimits).map((filter) => filter.split('=')[0] ?? '');
  t.strictSame(filters({ codec: 'h264', interlaced: true, rotation: 90 }), ['bwdif', 'scale', 'transpose', 'setsar']);
  t.strictSame(filters({ codec: 'h264', interlaced: false, rotation: 180 }), ['scale', 'hflip', 'vflip', 'setsar']);
  t.strictSame(filters({ codec: 'mpeg2video' }), ['bwdif', 'scale', 'setsar']);
  t.strictSame(filters({ codec: 'vp8' }), ['scale', 'setsar'], 'no picture is held back for nothing');
});

t.test('a picture that is to be turned is encoded; pixels that only the container knows of are written into the copy', async (t) => {
  const planOf = (facts: Partial<SourceTrack>): { action?: string; reason?: string; options: string } => {
    const plan = planTranscode({ container: 'mp4', tracks: [picture({ codec: 'h264', width: 720, height: 576, ...facts })] }, { segmentSeconds: 2, ffmpegMajor: 5 });
    return { ...plan.tracks[0], options: plan.outputOptions.join(' ') };
  };
  t.match(planOf({ rotation: 90 }), { action: 'transcode', reason: 'It is to be turned by 90°, which not every player does: transcoded to H.264, turned by 90°' });
  t.match(planOf({ sampleAspect: [64, 45], aspectIsOutside: true }), { action: 'copy', options: /h264_metadata=sample_aspect_ratio=64\/45/ });
  t.notMatch(planOf({ sampleAspect: [64, 45], aspectIsOutside: false }).options, /h264_metadata/);
  t.match(planOf({ sampleAspect: [64, 45], bitDepth: 10 }), { action: 'transcode', reason: /, in square pixels \(1024 × 576\)$/ });
});

t.test('what a container says of its pixels is kept in numbers that H.264 can say, and left out where it makes no sense', async (t) => {
  const kept = (one: number, other: number): unknown => plausible(picture({ sampleAspect: [one, other] })).sampleAspect;
  t.strictSame(kept(1024 * 576, 720 * 576), [64, 45]);
  t.equal(kept(7, 7), undefined, 'square');
  for (const [one, other] of [[0, 1], [1, 0], [NaN, 1], [1, 17], [2 ** 64, 1]] as const) t.equal(kept(one, other), undefined, `${one}:${other}`);
  const [across, down] = kept(2 ** 40 + 1, 2 ** 39) as [number, number];
  t.ok(across <= 65_535 && Math.abs(across / down - 2) < 0.001, `${across}:${down}`);
});

t.test('a container that asks for other than square pixels is believed where the bitstream says square, or nothing', async (t) => {
  t.match(new TrackShaper(picture({ codec: 'h264', sampleAspect: [4, 3] })).track, { sampleAspect: [4, 3], aspectIsOutside: true });
  t.match(new TrackShaper(picture({ codec: 'h264' })).track, { aspectIsOutside: false });
});
