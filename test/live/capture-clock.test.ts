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
