import t from 'tap';
import { LadderPolicy } from '../../src/live/ladder-policy.js';

/** The shapes that it takes, while every second it is so far behind. */
function shapes(lags: readonly number[]): string[] {
  const policy = new LadderPolicy();
  return lags.flatMap((lag, second) => (policy.look(second * 1000, lag) ? [`${second} s: ${policy.shape.preset} -${policy.shape.leftOut}`] : []));
}

const seconds = (count: number, lag: number): number[] => Array.from({ length: count }, () => lag);

t.test('who keeps up is left alone, however often it is late for a moment', (t) => {
  t.strictSame(shapes(Array.from({ length: 300 }, (_, second) => (second % 10 === 9 ? 0.9 : 3))), []);
  t.end();
});

t.test('who is late for ten seconds gets a cheaper preset, then loses its largest renditions, one at a time', (t) => {
  t.strictSame(shapes(seconds(35, 2)), ['10 s: ultrafast -0', '21 s: ultrafast -1', '32 s: ultrafast -2']);
  t.strictSame(shapes([...seconds(12, 2), ...seconds(60, 0.1), ...seconds(12, 2)]), ['10 s: ultrafast -0', '82 s: ultrafast -1'], 'and does not climb again, only to fall');
  t.end();
});
