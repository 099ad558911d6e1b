import t from 'tap';
import { everySeconds, samplesOf, type Script } from '../helpers/media-builder.js';
import { cutSource, lawsBroken, type CutTiming } from '../helpers/segmenter-laws.js';
import { seeded } from '../source/fixture.js';

const steady = (framesPerSecond: number): number[] => Array.from({ length: framesPerSecond * 20 }, () => 1 / framesPerSecond);
const jittery = (seed: number): number[] => {
  const random = seeded(seed);
  return Array.from({ length: 400 }, () => 0.02 + random() * 0.1);
};
const regular: CutTiming = { segmentTargetSeconds: 2, partTargetSeconds: 0.334, targetDurationSeconds: 2 };
const irregular: CutTiming = { ...regular, partTargetSeconds: 0.5 };

const sources: Record<string, { script: Script; timing: CutTiming }> = {
  '30 frames a second': { script: { gapsSeconds: steady(30), seconds: 12 }, timing: regular },
  '30 frames a second with sound': { script: { gapsSeconds: steady(30), withSound: true, seconds: 12 }, timing: regular },
  '25 frames a second with sound': { script: { gapsSeconds: steady(25), withSound: true, seconds: 12 }, timing: regular },
  '24 frames a second': { script: { gapsSeconds: steady(24), seconds: 12 }, timing: regular },
  '60 frames a second': { script: { gapsSeconds: steady(60), seconds: 6 }, timing: regular },
  '15 frames a second with sound': { script: { gapsSeconds: steady(15), withSound: true, seconds: 12 }, timing: irregular },
  '15 frames a second in short parts': { script: { gapsSeconds: steady(15), seconds: 12 }, timing: regular },
  '1 frame a second without sound': { script: { gapsSeconds: [1], isKeyframe: everySeconds(2), seconds: 12 }, timing: irregular },
  'sound only': { script: { withSound: true, seconds: 12 }, timing: regular },
  'a group of pictures of 2.1 s': { script: { gapsSeconds: steady(30), isKeyframe: everySeconds(2.1), withSound: true, seconds: 12 }, timing: regular },
  'a group of pictures of 1.3 s': { script: { gapsSeconds: steady(30), isKeyframe: everySeconds(1.3), seconds: 12 }, timing: regular },
  'keyframes inside a segment': { script: { gapsSeconds: steady(30), isKeyframe: everySeconds(0.4), seconds: 12 }, timing: regular },
  'nothing but keyframes': { script: { gapsSeconds: steady(30), isKeyframe: () => true, seconds: 6 }, timing: regular },
  'a first keyframe that comes late': { script: { gapsSeconds: steady(30), isKeyframe: (start, index) => start > 1.5 && index % 60 === 0, withSound: true, seconds: 12 }, timing: regular },
  'one frame that is missing': { script: { gapsSeconds: steady(30).map((gap, index) => (index === 100 ? 2 * gap : gap)), seconds: 12 }, timing: regular },
  'a picture that stands still for 1 s, without sound': { script: { gapsSeconds: steady(30).map((gap, index) => (index === 70 ? 1 : gap)), seconds: 12 }, timing: regular },
  'a picture that stands still for 4 s while sound goes on': { script: { gapsSeconds: steady(30).map((gap, index) => (index === 70 ? 4 : gap)), isKeyframe: everySeconds(2), withSound: true, seconds: 12 }, timing: regular },
  'a picture that changes every 4 s, with sound': { script: { gapsSeconds: [4], isKeyframe: () => true, withSound: true, seconds: 20 }, timing: irregular },
  'sound that stops for 3 s': { script: { gapsSeconds: steady(30), withSound: true, silentSeconds: [4, 7], seconds: 12 }, timing: regular },
};
for (const seed of [1, 2, 3, 4]) {
  for (const withSound of [false, true]) {
    const name = `gaps of 20 to 120 ms${withSound ? ' with sound' : ''}, seed ${seed}`;
    sources[name] = { script: { gapsSeconds: jittery(seed), isKeyframe: everySeconds(1), withSound, seconds: 20 }, timing: irregular };
    sources[`${name}, in short parts`] = { script: { gapsSeconds: jittery(seed), isKeyframe: everySeconds(2), withSound, seconds: 20 }, timing: regular };
  }
}

