import t from 'tap';
import type { ManifestSegment } from '../../src/hls/manifest.js';
import { clipSegments, clipWithin } from '../../src/live/clip.js';

const segment = (mediaSequence: number, durationSeconds: number, gap = false): ManifestSegment =>
  ({ type: 'segment', uri: `${mediaSequence}.m4s`, mapUri: 'init-0.mp4', mediaSequence, durationSeconds, byteLength: 10, programDateTimeMs: 0, ...(gap && { gap }) }) as ManifestSegment;
const names = (segments: readonly ManifestSegment[]): string => segments.map(({ mediaSequence }) => mediaSequence).join(' ');

t.test('a clip lies within the recording: what is not said is its beginning and its end, and what is wrong is refused in words', async (t) => {
  t.strictSame(clipWithin({ from: 2, to: 5 }, 10), { from: 2, to: 5 });
  t.strictSame(clipWithin({ to: 5 }, 10), { from: 0, to: 5 });
  t.strictSame(clipWithin({ from: 2.0004 }, 10), { from: 2, to: 10 });
  t.strictSame(clipWithin({ from: 9, to: 5000 }, 10), { from: 9, to: 10 }, 'nothing is after the end');
  const refused = { code: 'malformed' };
  t.throws(() => clipWithin({ from: 10 }, 10), { ...refused, message: 'expected "from" within the 10 s of this recording, got 10 s' });
  t.throws(() => clipWithin({ from: 5, to: 5 }, 10), { ...refused, message: 'expected "to" after "from", got 5 s after 5 s' });
  t.throws(() => clipWithin({ from: 5, to: 1 }, 10), refused);
  t.throws(() => clipWithin({ from: 1, to: 4000 }, 9000), { ...refused, message: /at most 3600 s, got 3999 s/ });
});

t.test('a clip is made of the segments that it touches, from the keyframe at its beginning or before to its end', async (t) => {
  const segments = [segment(0, 2), segment(1, 2.5), segment(2, 2), segment(3, 2)];
  const clip = (from: number, to: number): string => {
    const { segments: its, lastSeconds } = clipSegments(segments, { from, to });
    return `${names(its)}: ${lastSeconds?.toFixed(1) ?? 'all'} of the last`;
  };
  t.equal(clip(0, 8.5), '0 1 2 3: all of the last');
  t.equal(clip(3, 4), '1: 2.0 of the last', 'from the keyframe at 2 s');
  t.equal(clip(2, 4.5), '1: all of the last');
  t.equal(clip(4.4, 4.6), '1 2: 0.1 of the last');
});

t.test('what is missing is left out', async (t) => {
  const segments = [segment(0, 2), segment(1, 2, true), segment(2, 2)];
  const clip = (from: number, to: number): unknown => {
    const { segments: its, lastSeconds } = clipSegments(segments, { from, to });
    return [names(its), lastSeconds];
  };
  t.strictSame(clip(1, 5), ['0 2', 1]);
  t.strictSame(clip(1, 3), ['0', undefined]);
  t.strictSame(clip(2, 4), ['', undefined]);
});
