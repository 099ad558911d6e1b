import t from 'tap';
import { ThroughputMeter } from '../../src/live/throughput-meter.js';

t.test('the rate is what went by in the last seconds, and falls to nothing when nothing does', async (t) => {
  let now = 0;
  const meter = new ThroughputMeter({ now: () => now });
  t.equal(meter.bitsPerSecond, 0);
  for (; now < 10_000; now += 100) meter.add(12_500);
  t.ok(Math.abs(meter.bitsPerSecond - 1_000_000) <= 25_000, `${meter.bitsPerSecond} bits a second`);
  now += 2000;
  t.ok(Math.abs(meter.bitsPerSecond - 500_000) <= 25_000, `${meter.bitsPerSecond} bits a second`);
  now += 4000;
  t.equal(meter.bitsPerSecond, 0);
});
