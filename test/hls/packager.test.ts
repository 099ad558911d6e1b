import t from 'tap';
import { everySeconds, type Script } from '../helpers/media-builder.js';
import { Packaged, packagedFromMs } from '../helpers/packaged.js';
import { violations } from '../helpers/playlist-rules.js';
import { seeded } from '../source/fixture.js';

const start = packagedFromMs;
const steady = (framesPerSecond: number): number[] => Array.from({ length: framesPerSecond * 30 }, () => 1 / framesPerSecond);
const jittery = (seed: number): number[] => {
  const random = seeded(seed);
  return Array.from({ length: 600 }, () => 0.02 + random() * 0.1);
};

t.test('no playlist of any source breaks a rule, from the first part to the end', async (t) => {
  const scripts: Record<string, Script> = {
    steady: { gapsSeconds: steady(30), withSound: true, seconds: 20 },
    'with keyframes far apart': { gapsSeconds: steady(25), isKeyframe: everySeconds(5), seconds: 30 },
    jittery: { gapsSeconds: jittery(5), withSound: true, seconds: 30 },
    'jittery without sound': { gapsSeconds: jittery(6), isKeyframe: everySeconds(2), seconds: 30 },
    'sound only': { withSound: true, seconds: 20 },
    'standing still for 4 s': { gapsSeconds: steady(30).map((gap, index) => (index === 200 ? 4 : gap)), isKeyframe: everySeconds(2), withSound: true, seconds: 20 },
    'gone for 10 s': { gapsSeconds: steady(30).map((gap, index) => (index === 200 ? 10 : gap)), isKeyframe: everySeconds(2), seconds: 30 },
  };
  for (const [name, script] of Object.entries(scripts)) {
    const { seen } = await new Packaged().run(script);
    t.strictSame(violations(seen), [], name);
    t.ok(seen.length > 20, `${name}: ${seen.length} playlists`);
  }
});

t.test('nor does any, however long parts should be', async (t) => {
  for (const partSeconds of [0.2, 0.333, 0.5, 1]) {
    for (const [name, gapsSeconds] of Object.entries({ 30: steady(30), 24: steady(24), 8: steady(8), jittery: jittery(5), 'standing still': steady(30).map((gap, index) => (index === 100 ? 2 : gap)) })) {
      const { seen } = await new Packaged({ partSeconds }).run({ gapsSeconds, isKeyframe: everySeconds(2), withSound: true, seconds: 5 });
      t.strictSame(violations(seen), [], `${name}, parts of ${partSeconds} s`);
      t.ok(seen.length > 2, `${name}: ${seen.length} playlists`);
    }
  }
});

t.test('parts are as long as wished where whole pictures make them so, else the next longer ones of which that is so', async (t) => {
  const targetOf = async (partSeconds: number, gapsSeconds: number[]): Promise<number | undefined> => (await new Packaged({ partSeconds }).run({ gapsSeconds, seconds: 5 })).presentation.timing?.partTargetSeconds;
  const even = (framesPerSecond: number, partSeconds: number): Promise<number | undefined> => targetOf(partSeconds, steady(framesPerSecond));
  for (const partSeconds of [0.2, 0.333, 0.334, 0.5, 1]) for (const framesPerSecond of [60, 30, 25, 20]) t.equal(await even(framesPerSecond, partSeconds), partSeconds, `${framesPerSecond} pictures a second, ${partSeconds} s`);
  t.equal(await even(24, 0.2), 0.211, 'five pictures, and a millisecond');
  t.equal(await even(12, 0.2), 0.25, 'three pictures');
  t.equal(await even(3, 0.2), 0.334, 'one picture');
  t.equal(await even(1.5, 0.2), 0.5, 'none is longer, unless that is wished');
  t.equal(await even(1.5, 1), 1);
  t.equal(await targetOf(0.2, jittery(1)), 0.5);
  const uneven = Array.from({ length: 600 }, (_, index) => [0.02, 0.03, 0.04][index % 3] ?? 0);
  t.equal(await targetOf(0.2, uneven), 0.267, 'the longest of nine gaps in ten may be missing of a part');
  t.equal(await targetOf(0.334, uneven), 0.334);
});

t.test('part target and target duration are chosen by what the source was seen to do, and stay for all its timelines', async (t) => {
  const regular = await new Packaged().run({ gapsSeconds: steady(30), seconds: 5 });
  t.strictSame(regular.presentation.timing, { targetDurationSeconds: 2, partTargetSeconds: 0.334 });
  t.equal(regular.presentation.lead.facts?.frameRate, 30);
  await regular.run({ gapsSeconds: jittery(1), isKeyframe: everySeconds(3), seconds: 10 }, start + 60_000);
  t.strictSame(regular.presentation.timing, { targetDurationSeconds: 2, partTargetSeconds: 0.334 });
  const irregular = await new Packaged().run({ gapsSeconds: jittery(1), seconds: 5 });
  t.equal(irregular.presentation.timing?.partTargetSeconds, 0.5);
  const farApart = await new Packaged().run({ gapsSeconds: steady(30), isKeyframe: everySeconds(4), seconds: 13 });
  t.equal(farApart.presentation.timing?.targetDurationSeconds, 4);
});

