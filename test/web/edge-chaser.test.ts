import t from 'tap';
import { beginChase, chase, lowestDelay, type ChaserState } from '../../src/web/sdk/playback/edge-chaser.js';

interface Script {
  readonly seconds: number;
  /** Media that is ahead of the picture at the beginning. */
  readonly forwardSeconds: number;
  /** Extra delay of the burst that is due at this time. */
  readonly lateSeconds?: (atSeconds: number) => number;
  /** The burst that is due at this time is the first of another recording. */
  readonly joins?: (atSeconds: number) => boolean;
  readonly resumedAtSeconds?: number;
}

interface Outcome {
  readonly rates: Set<number>;
  readonly seeks: number[];
  readonly stalls: number;
  readonly lowestSeconds: number;
  readonly highestSeconds: number;
  /** When there was last more in hand than a burst and the least cushion, with what a rate tolerates. */
  readonly lateUntilSeconds: number;
  readonly state: ChaserState;
}

const burstSeconds = 0.12;
const stepSeconds = 0.02;

/** A viewer of a stream that arrives in bursts of 120 ms, on a scripted clock; the last fifth is what is measured. */
function watch(script: Script): Outcome {
  let state = beginChase(lowestDelay, 0);
  let [forward, stalls, rate, lowest, highest, lateUntil] = [script.forwardSeconds, 0, 1, Infinity, 0, 0];
  let stalled = false;
  let next = burstSeconds;
  const rates = new Set<number>();
  const seeks: number[] = [];
  for (let now = 0; now < script.seconds; now += stepSeconds) {
    forward -= stepSeconds * rate;
    if (forward <= 0) {
      if (!stalled) stalls += 1;
      [forward, stalled] = [0, true];
    }
    const due = next + (script.lateSeconds?.(next) ?? 0);
    if (now < due) continue;
    const resumed = script.resumedAtSeconds !== undefined && Math.abs(now - script.resumedAtSeconds) < burstSeconds / 2;
    const joined = script.joins?.(next) ?? false;
    const decision = chase(state, { nowMs: now * 1000, forwardSeconds: forward, stalled, joined, resumed }, lowestDelay);
    [state, rate, stalled] = [decision.state, decision.rate, false];
    rates.add(rate);
    if (decision.seekAheadSeconds > 0) {
      seeks.push(decision.seekAheadSeconds);
      forward -= decision.seekAheadSeconds;
    }
    while (next + (script.lateSeconds?.(next) ?? 0) <= now) {
      forward += burstSeconds;
      next += burstSeconds;
    }
    if (forward > lowestDelay.minCushionSeconds + burstSeconds + 0.05) lateUntil = now;
    if (now > script.seconds * 0.8) [lowest, highest] = [Math.min(lowest, forward), Math.max(highest, forward)];
  }
  return { rates, seeks, stalls, lowestSeconds: lowest, highestSeconds: highest, lateUntilSeconds: lateUntil, state };
}

t.test('a viewer half a second behind catches up by rate alone and then plays at rate 1', async (t) => {
  const outcome = watch({ seconds: 40, forwardSeconds: 0.8 });
  t.same(outcome.seeks, []);
  t.equal(outcome.stalls, 0);
  t.ok(outcome.highestSeconds < 0.36, `at most 360 ms ahead, got ${outcome.highestSeconds}`);
  t.equal(outcome.state.rate, 1);
  t.ok([...outcome.rates].every((rate) => [0.97, 1, 1.05, 1.1, 1.2].includes(rate)));
});

t.test('what a start on a busy machine took, up to a second, is made up for within ten seconds', async (t) => {
  for (const forwardSeconds of [0.4, 0.7, 1, 1.2]) {
    const outcome = watch({ seconds: 40, forwardSeconds });
    t.ok(outcome.lateUntilSeconds < 10, `${forwardSeconds} s in hand: late until ${outcome.lateUntilSeconds}`);
    t.equal(outcome.stalls, 0);
  }
});

t.test('on a calm line one standstill is forgotten within half a minute, and many of them within two', async (t) => {
  const once = watch({ seconds: 120, forwardSeconds: 0.2, lateSeconds: (at) => (at > 10 && at < 10 + burstSeconds ? 0.5 : 0) });
  t.equal(once.stalls, 1);
  t.ok(once.lateUntilSeconds < 40, `late until ${once.lateUntilSeconds}`);
  const many = watch({ seconds: 300, forwardSeconds: 0.2, lateSeconds: (at) => (at < 60 && Math.floor(at / burstSeconds) % 25 === 0 ? 0.5 : 0) });
  t.ok(many.stalls > 2);
  t.ok(many.lateUntilSeconds < 180, `late until ${many.lateUntilSeconds}`);
});

t.test('a line that holds a burst back only now and then does not make the picture stand each time', async (t) => {
  const seldom = (at: number): number => (at > 5 && at % 20 < burstSeconds ? 0.4 : 0);
  const outcome = watch({ seconds: 600, forwardSeconds: 0.25, lateSeconds: seldom });
  t.ok(outcome.stalls < 9, `fewer than 9 of 30, got ${outcome.stalls}`);
});

