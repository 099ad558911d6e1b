import t from 'tap';
import { bitRate, clockTime } from '../../../src/web/ui/amounts.js';
import { loudness } from '../../../src/web/ui/level-meter.js';

t.test('amounts are told in the unit a person would use', async (t) => {
  t.same([0, 640_000, 2_449_000].map(bitRate), ['0 kbit/s', '640 kbit/s', '2.4 Mbit/s']);
  t.same([-1, 7.9, 750, 3723].map(clockTime), ['0:00', '0:07', '12:30', '1:02:03']);
});

t.test('silence is 0 on the level meter and full scale is 1', async (t) => {
  t.equal(loudness(new Float32Array(64)), 0);
  t.equal(loudness(new Float32Array(64).fill(1)), 1);
  t.ok(Math.abs(loudness(new Float32Array(64).fill(0.0316)) - 0.5) < 0.01, '-30 dBFS stands in the middle');
});