t.test('the target duration is that of the first segment, up to four seconds; a still picture with sound makes it no longer', async (t) => {
  const late = await new Packaged().run({ gapsSeconds: steady(30), isKeyframe: everySeconds(3), withSound: true, seconds: 10 });
  t.equal(late.presentation.timing?.targetDurationSeconds, 3);
  const counted = await new Packaged().run({ gapsSeconds: steady(30), isKeyframe: (_start, index) => index % 100 === 0, seconds: 10 });
  t.equal(counted.presentation.timing?.targetDurationSeconds, 4, 'keyframes 3.33 s apart are likely to lie 3.5 s apart later');
  const never = await new Packaged().run({ gapsSeconds: steady(30), isKeyframe: (start) => start === 0, withSound: true, seconds: 10 });
  t.equal(never.presentation.timing?.targetDurationSeconds, 4);
  t.strictSame(violations(never.seen), []);
  const still = await new Packaged().run({ gapsSeconds: [20], withSound: true, seconds: 10 });
  t.equal(still.presentation.timing?.targetDurationSeconds, 2);
});

t.test('of keyframes each second two make a segment, whether they keep to the clock or to the one before, and the target duration is that of two', async (t) => {
  /** The first picture of each second, as WebCodecs publishers make them. */
  const byTheClock = (): ((startSeconds: number) => boolean) => {
    let second = -1;
    return (startSeconds) => Math.floor(startSeconds) > second && ((second = Math.floor(startSeconds)), true);
  };
  const shortGaps = jittery(7).map((gap) => gap / 2);
  const rates: Record<string, number[]> = { 30: steady(30), 29.97: steady(29.97), 25: steady(25), 15: steady(15), 10: steady(10), 'gaps of 10 to 60 ms': shortGaps };
  for (const [rate, gapsSeconds] of Object.entries(rates)) {
    for (const [kind, keyframes] of Object.entries({ 'by the clock': byTheClock, 'by the one before': () => everySeconds(1) })) {
      const { presentation, seen } = await new Packaged().run({ gapsSeconds, isKeyframe: keyframes(), seconds: 13 });
      t.equal(presentation.timing?.targetDurationSeconds, 2, `${rate}, ${kind}`);
      t.strictSame(violations(seen), [], `${rate}, ${kind}`);
      const lengths = seen.at(-1)?.segments.slice(0, -1).map(({ durationSeconds = 0 }) => durationSeconds) ?? [];
      t.ok(lengths.length >= 5 && lengths.every((seconds) => seconds > 1.89 && seconds < 2.21), `${rate}, ${kind}: ${lengths.join(' ')}`);
    }
  }
});

t.test('a recording that ends within its first segment can still be played', async (t) => {
  const { presentation, seen } = await new Packaged().run({ gapsSeconds: steady(30), withSound: true, seconds: 0.7 });
  t.ok(presentation.playable);
  t.strictSame(seen.at(-1)?.segments.map(({ durationSeconds }) => Math.round((durationSeconds ?? 0) * 10)), [7]);
});

t.test('a timeline without a keyframe shows nothing, fixes nothing and is no discontinuity', async (t) => {
  const packaged = await new Packaged().run({ gapsSeconds: steady(30), isKeyframe: () => false, seconds: 5 });
  t.equal(packaged.presentation.timing, undefined);
  t.strictSame(packaged.seen, []);
  await packaged.run({ gapsSeconds: steady(30), seconds: 5 }, start + 10_000);
  t.equal(packaged.seen[0]?.segments[0]?.isDiscontinuity, false);
  t.strictSame(violations(packaged.seen), []);
});

t.test('the second timeline follows the first by a discontinuity and its own init segment', async (t) => {
  const packaged = await new Packaged().run({ gapsSeconds: steady(30), seconds: 6 });
  await packaged.run({ gapsSeconds: steady(30), withSound: true, seconds: 6 }, start + 20_000);
  const { segments } = packaged.seen.at(-1)!;
  const second = segments.find(({ isDiscontinuity }) => isDiscontinuity);
  t.match(second, { mapUri: 'init-1.mp4', programDateTime: new Date(start + 20_000).toISOString() });
  t.strictSame(violations(packaged.seen), []);
});
