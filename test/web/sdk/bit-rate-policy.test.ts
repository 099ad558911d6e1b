import t from 'tap';
import { BitRatePolicy } from '../../../src/web/sdk/publishing/bit-rate-policy.js';

import { qualities } from '../../../src/web/sdk/quality.js';

const wanted = qualities[1];
/** What a broadcast in this quality takes of the line. */
const all = wanted.videoBitsPerSecond + wanted.audioBitsPerSecond;

interface Line {
  readonly quality?: typeof qualities[number];
  readonly bitsPerSecond: (second: number) => number;
  readonly seconds: number;
  /** Of the picture's bits, where smaller pictures are sent beside it. */
  readonly share?: number;
}

interface Seen {
  readonly second: number;
  readonly backlogMs: number;
  readonly bitsPerSecond: number;
}

/** A recorder and a line, second by second; acknowledgements come with half a second to a whole one of delay. */
function run({ quality = wanted, bitsPerSecond, seconds, share = 1 }: Line): { readonly policy: BitRatePolicy; readonly steps: readonly Seen[]; readonly seen: readonly Seen[] } {
  const policy = new BitRatePolicy(quality);
  const steps: Seen[] = [];
  const seen: Seen[] = [];
  const queue: { readonly recordedAt: number; bits: number }[] = [];
  const carriedBits: number[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    for (let tenth = 0; tenth < 10; tenth += 1) queue.push({ recordedAt: second + tenth / 10, bits: (policy.videoBitsPerSecond / share + quality.audioBitsPerSecond) / 10 });
    let room = bitsPerSecond(second);
    let carried = 0;
    while (queue[0] !== undefined && room > 0) {
      const taken = Math.min(room, queue[0].bits);
      room -= taken;
      carried += taken;
      queue[0].bits -= taken;
      if (queue[0].bits === 0) queue.shift();
    }
    carriedBits.push(carried);
    const measured = carriedBits.slice(-3);
    const backlogMs = (second + 1 - (queue[0]?.recordedAt ?? second + 1)) * 1000 + (second % 2 === 0 ? 500 : 900);
    const stepped = policy.sample({ nowMs: second * 1000, backlogMs, upstreamBitsPerSecond: measured.reduce((sum, bits) => sum + bits, 0) / measured.length, share });
    const now = { second, backlogMs, bitsPerSecond: policy.videoBitsPerSecond };
    seen.push(now);
    if (stepped) steps.push(now);
  }
  return { policy, steps, seen };
}

const stepsUp = (steps: readonly Seen[]): Seen[] => steps.filter(({ bitsPerSecond }, index) => bitsPerSecond > (steps[index - 1]?.bitsPerSecond ?? Infinity));

t.test('a line that carries everything is left alone', async (t) => {
  t.strictSame(run({ bitsPerSecond: () => 4e6, seconds: 600 }).steps, []);
});

t.test('smaller pictures that share a thin line are counted: one step down fits all of them', async (t) => {
  const sent = wanted.videoBitsPerSecond / 0.6 + wanted.audioBitsPerSecond;
  for (const part of [0.8, 0.5, 0.3]) {
    const { steps } = run({ bitsPerSecond: () => sent * part, seconds: 20, share: 0.6 });
    t.equal(steps.length, 1, `${String(part)} of what is sent: ${JSON.stringify(steps)}`);
    t.ok((steps[0]?.bitsPerSecond ?? Infinity) / 0.6 + wanted.audioBitsPerSecond < sent * part, 'fits');
  }
});

t.test('however thin the line is, the bit rate is down before four seconds wait, fits together with the sound, and what waits is worked off', async (t) => {
  for (const share of [0.9, 0.8, 0.6, 0.4, 0.2]) {
    const { steps, seen } = run({ bitsPerSecond: () => all * share, seconds: 120 });
    const first = steps[0];
    t.ok((first?.backlogMs ?? Infinity) <= 4_000, `${String(share)}: ${String(first?.backlogMs)} ms waited`);
    const settled = steps.find(({ bitsPerSecond }) => bitsPerSecond + wanted.audioBitsPerSecond <= all * share);
    t.ok(settled !== undefined && settled.second <= (first?.second ?? 0) + 12, `${String(share)}: it fits after ${String(settled?.second)} s`);
    t.ok(seen.some(({ second, backlogMs }) => second > (first?.second ?? 0) && backlogMs < 1_500), `${String(share)}: calm again`);
  }
});

