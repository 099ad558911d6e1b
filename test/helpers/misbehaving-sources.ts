import { audioTrack, videoTrack, type Sample } from './media-builder.js';
import { seededRandom } from './seeded-random.js';

/** How one source behaves, in seconds on its own clock. */
interface Behaviour {
  /** From the picture at this time to the next. */
  gapSeconds(timeSeconds: number, index: number): number;
  /** Whether the picture at this time is a keyframe. */
  isKeyframe(timeSeconds: number, picturesSince: number, secondsSince: number): boolean;
  /** Stretches without picture, without sound, without either. */
  readonly withoutPicture?: readonly Stretch[];
  readonly withoutSound?: readonly Stretch[];
  /** What a picture claims to last, where that is not true. */
  claimedSeconds?(gapSeconds: number, index: number): number;
  readonly beginsAt?: number;
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];
type Random = () => number;

const every = (seconds: number) => (_time: number, _pictures: number, since: number): boolean => since >= seconds - 1e-6;
const rate = (framesPerSecond: number) => (): number => 1 / framesPerSecond;
const between = (random: Random, low: number, high: number): number => low + random() * (high - low);
const anyStretch = (random: Random, lasts: readonly [number, number]): Stretch => {
  const from = between(random, 2, 9);
  return [from, from + between(random, ...lasts)];
};

/** Every way to misbehave that was met with real encoders, recorders and lines, with parameters by chance. */
const behaviours: Readonly<Record<string, (random: Random) => Behaviour>> = {
  'keyframes that move apart': (random) => {
    const growth = between(random, 1.05, 1.6);
    let distance = between(random, 0.5, 2);
    return { gapSeconds: rate(25), isKeyframe: (_time, _pictures, since) => since >= distance && (distance *= growth) > 0 };
  },
  'keyframes from 2 s to 16 s apart at once': () => ({ gapSeconds: rate(25), isKeyframe: (time, _pictures, since) => since >= (time < 8.1 ? 2 : 16) - 1e-6 }),
  'keyframes that move together': (random) => {
    let distance = between(random, 2, 4);
    return { gapSeconds: rate(30), isKeyframe: (_time, _pictures, since) => since >= distance && (distance = Math.max(0.1, distance * 0.7)) > 0 };
  },
  'keyframes at random': (random) => {
    let distance = 2;
    return { gapSeconds: rate(30), isKeyframe: (_time, _pictures, since) => since >= distance && (distance = between(random, 0.1, 5)) > 0 };
  },
  'scene cuts that vanish': (random) => ({
    gapSeconds: rate(30),
    isKeyframe: (time, pictures) => pictures >= 60 || (time < 6 && random() < 0.08),
  }),
  'a frame rate that halves, with keyframes counted in frames': (random) => {
    const at = between(random, 3, 9);
    return { gapSeconds: (time) => (time < at ? 1 / 60 : 1 / 30), isKeyframe: (_time, pictures) => pictures >= 120 };
  },
  'a keyframe every 250 frames': (random) => ({ gapSeconds: rate(random() < 0.5 ? 30 : 60), isKeyframe: (_time, pictures) => pictures >= 250 }),
  'no keyframe but the first': () => ({ gapSeconds: rate(30), isKeyframe: () => false }),
  'nothing but keyframes': (random) => ({ gapSeconds: rate(between(random, 5, 60)), isKeyframe: () => true }),
  'one frame a second': (random) => ({ gapSeconds: rate(1), isKeyframe: every(random() < 0.5 ? 2 : 4) }),
  'an odd frame rate': (random) => {
    const odd = [24_000 / 1001, 7.3, 12.5, 59.94, 119.88, 144][Math.floor(random() * 6)] ?? 30;
    return { gapSeconds: rate(odd), isKeyframe: every(between(random, 1, 2.4)) };
  },
  'pictures at any time': (random) => ({ gapSeconds: () => between(random, 0.001, 0.4), isKeyframe: every(between(random, 0.3, 3)) }),
  'frames that are missing': (random) => ({ gapSeconds: () => (random() < 0.1 ? Math.ceil(random() * 20) : 1) / 30, isKeyframe: every(2) }),
  'a picture that stops': (random) => ({ gapSeconds: rate(30), isKeyframe: (_time, pictures) => pictures >= 60, withoutPicture: [anyStretch(random, [0.3, 8])] }),
  'sound that stops': (random) => ({ gapSeconds: rate(30), isKeyframe: every(2), withoutSound: [anyStretch(random, [0.3, 8])] }),
  'holes in both': (random) => {
    const hole = anyStretch(random, [0.3, 9]);
    return { gapSeconds: rate(30), isKeyframe: (_time, pictures) => pictures >= 60, withoutPicture: [hole], withoutSound: [hole] };
  },
  'sound alone, with holes': (random) => ({
    gapSeconds: rate(1),
    isKeyframe: () => true,
    withoutPicture: [[-1, Infinity]],
    withoutSound: [anyStretch(random, [0.2, 2]), anyStretch(random, [1, 8])],
  }),
  'pictures that overlap, or claim to last for seconds': (random) => ({
    gapSeconds: rate(30),
    isKeyframe: every(2),
    claimedSeconds: (gap) => (random() < 0.3 ? gap * between(random, 0, 60) : gap),
  }),
  'times that were squeezed together': (random) => ({ gapSeconds: (_time, index) => (index % 90 > 60 ? 1 / 90_000 : 1 / between(random, 20, 40)), isKeyframe: (_time, pictures) => pictures >= 45 }),
  'times near where 33 bits of 90 kHz end': () => ({ gapSeconds: rate(25), isKeyframe: every(2), beginsAt: 2 ** 33 / 90_000 - 4 }),
};

