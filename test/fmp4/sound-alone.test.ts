import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { readSamples } from '../../src/fmp4/samples.js';
import { bytesOfTrack, ofTrack, soundInit } from '../../src/fmp4/sound-alone.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { muxedBytes } from '../helpers/muxed-fragment.js';

/** A moof with picture and sound. */
const muxed = (pictures: readonly string[], sounds: readonly string[]): Buffer => muxedBytes([{ trackId: 1, ticks: 900, samples: pictures }, { trackId: 2, ticks: 480, samples: sounds }]);

t.test('the sound of a fragment that holds a picture too is a fragment with the same samples at the same times', (t) => {
  const [event] = new FragmentReader().push(muxed(['keyframe', 'picture'], ['la', 'lala', 'l']));
  if (event?.type !== 'fragment') throw new Error('expected a fragment');
  const whole = Buffer.from(event.fragment.bytes);
  const sound = ofTrack(event.fragment, 2);
  if (!sound) throw new Error('expected sound');
  t.strictSame(readSamples(sound).map(({ trackId, decodeTime, bytes }) => [trackId, decodeTime, bytes.toString()]), [[2, 480, 'la'], [2, 480, 'lala'], [2, 480, 'l']]);
  t.strictSame(sound.runs.map(({ trackId, baseMediaDecodeTime, sampleCount }) => [trackId, baseMediaDecodeTime, sampleCount]), [[2, 480, 3]]);
  t.notMatch(sound.bytes.toString('latin1'), /picture|keyframe/);
  t.strictSame(event.fragment.bytes, whole, 'what others are sent is left as it is');
  const [again] = new FragmentReader().push(sound.bytes);
  t.strictSame(again, { type: 'fragment', fragment: sound }, 'it is read as what it says');
  t.end();
});

t.test('a fragment of sound alone is itself, one without sound is none, and of many in a row the sound is left', (t) => {
  const sound = fragment([{ track: audioTrack, startSeconds: 1, durationSeconds: 0.02, keyframe: true }]);
  const picture = fragment([{ track: videoTrack, startSeconds: 1, durationSeconds: 0.04, keyframe: true }]);
  t.equal(ofTrack(sound, 2), sound);
  t.equal(ofTrack(picture, 2), undefined);
  const media = Buffer.concat([picture.bytes, sound.bytes, muxed(['p'], ['x']), picture.bytes]);
  t.strictSame(new FragmentReader().push(bytesOfTrack(media, 2)).map((each) => each.type === 'fragment' && each.fragment.runs.map(({ trackId }) => trackId)), [[2], [2]]);
  t.end();
});

t.test('a run that does not say where its samples lie is refused in words', (t) => {
  const both = fragment([videoTrack, audioTrack].map((track) => ({ track, startSeconds: 0, durationSeconds: 0.02, keyframe: true })));
  t.throws(() => ofTrack(both, 2), { message: /says where its samples lie/ });
  t.end();
});

t.test('the init segment of the sound has its track and no other', (t) => {
  const sound = soundInit(readInitSegment(initSegment([videoTrack, audioTrack])));
  t.strictSame(sound?.init.tracks, [audioTrack]);
  t.equal(sound?.init.codecs, 'mp4a.40.2');
  t.equal(soundInit(readInitSegment(initSegment([videoTrack]))), undefined);
  t.end();
});
