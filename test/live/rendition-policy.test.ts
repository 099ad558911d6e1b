import t from 'tap';
import { RenditionPolicy, type LineView, type Step } from '../../src/live/rendition-policy.js';

const ladder = [{ bitsPerSecond: 3e6 }, { bitsPerSecond: 1e6 }, { bitsPerSecond: 0.5e6 }];

interface Seen extends Step {
  readonly atMs: number;
}

/** A viewer that takes every step at once; looked at ten times a second. */
class Watched {
  readonly policy = new RenditionPolicy();
  readonly steps: Seen[] = [];
  at = 0;
  nowMs = 0;

  look(seconds: number, view: Partial<LineView> = {}): void {
    for (const until = this.nowMs + seconds * 1000; this.nowMs < until; this.nowMs += 100) {
      const step = this.policy.look({ nowMs: this.nowMs, ladder, at: this.at, lagSeconds: 0, drainSeconds: 0, lineBitsPerSecond: undefined, ...view });
      if (!step) continue;
      this.at = step.to;
      this.steps.push({ ...step, atMs: this.nowMs });
    }
  }
}

t.test('down at once, to what the line was seen to carry, and without what could not arrive in time', async (t) => {
  const viewer = new Watched();
  viewer.look(10);
  t.strictSame(viewer.steps, [], 'a free line is left alone');
  viewer.look(0.1, { lagSeconds: 0.6, drainSeconds: 1.8, lineBitsPerSecond: 0.8e6 });
  t.match(viewer.steps, [{ to: 2, why: 'line-slow', isUrgent: true }]);
  const other = new Watched();
  other.look(0.1, { lagSeconds: 0.6, drainSeconds: 0.6, lineBitsPerSecond: 2.5e6 });
  t.match(other.steps, [{ to: 1, isUrgent: false }]);
  const unknown = new Watched();
  unknown.look(0.1, { lagSeconds: 0.6 });
  t.match(unknown.steps, [{ to: 1 }], 'one step, where that is not known');
});

t.test('what was sent before arrives first: the next step down is not taken for it, nor any below the last', async (t) => {
  const viewer = new Watched();
  viewer.look(2.5, { lagSeconds: 0.8 });
  t.strictSame(viewer.steps.map(({ to }) => to), [1]);
  viewer.look(30, { lagSeconds: 0.8 });
  t.strictSame(viewer.steps.map(({ to }) => to), [1, 2]);
});

t.test('up one at a time after calm, all the way within twenty seconds', async (t) => {
  const viewer = new Watched();
  viewer.at = 2;
  viewer.look(20);
  t.strictSame(viewer.steps.map(({ to, why }) => [to, why]), [[1, 'line-free'], [0, 'line-free']]);
  t.ok(viewer.steps.every(({ atMs }, index) => atMs - (viewer.steps[index - 1]?.atMs ?? 0) >= 5000));
  const restless = new Watched();
  restless.at = 2;
  for (let second = 0; second < 60; second += 4) {
    restless.look(3.9);
    restless.look(0.1, { lagSeconds: 0.3 });
  }
  t.strictSame(restless.steps, [], 'a line that is late now and then is no free line');
});

t.test('a step up that does not hold is tried more and more rarely, and as before once one held', async (t) => {
  const viewer = new Watched();
  viewer.at = 1;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    const beganMs = viewer.nowMs;
    while (viewer.at === 1) viewer.look(0.1);
    waits.push(Math.round((viewer.nowMs - beganMs) / 1000));
    viewer.look(2);
    viewer.look(0.1, { lagSeconds: 0.6 });
    t.equal(viewer.at, 1, 'down again at once');
  }
  t.ok(waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0) * 1.5 || wait >= 120), waits.join(' '));
  t.ok((waits.at(-1) ?? 0) <= 121, 'but never more rarely than each two minutes');
  while (viewer.at === 1) viewer.look(0.1);
  viewer.look(20);
  viewer.look(0.1, { lagSeconds: 0.6 });
  const beganMs = viewer.nowMs;
  while (viewer.at === 1) viewer.look(0.1);
  t.ok(viewer.nowMs - beganMs < 7000, `${viewer.nowMs - beganMs} ms after one that held`);
});