export interface MisbehavingSource {
  readonly name: string;
  /** In the order of their times. */
  readonly samples: readonly Sample[];
}

/** Each way to misbehave once, with and without sound. The same for the same seed. */
export function misbehavingSources(seed: number, seconds = 18): MisbehavingSource[] {
  const sources = Object.entries(behaviours).flatMap(([name, make]) =>
    [true, false].map((withSound) => ({
      name: `${name}${withSound ? ', with sound' : ''}, seed ${seed}`,
      samples: samplesOf(make(seededRandom(seed)), withSound, seconds),
    })),
  );
  return sources.filter(({ samples }) => samples.length > 0);
}

function samplesOf(behaviour: Behaviour, withSound: boolean, seconds: number): Sample[] {
  const { beginsAt = 0, withoutPicture = [], withoutSound = [] } = behaviour;
  const samples: Sample[] = [];
  let [keyframeAt, picturesSince] = [0, 0];
  for (let [time, index] = [0, 0]; time < seconds; index++) {
    const gap = behaviour.gapSeconds(time, index);
    const keyframe = index === 0 || behaviour.isKeyframe(time, picturesSince, time - keyframeAt);
    if (!isWithin(time, withoutPicture)) {
      if (keyframe) [keyframeAt, picturesSince] = [time, 0];
      picturesSince++;
      const durationSeconds = behaviour.claimedSeconds?.(gap, index) ?? gap;
      samples.push({ track: videoTrack, startSeconds: beginsAt + time, durationSeconds, keyframe });
    }
    time += gap;
  }
  for (let tick = 0; withSound && tick < seconds * audioTrack.timescale; tick += 1024) {
    const time = tick / audioTrack.timescale;
    if (isWithin(time, withoutSound)) continue;
    samples.push({ track: audioTrack, startSeconds: beginsAt + time, durationSeconds: 1024 / audioTrack.timescale, keyframe: true });
  }
  return samples.sort((a, b) => a.startSeconds - b.startSeconds || a.track.trackId - b.track.trackId);
}

function isWithin(time: number, stretches: readonly Stretch[]): boolean {
  return stretches.some(([from, to]) => time > from && time < to);
}
