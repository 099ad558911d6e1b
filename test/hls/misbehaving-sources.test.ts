import t from 'tap';
import { cutSource, fragmentsOf, lawsBroken, type CutTiming } from '../helpers/segmenter-laws.js';
import { misbehavingSources } from '../helpers/misbehaving-sources.js';

const timings: readonly CutTiming[] = [
  { segmentTargetSeconds: 2, partTargetSeconds: 0.334, targetDurationSeconds: 2 },
  { segmentTargetSeconds: 2, partTargetSeconds: 0.5, targetDurationSeconds: 4 },
  { segmentTargetSeconds: 1, partTargetSeconds: 0.5, targetDurationSeconds: 1 },
];

for (let seed = 1; seed <= 3; seed++) {
  t.test(`whatever a source does, no cut breaks a rule: seed ${seed}`, async (t) => {
    for (const { name, samples } of misbehavingSources(seed)) {
      const fragments = fragmentsOf(samples);
      for (const timing of timings) {
        const broken = [...lawsBroken(cutSource(samples, timing, fragments), timing)];
        t.strictSame(broken.slice(0, 5), [], `${name}, target duration ${timing.targetDurationSeconds} s`);
      }
    }
  });
}
