import t from 'tap';
import { Encoded } from '../../src/hls/encoded.js';
import { assertEqualShapes } from '../helpers/equal-renditions.js';
import { audioTrack, tracksOf, videoTrack } from '../helpers/media-builder.js';
import { claimsBroken, Packaged, packagedFromMs } from '../helpers/packaged.js';
import { Ladder } from '../helpers/packaged-ladder.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { cutSource, fragmentsOf, lawsBroken, type CutTiming } from '../helpers/segmenter-laws.js';
import { misbehavingSources } from '../helpers/misbehaving-sources.js';
import { seededRandom } from '../helpers/seeded-random.js';

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

t.test('whatever a source does, no playlist breaks a rule, no segment claims too much, and no picture is missing', async (t) => {
  for (const { name, samples } of misbehavingSources(7, 12)) {
    const packaged = new Packaged();
    await packaged.publish(samples);
    t.strictSame(violations(packaged.seen), [], name);
    t.strictSame(packaged.segments.flatMap((segment) => [...claimsBroken(segment)]), [], name);
    const shown = packaged.segments.flatMap(({ keyframes }) => keyframes.flat()).length;
    t.equal(shown, samples.filter(({ track }) => track.kind === 'video').length, `${name}: pictures`);
  }
});

for (let seed = 1; seed <= 2; seed++) {
  t.test(`whatever a source does, its renditions stay alike and break no rule: seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    for (const { name, samples } of misbehavingSources(seed, 9)) {
      const ladder = new Ladder();
      ladder.add('a', { behindSeconds: random() * 3 });
      ladder.add('b', { behindSeconds: random() * 0.3 });
      ladder.begin(tracksOf(samples));
      await ladder.push(samples);
      await ladder.end();
      assertEqualShapes(t, ladder, name);
    }
  });
}

t.test('recordings one after another, short ones, of other sizes, whose clocks begin anew or jump back, are one playlist that breaks no rule', async (t) => {
  const packaged = new Packaged();
  const sources = misbehavingSources(11, 3);
  let atMs = packagedFromMs;
  for (const [index, { samples }] of sources.entries()) {
    const origin = samples[0]?.startSeconds ?? 0;
    const lasting = index % 3 === 0 ? 0.4 : 3;
    const recording = samples.filter(({ startSeconds }) => startSeconds - origin < lasting);
    const size = index % 2 === 0 ? { width: 640, height: 360 } : { width: 360, height: 640 };
    const [, ...others] = recording.some(({ track }) => track.kind === 'audio') ? [videoTrack, audioTrack] : [videoTrack];
    await packaged.publish(recording, atMs, [{ ...videoTrack, ...size }, ...others]);
    // The next one comes a moment later, or seems to have been made before this one was over.
    atMs += (lasting + (index % 5) / 5 - 0.2) * 1000;
    t.strictSame([...multivariantViolations(multivariantOf(packaged))], []);
  }
  t.strictSame(violations(packaged.seen), []);
  t.strictSame(packaged.segments.flatMap((segment) => [...claimsBroken(segment)]), []);
  t.ok(packaged.segments.length > sources.length);
});

function multivariantOf({ presentation }: Packaged): string {
  const { body } = presentation.multivariant();
  return body instanceof Encoded ? body.identity.toString() : '';
}
