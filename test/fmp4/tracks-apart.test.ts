import t from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readSamples } from '../../src/fmp4/samples.js';
import { soundFirst } from '../../src/fmp4/sound-first.js';
import { TracksApart } from '../../src/fmp4/tracks-apart.js';
import { audioTrack, videoTrack } from '../helpers/media-builder.js';
import { muxedFragment, type MuxedRun } from '../helpers/muxed-fragment.js';
import { seededRandom } from '../helpers/seeded-random.js';

const tracks = [videoTrack, audioTrack];
const picture = (seconds: number, keyframe = false): MuxedRun => ({ trackId: videoTrack.trackId, ticks: Math.round(seconds * videoTrack.timescale), samples: [`picture at ${seconds.toFixed(3)};`], keyframe });
const sound = (seconds: number): MuxedRun => ({ trackId: audioTrack.trackId, ticks: Math.round(seconds * audioTrack.timescale), samples: [`sound at ${seconds.toFixed(3)};`] });
const apart = (fragments: readonly Fragment[]): Fragment[] => {
  const each = new TracksApart(tracks);
  return fragments.flatMap((fragment) => each.push(fragment));
};
const said = (fragments: readonly Fragment[]): string[] => fragments.map((fragment) => readSamples(fragment).map(({ bytes }) => bytes.toString()).join(''));
const isSoundIn = ({ runs }: Fragment): boolean => runs.some(({ trackId, sampleCount }) => trackId === audioTrack.trackId && sampleCount > 0);
const isPictureIn = ({ runs }: Fragment): boolean => runs.some(({ trackId }) => trackId === videoTrack.trackId);
const isKeyframe = ({ runs }: Fragment): boolean => runs.some(({ trackId, startsWithSync }) => trackId === videoTrack.trackId && startsWithSync);

t.test('a keyframe is alone, behind the sound from before it, and so is the first sound after it; what follows stays together', async (t) => {
  const came = [
    [picture(1, true), sound(0.98)],
    [picture(1.033), sound(1.003)],
    [sound(1.024)],
    [picture(1.066), sound(1.045)],
    [picture(2, true), sound(2.001)],
    [picture(2.033), sound(2.022)],
  ].map(muxedFragment);
  t.strictSame(said(apart(came)), [
    'sound at 0.980;',
    'picture at 1.000;',
    'sound at 1.003;',
    'picture at 1.033;',
    'sound at 1.024;',
    'picture at 1.066;sound at 1.045;',
    'picture at 2.000;',
    'sound at 2.001;',
    'picture at 2.033;sound at 2.022;',
  ]);
});

t.test('a fragment of one track, one with a run that is empty, and sound with sound are themselves', async (t) => {
  const alone = muxedFragment([picture(1, true)]);
  const empty = muxedFragment([picture(1, true), { ...sound(1), samples: [] }]);
  const later = muxedFragment([picture(1.033), sound(1.02)]);
  const first = muxedFragment([sound(1)]);
  const fragments = [alone, empty, first, later];
  const given = apart(fragments);
  t.equal(given.length, fragments.length);
  for (const [index, fragment] of fragments.entries()) t.equal(given[index], fragment);
  const twoSounds = muxedFragment([sound(1), { ...sound(1.02), trackId: 3 }]);
  t.equal(new TracksApart([audioTrack]).push(twoSounds)[0], twoSounds);
});

/** Pictures and sound in fragments of a picture at most, with as much sound in them as chance wants: before, with and behind it. */
function interleaved(seed: number): Fragment[] {
  const random = seededRandom(seed);
  const runs: MuxedRun[] = [];
  const keyframeEvery = 4 + Math.floor(random() * 8);
  for (let index = 0, at = 1; index < 40; index++, at += 0.01 + random() * 0.06) runs.push(picture(at, index % keyframeEvery === 0));
  for (let at = 1 - random() * 0.1; at < 3; at += 1024 / 48_000) runs.push(sound(at));
  const secondsOf = ({ trackId, ticks }: MuxedRun): number => ticks / (tracks.find((track) => track.trackId === trackId)?.timescale ?? 1);
  runs.sort((one, other) => secondsOf(one) - secondsOf(other));
  const fragments: MuxedRun[][] = [];
  for (const run of runs) {
    const last = fragments.at(-1);
    const fits = last?.every(({ trackId }) => trackId !== run.trackId) === true;
    // The picture is the first track, whatever comes first.
    if (last && fits && random() < 0.6) last.splice(run.trackId === videoTrack.trackId ? 0 : last.length, 0, run);
    else fragments.push([run]);
  }
  return fragments.map(muxedFragment);
}

t.test('whatever is interleaved how: nothing is lost or doubled, each track stays in order, keyframes are alone, and media that begins anew at any keyframe begins with its first sound', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const came = interleaved(seed);
    const given = apart(came);
    for (const { trackId } of tracks) {
      const samplesOf = (fragments: readonly Fragment[]): unknown[] => fragments.flatMap((fragment) => readSamples(fragment).filter((sample) => sample.trackId === trackId).map(({ decodeTime, bytes, isSync }) => [decodeTime, bytes.toString(), isSync]));
      t.strictSame(samplesOf(given), samplesOf(came), `seed ${seed}: track ${trackId}`);
    }
    for (const [index, fragment] of given.entries()) {
      if (!isKeyframe(fragment)) continue;
      t.strictSame(fragment.runs.length, 1, `seed ${seed}: a keyframe is alone`);
      const { decodeTime = 0 } = readSamples(fragment)[0] ?? {};
      const rest = given.slice(index);
      const began = soundFirst(rest, tracks);
      t.strictSame(said(began).join('').length, said(rest).join('').length, `seed ${seed}: all of it`);
      const sounds = began.findIndex(isSoundIn);
      if (sounds < 0) continue;
      t.ok(sounds < began.findIndex(isPictureIn), `seed ${seed}: sound comes before the keyframe at ${decodeTime / videoTrack.timescale} s`);
      const first = readSamples(began[sounds] ?? fragment)[0]?.decodeTime ?? 0;
      t.ok(first / audioTrack.timescale > decodeTime / videoTrack.timescale - 0.001, `seed ${seed}: none of it is of before`);
    }
  }
});
