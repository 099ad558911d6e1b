import t from 'tap';
import { UplinkWatch } from '../../../src/web/sdk/uplink-watch.js';

const recordedBitsPerSecond = 1_000_000;

t.test('the bit rate is measured over the last seconds', async (t) => {
  const watch = new UplinkWatch();
  t.equal(watch.sample({ nowMs: 0, sentBytes: 0, unsentBytes: 0, recordedBitsPerSecond }).bitsPerSecond, 0);
  t.equal(watch.sample({ nowMs: 1000, sentBytes: 125_000, unsentBytes: 0, recordedBitsPerSecond }).bitsPerSecond, 1_000_000);
  t.equal(watch.sample({ nowMs: 10_000, sentBytes: 125_000, unsentBytes: 0, recordedBitsPerSecond }).bitsPerSecond, 0);
});

t.test('a slow uplink is told once, and its recovery once', async (t) => {
  const watch = new UplinkWatch();
  const backlogs = [0, 200_000, 300_000, 300_000, 100_000, 50_000, 0, 0];
  const changes = backlogs.map(
    (unsentBytes, second) => watch.sample({ nowMs: second * 1000, sentBytes: 0, unsentBytes, recordedBitsPerSecond }).change,
  );
  t.same(changes, [undefined, undefined, 'slow', undefined, undefined, 'recovered', undefined, undefined]);
});