t.test('when the line is free again, more is sent within 15 s, everything within half a minute of a line that was half as wide, and within a minute of the thinnest', async (t) => {
  for (const quality of qualities) {
    for (const [share, backWithinSeconds] of [[0.6, 30], [0.4, 30], [0.1, 60]] as const) {
      const full = quality.videoBitsPerSecond + quality.audioBitsPerSecond;
      const [thinFrom, thinUntil] = [20, 40];
      const { policy, steps } = run({ quality, bitsPerSecond: (second) => (second >= thinFrom && second < thinUntil ? full * share : 20e6), seconds: 200 });
      const what = `${quality.name} after ${String(share)} of it`;
      const [first, last] = [steps.find(({ second }) => second >= thinUntil), steps.at(-1)];
      t.ok(stepsUp(steps).includes(first ?? { second: 0, backlogMs: 0, bitsPerSecond: 0 }), `${what}: up`);
      t.ok((first?.second ?? Infinity) - thinUntil <= 15, `${what}: first step after ${String((first?.second ?? Infinity) - thinUntil)} s`);
      t.ok((last?.second ?? Infinity) - thinUntil <= backWithinSeconds, `${what}: all after ${String((last?.second ?? Infinity) - thinUntil)} s`);
      t.equal(policy.videoBitsPerSecond, quality.videoBitsPerSecond, what);
    }
  }
});

t.test('a line that was thin for long is found free within six minutes', async (t) => {
  const { steps, policy } = run({ bitsPerSecond: (second) => (second < 1_800 ? all * 0.5 : 20e6), seconds: 2_400 });
  t.equal(policy.videoBitsPerSecond, wanted.videoBitsPerSecond);
  t.ok((steps.at(-1)?.second ?? Infinity) <= 2_160, `after ${String((steps.at(-1)?.second ?? Infinity) - 1_800)} s`);
});

t.test('a line at its limit is tried more and more rarely, and what was too much is taken back before viewers wait for six seconds', async (t) => {
  for (const share of [0.75, 0.55, 0.35]) {
    const { steps, seen } = run({ bitsPerSecond: () => all * share, seconds: 1_800 });
    const ups = stepsUp(steps).map(({ second }) => second);
    const late = ups.filter((second) => second > 900).length;
    t.ok(ups.length <= 16, `${String(share)}: ${String(ups.length)} times in half an hour: ${ups.join(', ')}`);
    t.ok(late <= 8, `${String(share)}: ${String(late)} of them in its second half`);
    const [first] = ups;
    const waitedMs = Math.max(...seen.filter(({ second }) => second >= (first ?? Infinity)).map(({ backlogMs }) => backlogMs));
    t.ok(waitedMs < 6_000, `${String(share)}: ${String(waitedMs)} ms`);
  }
});

t.test('after too much, the next step goes only halfway there', async (t) => {
  const { steps } = run({ bitsPerSecond: () => all * 0.75, seconds: 120 });
  const [, up, down, next] = steps.map(({ bitsPerSecond }) => bitsPerSecond);
  t.equal(up, wanted.videoBitsPerSecond);
  t.equal(next, Math.round(((down ?? 0) + (up ?? 0)) / 2));
});

t.test('what an outage left and a fast line works off is no reason to go down', async (t) => {
  const policy = new BitRatePolicy(wanted);
  policy.forget();
  const steps = [40_000, 30_000, 20_000, 10_000, 500, 500].filter((backlogMs, second) => policy.sample({ nowMs: second * 1000, backlogMs, upstreamBitsPerSecond: 20e6 }));
  t.strictSame(steps, []);
});

t.test('there is a floor', async (t) => {
  const { policy } = run({ bitsPerSecond: () => 1_000, seconds: 60 });
  t.ok(policy.isLowest);
  t.equal(policy.videoBitsPerSecond, 150_000);
});