for (const [name, { script, timing }] of Object.entries(sources)) {
  t.test(`cuts of ${name} break no rule, lose nothing and add up to the media's time`, async (t) => {
    const run = cutSource(samplesOf(script), timing);
    t.strictSame([...lawsBroken(run, timing)], []);
    t.equal(run.refused.size, 0, 'nothing that could be published was refused');
    t.ok(run.segments.length > 1, `${run.segments.length} segments`);
    t.notOk(run.cuts.some(({ type }) => type === 'discontinuity'), 'nothing is missing');
    const summed = run.segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
    const { lead, end } = extent(script);
    t.ok(Math.abs(summed - (end - (run.segments[0]?.startSeconds ?? 0))) <= lead + 0.001, `${summed} s of ${end} s`);
  });
}

t.test('frame durations that promise too little or nothing change no law', async (t) => {
  for (const durationSeconds of [0, 0.033, 0.2]) {
    const samples = samplesOf({ gapsSeconds: jittery(9), withSound: true, seconds: 10 }).map((sample) => (sample.track.kind === 'video' ? { ...sample, durationSeconds } : sample));
    t.strictSame([...lawsBroken(cutSource(samples, irregular), irregular)], [], `${durationSeconds} s`);
  }
});

for (const holeSeconds of [3, 30]) {
  for (const withSound of [false, true]) {
    const what = withSound ? 'a source whose sound and picture' : 'a source whose picture';
    t.test(`${what} stall for ${holeSeconds} s goes on after a discontinuity, at a keyframe, with no part or segment too long`, async (t) => {
      const gapsSeconds = steady(30).map((gap, index) => (index === 130 ? holeSeconds : gap));
      const [from, to] = [4.34, 4.33 + holeSeconds];
      const samples = samplesOf({ gapsSeconds, isKeyframe: everySeconds(1), withSound, silentSeconds: [from, to], seconds: 12 + holeSeconds });
      const run = cutSource(samples, regular);
      t.strictSame([...lawsBroken(run, regular)], []);
      t.equal(run.cuts.filter(({ type }) => type === 'discontinuity').length, 1);
      const after = run.segments.find(({ discontinuity }) => discontinuity);
      const before = run.segments[run.segments.indexOf(after!) - 1];
      t.ok(Math.abs((before?.startSeconds ?? 0) + (before?.durationSeconds ?? 0) - 4.33) < 0.35, 'what came before the hole is all there');
      t.ok(Math.abs((after?.startSeconds ?? 0) - to) < 0.05, 'and what follows begins where it ends');
    });
  }
}

t.test('after a hole, pictures before the next keyframe are left out, and sound that is late from inside the hole too', async (t) => {
  const gapsSeconds = steady(30).map((gap, index) => (index === 130 ? 5 : gap));
  const samples = samplesOf({ gapsSeconds, isKeyframe: (_start, index) => index % 50 === 0, seconds: 15 });
  const sound = samplesOf({ withSound: true, seconds: 12 });
  const late = sound.filter(({ startSeconds }) => startSeconds > 5 && startSeconds < 6);
  const resumed = samples.findIndex(({ startSeconds }) => startSeconds > 9);
  const run = cutSource([...samples.slice(0, resumed + 30), ...late, ...samples.slice(resumed + 30)], regular);
  t.strictSame([...lawsBroken(run, regular)], []);
  const after = run.segments.find(({ discontinuity }) => discontinuity);
  t.ok(Math.abs((after?.startSeconds ?? 0) - (samples[150]?.startSeconds ?? 0)) < 0.001, 'it begins at the keyframe');
});

t.test('a source without any keyframe is never cut', async (t) => {
  const run = cutSource(samplesOf({ gapsSeconds: steady(30), isKeyframe: () => false, withSound: true, seconds: 5 }), regular);
  t.strictSame(run.cuts, []);
});

function extent({ gapsSeconds, seconds }: Script): { lead: number; end: number } {
  const samples = samplesOf({ ...(gapsSeconds ? { gapsSeconds } : { withSound: true }), seconds });
  const last = samples.at(-1)!;
  return { lead: Math.max(...samples.map(({ durationSeconds }) => durationSeconds)), end: last.startSeconds + last.durationSeconds };
}
