import t from 'tap';
import { FragmentNumbers, numberOf, setNumber } from '../../src/fmp4/fragment-numbers.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { soundFirst } from '../../src/fmp4/sound-first.js';
import { TracksApart } from '../../src/fmp4/tracks-apart.js';
import { AddingPlayer } from '../helpers/adding-player.js';
import { audioTrack, fragment, samplesOf, videoTrack } from '../helpers/media-builder.js';
import { seededRandom } from '../helpers/seeded-random.js';

const tracks = [videoTrack, audioTrack];

/** Groups of fragments, each from a keyframe on: sound alone, with pictures, or only in some of them, as ffmpeg puts them. */
function numberedGroups(random: () => number): Fragment[][] {
  const samples = samplesOf({ gapsSeconds: [0.1], withSound: true, seconds: 8 });
  const [apart, numbers] = [new TracksApart(tracks), new FragmentNumbers()];
  numbers.startTimeline(tracks);
  const groups: Fragment[][] = [];
  while (samples.length > 0) {
    const isLoneKeyframe = samples[0]?.track === videoTrack && samples[0].keyframe;
    const until = samples.findIndex(({ track, keyframe }, at) => at > 0 && track === videoTrack && keyframe);
    const count = isLoneKeyframe ? 1 : Math.min(1 + Math.floor(random() * 3), until < 0 ? Infinity : until);
    for (const each of apart.push(fragment(samples.splice(0, count)))) {
      if (each.runs.some(({ trackId, startsWithSync }) => trackId === videoTrack.trackId && startsWithSync)) groups.push([]);
      const { number, passed } = numbers.of(each);
      passed();
      setNumber(each, number);
      groups.at(-1)?.push(each);
    }
  }
  return groups;
}

t.test('law: who begins at any keyframe, or leaves out any groups of pictures, and reads a decode time only where a number does not follow, has each track at its time', async (t) => {
  const random = seededRandom(5);
  const worst = new Set<number>();
  for (let trial = 0; trial < 50; trial++) {
    const groups = numberedGroups(random);
    const numbers = groups.flat().map(numberOf);
    t.ok(groups.length >= 8 && numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0)), 'they rise');
    const player = new AddingPlayer();
    for (const group of groups) if (random() < 0.6) for (const each of random() < 0.3 ? soundFirst(group, tracks) : group) player.push(each);
    worst.add(player.worstTicks);
  }
  t.strictSame([...worst], [0]);
});

t.test('within a group numbers follow each other, but for what begins in it: players that say so where they do not have little to say', async (t) => {
  for (const group of numberedGroups(seededRandom(6))) {
    const numbers = group.map(numberOf);
    const jumps = numbers.filter((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0) + 1);
    t.ok(jumps.length <= 2, `${jumps.length} in ${numbers.length}`);
  }
});

t.test('what does not go to viewers takes no number', async (t) => {
  const numbers = new FragmentNumbers();
  numbers.startTimeline(tracks);
  const [key, sound] = [fragment([{ track: videoTrack, startSeconds: 1, durationSeconds: 0.1, keyframe: true }]), fragment([{ track: audioTrack, startSeconds: 1, durationSeconds: 0.1, keyframe: true }])];
  const first = numbers.of(key);
  t.equal(numbers.of(key).number, first.number);
  first.passed();
  const second = numbers.of(sound);
  t.equal(second.number, first.number + 2);
  second.passed();
  t.equal(numbers.of(sound).number, second.number + 1);
});
