import t from 'tap';
import { settledWithin } from '../../src/live/settled-within.js';

/** Nothing else is done meanwhile, as on a machine that is too busy, or stood still. */
function standStill(milliseconds: number): void {
  for (const from = performance.now(); performance.now() - from < milliseconds; );
}

t.test('what was done while the process stood still counts as done in time', async (t) => {
  // From here on clocks are looked at before anything else.
  await new Promise((resolve) => setImmediate(resolve));
  const work = new Promise<void>((resolve) => setImmediate(resolve));
  const inTime = settledWithin(work, 10);
  standStill(30);
  t.equal(await inTime, true);
});

t.test('what never comes is not waited for, and a failure in time is told', async (t) => {
  t.equal(await settledWithin(new Promise(() => undefined), 1), false);
  await t.rejects(settledWithin(Promise.reject(new Error('broken')), 1000), /broken/);
});
