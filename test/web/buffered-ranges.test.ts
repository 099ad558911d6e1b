import t from 'tap';
import { forwardSeconds, jumpOverHole, liveEdgeSeconds, readRanges, type BufferedRange } from '../../src/web/sdk/playback/buffered-ranges.js';

const timeRanges = (pairs: [number, number][]): Pick<TimeRanges, 'length' | 'start' | 'end'> => ({ length: pairs.length, start: (index) => pairs[index]?.[0] ?? NaN, end: (index) => pairs[index]?.[1] ?? NaN });
const ranges = (...pairs: [number, number][]): BufferedRange[] => readRanges(timeRanges(pairs));
const exactRanges = (...pairs: [number, number][]): BufferedRange[] => readRanges(timeRanges(pairs), 0);

t.test('seams of a frame between neighbours are not holes', async (t) => {
  t.same(ranges([0, 1], [1.03, 2], [3, 4]), [
    { startSeconds: 0, endSeconds: 2 },
    { startSeconds: 3, endSeconds: 4 },
  ]);
});

t.test('what can be played from here ends at the first hole', async (t) => {
  const table: [number, number][] = [[0.5, 1.5], [1.99, 0.01], [2, 0], [2.5, 0], [3, 1], [2.96, 1.04], [9, 0]];
  for (const [at, expected] of table) t.ok(Math.abs(forwardSeconds(ranges([0, 2], [3, 4]), at) - expected) < 1e-9, `at ${at}`);
  t.equal(liveEdgeSeconds(ranges([0, 2], [3, 4])), 4);
  t.equal(liveEdgeSeconds([]), undefined);
});

t.test('playback jumps over a hole only when it stands before it', async (t) => {
  const table: [number, number | undefined][] = [[0.5, undefined], [1.95, 3.001], [2.4, 3.001], [3.5, undefined], [3.99, undefined]];
  for (const [at, expected] of table) t.equal(jumpOverHole(ranges([0, 2], [3, 4]), at), expected, `at ${at}`);
});

t.test('a browser that waits before a hole with a little in hand is helped over it', async (t) => {
  // Chromium waits with 0.12 to 0.18 s in hand.
  const table: [number, boolean, number | undefined][] = [[1.82, false, undefined], [1.82, true, 2.201], [1.2, true, undefined], [2.5, true, undefined]];
  for (const [at, waits, expected] of table) t.equal(jumpOverHole(ranges([0, 2], [2.2, 3]), at, waits), expected, `at ${at}`);
});

t.test('a browser that waits before a seam is helped over it: not every one plays on there', async (t) => {
  // Chromium stood at 16.53 of these, a seek to there never came to its end.
  const table: [number, boolean, number | undefined][] = [[16.43, false, undefined], [16.43, true, 16.606], [16.53, true, 16.606], [16.58, true, 16.606], [15.9, true, undefined], [16.606, true, undefined]];
  for (const [at, waits, expected] of table) t.equal(jumpOverHole(exactRanges([0, 16.569], [16.605, 18]), at, waits), expected, `at ${at}, ${waits ? 'waits' : 'plays'}`);
});

t.test('what was trimmed away under a paused viewer is jumped over too', async (t) => {
  t.equal(jumpOverHole(ranges([30, 60]), 2), 30.001);
});
