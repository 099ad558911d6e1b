import t from 'tap';
import { CaptureClock } from '../../src/live/capture-clock.js';

const frameSeconds = 1 / 30;

/** Feeds frames that arrive `delayMs(seconds)` after their capture, by a publisher's clock that runs `skew` too fast. */
function feed(clock: CaptureClock, { from = 0, seconds, delayMs, skew = 0 }: { from?: number; seconds: number; delayMs: (at: number) => number; skew?: number }): void {
  for (let at = from; at < from + seconds; at += frameSeconds) clock.arrived(at * (1 + skew), startMs + at * 1000 + delayMs(at));
}

const startMs = 1_000_000;

t.test('without a word of the publisher, the quickest frame counts as captured when it came', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs + 400 });
  feed(clock, { seconds: 2, delayMs: (at) => 100 + ((at * 30) % 4) * 30 });
  t.equal(clock.captureTimeMs, startMs + 100);
});

t.test('media that was held on its way was captured when its first byte came', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs + 80 });
  for (let at = 0; at < 3; at += frameSeconds) clock.arrived(at, startMs + Math.max(2080, at * 1000 + 80));
  t.equal(clock.captureTimeMs, startMs + 80);
});

t.test('a burst of held media at the beginning does not put its capture into the future', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs + 5000 });
  for (let at = 0; at < 5; at += frameSeconds) clock.arrived(at, startMs + 5000);
  t.ok(clock.captureTimeMs <= startMs + 5000 - 2000, 'as far as it may be corrected before anything is published');
});

t.test('the publisher knows best when its recording began', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs + 300 });
  clock.arrived(0, startMs + 300);
  clock.tell(startMs);
  t.equal(clock.captureTimeMs, startMs);
  feed(clock, { seconds: 30, delayMs: () => 200 });
  t.equal(clock.captureTimeMs, startMs, 'and stays right');
});

t.test('a publisher whose clock is wrong is not believed', async (t) => {
  for (const wrong of [startMs + 10_000, startMs - 3_600_000, 0]) {
    const clock = new CaptureClock({ startedAtMs: startMs + 300 });
    clock.tell(wrong);
    feed(clock, { seconds: 5, delayMs: () => 200 });
    t.ok(Math.abs(clock.captureTimeMs - (startMs + 200)) < 1e-3, String(wrong));
  }
});

t.test('a publisher whose quartz runs 50 ppm fast is followed for an hour, a little at a time', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs });
  let last: number | undefined;
  let largestStep = 0;
  for (let minute = 0; minute < 60; minute++) {
    feed(clock, { from: minute * 60, seconds: 60, delayMs: () => 80, skew: 50e-6 });
    if (last !== undefined) largestStep = Math.max(largestStep, Math.abs(clock.captureTimeMs - last));
    last = clock.captureTimeMs;
  }
  const atTheEnd = 3600 * (1 + 50e-6);
  const errorMs = clock.captureTimeMs + atTheEnd * 1000 - (startMs + 3600 * 1000 + 80);
  t.ok(Math.abs(errorMs) < 5, `${errorMs.toFixed(2)} ms off after an hour, where it would be 180`);
  t.ok(largestStep <= 12, `${largestStep.toFixed(2)} ms in a minute at most`);
});

t.test('the clock never goes back behind what came before', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs, notBeforeMs: startMs + 50 });
  clock.tell(startMs - 500);
  feed(clock, { seconds: 3, delayMs: () => 0 });
  t.equal(clock.captureTimeMs, startMs + 50);
});

/** A source that pauses once: its media time stands, and the wall clock runs. */
function feedWithPause(clock: CaptureClock, { pauseSeconds, at, until, delayMs = () => 80, onStep }: { pauseSeconds: number; at: number; until: number; delayMs?: (at: number) => number; onStep?: (mediaSeconds: number) => void }): void {
  for (let media = 0; media < until; media += frameSeconds) {
    const pausedMs = media >= at ? pauseSeconds * 1000 : 0;
    clock.arrived(media, startMs + media * 1000 + pausedMs + delayMs(media));
    onStep?.(media);
  }
}

t.test('after a pause the clock is right again within seconds, told or not', async (t) => {
  for (const pauseSeconds of [1.5, 60, 7200]) {
    const clock = new CaptureClock({ startedAtMs: startMs + 80 });
    const rightAt: number[] = [];
    const isRight = (media: number): boolean => media > 30 && Math.abs(clock.captureTimeMs - (startMs + 80 + pauseSeconds * 1000)) < 20;
    feedWithPause(clock, { pauseSeconds, at: 30, until: 60, delayMs: (at) => 80 + ((at * 30) % 4) * 20, onStep: (media) => isRight(media) && rightAt.push(media) });
    t.ok((rightAt[0] ?? Infinity) < 37, `a pause of ${pauseSeconds} s is known ${((rightAt[0] ?? Infinity) - 30).toFixed(1)} s after it`);
  }
  const clock = new CaptureClock({ startedAtMs: startMs + 80 });
  clock.tell(startMs);
  const toldAt: number[] = [];
  feedWithPause(clock, {
    ...{ pauseSeconds: 20, at: 30, until: 60 },
    onStep: (media) => {
      if (media > 32) clock.tell(startMs + 20_000);
      if (media > 30 && clock.captureTimeMs === startMs + 20_000) toldAt.push(media);
    },
  });
  t.ok((toldAt[0] ?? Infinity) < 32.2, 'what the publisher says after a pause counts with the next frame');
});

t.test('a line that was slow and catches up is no pause: the clock does not jump', async (t) => {
  for (const [stallSeconds, catchUpBy] of [[8, 0.5], [4, 0.08], [30, 3]] as const) {
    const clock = new CaptureClock({ startedAtMs: startMs + 80 });
    const lateMs = (at: number): number => (at < 30 ? 80 : Math.max(80, stallSeconds * 1000 - (at - 30) * 1000 * catchUpBy));
    feedWithPause(clock, { pauseSeconds: 0, at: Infinity, until: 120, delayMs: lateMs });
    t.ok(Math.abs(clock.captureTimeMs - (startMs + 80)) < 450, `a stall of ${stallSeconds} s: ${clock.captureTimeMs - startMs} ms`);
  }
});

t.test('a machine that falls behind is no pause: the delay is shown as it is', async (t) => {
  for (const slowness of [0.01, 0.03, 0.2]) {
    const clock = new CaptureClock({ startedAtMs: startMs + 80 });
    for (let at = 0; at < 200; at += frameSeconds) clock.arrived(at, startMs + at * 1000 * (1 + slowness) + 80);
    t.ok(clock.captureTimeMs - startMs < 1000, `${(slowness * 100).toFixed(0)} % too slow: ${clock.captureTimeMs - startMs} ms`);
  }
});

t.test('dates never go back: a clock that was set too late is corrected by less than a frame at a time', async (t) => {
  const clock = new CaptureClock({ startedAtMs: startMs + 3000 });
  feed(clock, { seconds: 3, delayMs: () => 3000 });
  let largestStepMs = 0;
  let lastMs = clock.captureTimeMs;
  for (let at = 3; at < 200; at += frameSeconds) {
    clock.arrived(at, startMs + at * 1000 + 80);
    largestStepMs = Math.max(largestStepMs, Math.abs(clock.captureTimeMs - lastMs));
    lastMs = clock.captureTimeMs;
  }
  t.ok(largestStepMs <= 40, `${largestStepMs} ms`);
  t.ok(lastMs < startMs + 2400, 'yet it is corrected');
});
