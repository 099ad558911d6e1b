import t from 'tap';
import { BitRatePolicy } from '../../../src/web/sdk/publishing/bit-rate-policy.js';

const wanted = 2_500_000;

interface Line {
  readonly bitsPerSecond: (second: number) => number;
  readonly seconds: number;
}

interface Seen {
  readonly second: number;
  readonly backlogMs: number;
  readonly bitsPerSecond: number;
}

/** A recorder and a line, second by second; acknowledgements come with half a second to a whole one of delay. */
function run(policy: BitRatePolicy, { bitsPerSecond, seconds }: Line): { readonly steps: readonly Seen[]; readonly all: readonly Seen[] } {
  const steps: Seen[] = [];
  const all: Seen[] = [];
  const queue: { readonly recordedAt: number; bits: number }[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    for (let tenth = 0; tenth < 10; tenth += 1) queue.push({ recordedAt: second + tenth / 10, bits: policy.videoBitsPerSecond / 10 });
    let room = bitsPerSecond(second);
    let carried = 0;
    while (queue[0] !== undefined && room > 0) {
      const taken = Math.min(room, queue[0].bits);
      room -= taken;
      carried += taken;
      queue[0].bits -= taken;
      if (queue[0].bits === 0) queue.shift();
    }
    const backlogMs = (second + 1 - (queue[0]?.recordedAt ?? second + 1)) * 1000 + (second % 2 === 0 ? 500 : 900);
    const stepped = policy.sample({ nowMs: second * 1000, backlogMs, upstreamBitsPerSecond: carried });
    const seen = { second, backlogMs, bitsPerSecond: policy.videoBitsPerSecond };
    all.push(seen);
    if (stepped) steps.push(seen);
  }
  return { steps, all };
}

t.test('a line that carries everything is left alone', async (t) => {
  t.strictSame(run(new BitRatePolicy(wanted), { bitsPerSecond: () => 4e6, seconds: 600 }).steps, []);
});

t.test('however thin the line is, the bit rate is down before four seconds wait, and what waits is worked off', async (t) => {
  for (const share of [0.9, 0.8, 0.6, 0.4, 0.2]) {
    const { steps, all } = run(new BitRatePolicy(wanted), { bitsPerSecond: () => wanted * share, seconds: 120 });
    t.ok((steps[0]?.backlogMs ?? Infinity) <= 4_000, `${String(share)}: ${String(steps[0]?.backlogMs)} ms waited`);
    t.ok(steps[0] !== undefined && steps[0].bitsPerSecond <= wanted * share, `${String(share)}: the first step fits already`);
    t.ok(all.some(({ second, backlogMs }) => second > (steps[0]?.second ?? 0) && backlogMs < 1_500), `${String(share)}: calm again`);
  }
});

t.test('after calm it goes up again, to what was wanted and no further', async (t) => {
  const policy = new BitRatePolicy(wanted);
  const { steps } = run(policy, { bitsPerSecond: (second) => (second < 20 ? wanted * 0.5 : 10e6), seconds: 300 });
  t.equal(policy.videoBitsPerSecond, wanted);
  t.notOk(policy.isLowered);
  const [down, ...up] = steps;
  t.ok(down !== undefined && up.length > 0 && up.every(({ bitsPerSecond }, index) => bitsPerSecond > (steps[index]?.bitsPerSecond ?? 0)), 'one step down, then only up');
  t.ok((up[0]?.second ?? 0) - (down?.second ?? 0) >= 30, 'not before half a minute');
});

t.test('a line at its limit is tried more and more rarely', async (t) => {
  const { steps } = run(new BitRatePolicy(wanted), { bitsPerSecond: () => wanted * 0.7, seconds: 1_800 });
  const ups = steps.filter(({ bitsPerSecond }, index) => bitsPerSecond > (steps[index - 1]?.bitsPerSecond ?? Infinity)).map(({ second }) => second);
  const pauses = ups.slice(1).map((second, index) => second - (ups[index] ?? 0));
  t.ok(ups.length <= 12, `${String(ups.length)} times in half an hour`);
  t.ok((pauses.at(-1) ?? 0) > 2 * (pauses[0] ?? Infinity), `pauses: ${pauses.join(', ')} s`);
});

t.test('what an outage left and a fast line works off is no reason to go down', async (t) => {
  const policy = new BitRatePolicy(wanted);
  policy.forget();
  const steps = [40_000, 30_000, 20_000, 10_000, 500, 500].filter((backlogMs, second) => policy.sample({ nowMs: second * 1000, backlogMs, upstreamBitsPerSecond: 20e6 }));
  t.strictSame(steps, []);
});

t.test('there is a floor', async (t) => {
  const policy = new BitRatePolicy(wanted);
  run(policy, { bitsPerSecond: () => 1_000, seconds: 60 });
  t.ok(policy.isLowest);
  t.equal(policy.videoBitsPerSecond, 300_000);
});
