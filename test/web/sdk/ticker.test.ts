import t from 'tap';
import { startTicker } from '../../../src/web/sdk/ticker.js';

/** A worker whose clock is the test. */
class FakeWorker {
  onmessage: (() => void) | undefined;
  onerror: ((event: Event) => void) | undefined;
  terminated = false;
  terminate(): void {
    this.terminated = true;
  }
}

function bench(worker: FakeWorker | Error) {
  const timers = new Set<() => void>();
  let nowMs = 0;
  let ticks = 0;
  const stop = startTicker(100, () => (ticks += 1), {
    openWorker: () => {
      if (worker instanceof Error) throw worker;
      return worker as unknown as Worker;
    },
    nowMs: () => nowMs,
    every: (_intervalMs, run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
  });
  return {
    stop,
    timers,
    ticksIn(intervals: number, workerTicks: boolean): number {
      const before = ticks;
      for (let index = 0; index < intervals; index += 1) {
        nowMs += 100;
        if (workerTicks && !(worker instanceof Error)) worker.onmessage?.();
        for (const run of timers) run();
      }
      return ticks - before;
    },
  };
}

t.test('a worker that may not start, said at once, later by an event, or not at all, costs no tick', async (t) => {
  t.equal(bench(new Error('SecurityError')).ticksIn(20, false), 20, 'thrown');
  t.equal(bench(new FakeWorker()).ticksIn(20, false), 20, 'not a word');
  const worker = new FakeWorker();
  const told = bench(worker);
  let prevented = false;
  worker.onerror?.({ preventDefault: () => (prevented = true) } as unknown as Event);
  t.equal(told.ticksIn(20, false), 20, 'an event');
  t.ok(prevented, 'which is not the page’s business');
});

t.test('a worker that ticks is the only one that does', async (t) => {
  const clock = bench(new FakeWorker());
  t.equal(clock.ticksIn(50, true), 50);
});

t.test('a worker that falls silent is stood in for within a second or so', async (t) => {
  const clock = bench(new FakeWorker());
  clock.ticksIn(10, true);
  t.equal(clock.ticksIn(30, false), 21);
});

t.test('a worker that dies is stood in for at once', async (t) => {
  const worker = new FakeWorker();
  const clock = bench(worker);
  clock.ticksIn(10, true);
  worker.onerror?.({ preventDefault: () => undefined } as unknown as Event);
  t.equal(clock.ticksIn(30, false), 30);
});

t.test('stopped, it leaves neither worker nor timer, and a message on its way is no tick', async (t) => {
  const worker = new FakeWorker();
  const clock = bench(worker);
  clock.stop();
  t.ok(worker.terminated);
  t.equal(clock.timers.size, 0);
  t.equal(clock.ticksIn(5, true), 0);
});