t.test('a viewer far behind seeks once and never again', async (t) => {
  const outcome = watch({ seconds: 20, forwardSeconds: 6 });
  t.equal(outcome.seeks.length, 1);
  t.equal(outcome.stalls, 0);
  t.ok(outcome.highestSeconds < 0.4);
});

t.test('a viewer with too little in hand slows down until the cushion is there', async (t) => {
  const outcome = watch({ seconds: 20, forwardSeconds: 0.16 });
  t.ok(outcome.rates.has(0.97));
  t.ok(outcome.lowestSeconds > 0.15);
});

t.test('a page that comes back from a background tab seeks even when little behind', async (t) => {
  const outcome = watch({ seconds: 10, forwardSeconds: 1, resumedAtSeconds: 0.3 });
  t.equal(outcome.seeks.length, 1);
});

t.test('on a network that holds bursts back, stalls become rare because the cushion grows, and it stays bounded', async (t) => {
  const jitter = (at: number): number => (Math.floor(at / burstSeconds) % 25 === 0 ? 0.4 : 0);
  const outcome = watch({ seconds: 120, forwardSeconds: 0.25, lateSeconds: jitter });
  t.ok(outcome.stalls < 8, `fewer than 8 stalls of 40 late bursts, got ${outcome.stalls}`);
  t.ok(outcome.state.cushion.seconds <= lowestDelay.maxCushionSeconds);
});

t.test('after an hour without a stall the delay is the one of the start, however it began', async (t) => {
  const oneStall = (at: number): number => (at > 10 && at < 11 ? 1.5 : 0);
  const outcome = watch({ seconds: 3600, forwardSeconds: 0.2, lateSeconds: oneStall });
  t.equal(outcome.state.cushion.seconds, lowestDelay.minCushionSeconds);
  t.ok(outcome.highestSeconds < 0.4);
});

t.test('an outage longer than any cushion, however often it comes, makes the viewer no later; one that a cushion bridges does', async (t) => {
  const afterOutages = (outageMs: number): number => {
    let state = beginChase(lowestDelay, 0);
    for (let nowMs = 0; nowMs < 400_000; nowMs += 200) {
      const intoOutageMs = nowMs % 40_000;
      const isOut = nowMs > 0 && intoOutageMs < outageMs;
      // What came of a burst of late media is played a little, and stops once more.
      const stalled = (isOut && intoOutageMs === 0) || (nowMs > 0 && intoOutageMs === outageMs + 600);
      state = chase(state, { nowMs, forwardSeconds: isOut || stalled ? 0.05 : 0.3, stalled, joined: false, resumed: false }, lowestDelay).state;
    }
    return state.cushion.seconds;
  };
  t.equal(afterOutages(3_000), lowestDelay.minCushionSeconds);
  t.ok(afterOutages(600) > 0.4, `${afterOutages(600)} s`);
});

t.test('after an hour of joints and cuts of the line the delay is the one of the start, and each is made up for before the next', async (t) => {
  const everySeconds = 15;
  for (const pauseSeconds of [0.4, 0.9, 2]) {
    const isFirst = (at: number): boolean => at > everySeconds && at % everySeconds < burstSeconds;
    const late = (at: number): number => (isFirst(at) ? pauseSeconds : 0);
    const outcome = watch({ seconds: 3600, forwardSeconds: 0.2, lateSeconds: late, joins: isFirst });
    t.ok(outcome.stalls >= 3600 / everySeconds - 2, 'each is a standstill');
    t.equal(outcome.state.cushion.seconds, lowestDelay.minCushionSeconds, `after pauses of ${pauseSeconds} s`);
  }
});

t.test('a joint does not put off the easing of what jitter before it made necessary', async (t) => {
  const jitter = (at: number): number => (at < 30 && Math.floor(at / burstSeconds) % 25 === 0 ? 0.4 : 0);
  const isFirst = (at: number): boolean => at > 30 && at % 15 < burstSeconds;
  const cushionAfter = (joins: (at: number) => boolean): number =>
    watch({ seconds: 240, forwardSeconds: 0.2, lateSeconds: (at) => (joins(at) ? 0.6 : jitter(at)), joins }).state.cushion.seconds;
  t.ok(cushionAfter(isFirst) <= cushionAfter(() => false) * 1.1, `${cushionAfter(isFirst)} s, and ${cushionAfter(() => false)} s without joints`);
});

t.test('stops and starts in quick succession are one stall', async (t) => {
  let state = beginChase(lowestDelay, 0);
  for (const nowMs of [1000, 1300, 1900]) {
    state = chase(state, { nowMs, forwardSeconds: 0, stalled: true, joined: false, resumed: false }, lowestDelay).state;
  }
  t.equal(state.cushion.seconds, lowestDelay.minCushionSeconds + 0.08);
});
