import t from 'tap';
import { BitRateMeter } from '../../src/web/sdk/playback/bit-rate-meter.js';

t.test('the bit rate is the one of the last seconds, and unknown during the burst of a join', async (t) => {
  const meter = new BitRateMeter();
  meter.add(500_000, 0);
  t.equal(meter.bitsPerSecond(500), undefined);
  for (let at = 100; at <= 10_000; at += 100) meter.add(12_500, at);
  t.equal(meter.bitsPerSecond(10_000), 1_000_000);
  t.equal(meter.bitsPerSecond(60_000), 0);
});
