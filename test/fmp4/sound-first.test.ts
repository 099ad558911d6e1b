import t from 'tap';
import { bytesOfTrack } from '../../src/fmp4/sound-alone.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { soundFirst } from '../../src/fmp4/sound-first.js';
import { audioTrack, fragment, videoTrack } from '../helpers/media-builder.js';

/** Bytes of mfhd's number in a fragment: behind the heads of moof and mfhd, version and flags. */
const numberAt = 20;

function numbered(track: typeof videoTrack, startSeconds: number, number: number): Fragment {
  const made = fragment([{ track, startSeconds, durationSeconds: 0.02, keyframe: true }], number);
  made.bytes.writeUInt32BE(number, numberAt);
  return made;
}

const numbersOf = (fragments: readonly Fragment[]): number[] => fragments.map(({ bytes }) => bytes.readUInt32BE(numberAt));
const mediaOf = (fragments: readonly Fragment[]): string[] => fragments.map(({ bytes }) => bytes.toString('latin1').replace(/^.*mdat/s, ''));

t.test('the first sound comes before the first picture, all else stays in order, with its number, and numbers rise', async (t) => {
  const came = [numbered(videoTrack, 1, 7), numbered(videoTrack, 1.033, 8), numbered(audioTrack, 1.04, 9), numbered(audioTrack, 1.06, 10)];
  const before = came.map(({ bytes }) => Buffer.from(bytes));
  const fragments = soundFirst(came, [videoTrack, audioTrack]);
  t.strictSame(mediaOf(fragments), ['media 9;', 'media 7;', 'media 8;', 'media 10;']);
  t.strictSame(numbersOf(fragments), [5, 7, 8, 10], 'none follows another where it did not');
  t.strictSame(fragments.map(({ runs }) => runs), [came[2], came[0], came[1], came[3]].map((each) => each?.runs));
  t.strictSame(came.map(({ bytes }) => bytes), before, 'others have been given these bytes');
  t.strictSame(bytesOfTrack(Buffer.concat(fragments.map(({ bytes }) => bytes)), audioTrack.trackId).length, bytesOfTrack(Buffer.concat(before), audioTrack.trackId).length);
});

t.test('sound that comes with a picture in one fragment stays where it is, and so does what follows', async (t) => {
  const both = fragment([{ track: videoTrack, startSeconds: 1.033, durationSeconds: 0.033, keyframe: false }, { track: audioTrack, startSeconds: 1.04, durationSeconds: 0.02, keyframe: true }]);
  const came = [numbered(videoTrack, 1, 1), both, numbered(audioTrack, 1.06, 3)];
  t.equal(soundFirst(came, [videoTrack, audioTrack]), came);
});

t.test('where sound comes first, or there is none, or nothing else, nothing is copied', async (t) => {
  const soundThenPicture = [numbered(audioTrack, 1, 1), numbered(videoTrack, 1.01, 2)];
  const pictures = [numbered(videoTrack, 1, 1), numbered(videoTrack, 1.033, 2)];
  const sound = [numbered(audioTrack, 1, 1), numbered(audioTrack, 1.02, 2)];
  t.equal(soundFirst(soundThenPicture, [videoTrack, audioTrack]), soundThenPicture);
  t.equal(soundFirst(pictures, [videoTrack, audioTrack]), pictures);
  t.equal(soundFirst(sound, [audioTrack]), sound);
  t.strictSame(soundFirst([], [videoTrack, audioTrack]), []);
});
