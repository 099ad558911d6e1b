import t from 'tap';
import { bitRatesOf, type WeighedSegment } from '../../src/hls/bit-rates.js';
import { seededRandom } from '../helpers/seeded-random.js';

const segment = (durationSeconds: number, bytes: number): WeighedSegment => ({ durationSeconds, byteLength: bytes });

t.test('the peak is that of the heaviest run of segments between half a target duration and one and a half', async (t) => {
  const segments = [segment(2, 500_000), segment(2, 750_000), segment(1, 500_000), segment(1, 250_000), segment(2, 250_000)];
  const { peakBitsPerSecond, averageBitsPerSecond } = bitRatesOf(segments, 2);
  t.equal(peakBitsPerSecond, 4_000_000, 'the segment of one second');
  t.equal(averageBitsPerSecond, 2_250_000);
  t.equal(bitRatesOf(segments, 3).peakBitsPerSecond, 10_000_000 / 3, 'which is too short for a longer target, but not together with its neighbour');
});

t.test('a restart, whose last segment is one keyframe, does not count as if a player had to load its bit rate for long', async (t) => {
  const steady = Array.from({ length: 5 }, () => segment(2, 625_000));
  const { peakBitsPerSecond } = bitRatesOf([...steady, segment(0.033, 200_000), ...steady], 2);
  t.ok(peakBitsPerSecond < 3_400_000, `${peakBitsPerSecond} bit/s for a stream of 2.5 Mbit/s`);
  t.ok(peakBitsPerSecond > 3_200_000, 'yet a run with it weighs more than one without');
});

t.test('nothing, and less than half a target duration, have a bit rate too', async (t) => {
  t.strictSame(bitRatesOf([], 2), { peakBitsPerSecond: 0, averageBitsPerSecond: 0 });
  t.strictSame(bitRatesOf([segment(0.5, 100_000)], 2), { peakBitsPerSecond: 1_600_000, averageBitsPerSecond: 1_600_000 });
});

t.test('the peak is never below the average, whatever the segments', async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const segments = Array.from({ length: 1 + Math.floor(random() * 12) }, () => segment(0.01 + random() * 2.4, Math.floor(random() * 1e6)));
    const { peakBitsPerSecond, averageBitsPerSecond } = bitRatesOf(segments, 2);
    t.ok(peakBitsPerSecond >= averageBitsPerSecond && averageBitsPerSecond > 0, `seed ${seed}`);
  }
});
