import t from 'tap';
import { ladder } from '../../../src/web/sdk/publishing/webcodecs/ladder.js';
import { renditionSizes } from '../../../src/web/sdk/publishing/webcodecs/picture-encoders.js';
import { RenditionPolicy } from '../../../src/web/sdk/publishing/webcodecs/rendition-policy.js';

/** Half-seconds of one load: at which of them, in seconds from now on, the number became another. */
function steps(policy: RenditionPolicy, from: number, seconds: number, load: { readonly queue: number; readonly skips?: number }): string[] {
  const changes: string[] = [];
  for (let at = 0.5; at <= seconds; at += 0.5) {
    if (policy.sample({ nowMs: (from + at) * 1000, queue: load.queue, skipped: (load.skips ?? 0) * at })) changes.push(`${String(at)} s: ${String(policy.renditions)}`);
  }
  return changes;
}

t.test('a machine that is behind for two seconds makes fewer renditions, one at a time, and the source always', async (t) => {
  const policy = new RenditionPolicy(3);
  t.strictSame(steps(policy, 0, 60, { queue: 1 }), [], 'as many as it began with');
  t.strictSame(steps(policy, 60, 1.5, { queue: 5 }), [], 'a moment tells nothing');
  t.strictSame(steps(policy, 61.5, 5, { queue: 0 }), []);
  t.strictSame(steps(policy, 70, 30, { queue: 5 }), ['2.5 s: 2', '7.5 s: 1']);
  const skipping = new RenditionPolicy(2);
  t.strictSame(steps(skipping, 0, 10, { queue: 2, skips: 4 }), ['2.5 s: 1'], 'pictures that were not encoded count, too');
});

t.test('after calm it makes more again, and waits longer each time that did not hold', async (t) => {
  const policy = new RenditionPolicy(2);
  steps(policy, 0, 5, { queue: 5 });
  t.equal(policy.renditions, 1);
  t.strictSame(steps(policy, 10, 40, { queue: 0 }), ['30.5 s: 2']);
  t.equal(steps(policy, 50, 5, { queue: 5 }).length, 1);
  t.strictSame(steps(policy, 60, 70, { queue: 0 }), ['60.5 s: 2']);
});

t.test('what was never made is not left out, nor made anew: a small source, or few bits, make fewer than there may be', async (t) => {
  const small = new RenditionPolicy(3);
  small.begin(1);
  t.strictSame(steps(small, 0, 30, { queue: 5 }), [], 'a joint would change nothing');
  t.strictSame([small.made, small.renditions], [1, 3]);
  const two = new RenditionPolicy(3);
  two.begin(2);
  t.strictSame(steps(two, 0, 4, { queue: 5 }), ['2.5 s: 1'], 'one fewer than there are');
  two.begin(1);
  t.strictSame(steps(two, 10, 40, { queue: 0 }), ['30.5 s: 2']);
  const few = new RenditionPolicy(3);
  steps(few, 0, 4, { queue: 5 });
  few.begin(1);
  t.strictSame(steps(few, 10, 60, { queue: 0 }), [], 'the bits are too few for two: more would be no more');
});

t.test('renditions take less than the one above, and on a slow line the bits are the source’s', async (t) => {
  const bits = (videoBitsPerSecond: number, lines = 1080): number[] => ladder({ videoBitsPerSecond, lines }, 3).map(({ bitsPerSecond }) => bitsPerSecond);
  t.strictSame(bits(4_500_000), [4_500_000, 1_000_000, 500_000]);
  t.strictSame(bits(1_200_000), [1_200_000, 720_000, 432_000]);
  t.strictSame(bits(300_000), [300_000]);
  t.strictSame(bits(1_200_000, 480), [1_200_000, 500_000]);
  t.strictSame(bits(1_200_000, 360), [1_200_000]);
  t.equal(ladder({ videoBitsPerSecond: 4_500_000, lines: 1080 }, 2).length, 2);
  t.strictSame(renditionSizes({ width: 720, height: 1280 }, ladder({ videoBitsPerSecond: 2_500_000, lines: 720 }, 3)).map(({ width, height }) => [width, height]), [[720, 1280], [480, 852], [360, 640]], 'lines are of the shorter side');
  t.strictSame(renditionSizes({ width: 854, height: 480 }, ladder({ videoBitsPerSecond: 2_500_000, lines: 720 }, 3)).map(({ height, wish }) => [height, wish]), [[480, 0], [360, 2]], 'each keeps its own bits');
});
