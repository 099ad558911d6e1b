import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentBurst, splitAtKeyframe } from '../../src/live/fragment-burst.js';
import { audioTrack, fragment, initSegment, videoTrack, type Sample } from '../helpers/media-builder.js';

const picture = (keyframe: boolean): Sample => ({ track: videoTrack, startSeconds: 0, durationSeconds: 0.1, keyframe });
const sound: Sample = { track: audioTrack, startSeconds: 0, durationSeconds: 0.02, keyframe: true };

t.test('fragments are split before each keyframe of the picture, and only there', async (t) => {
  const init = readInitSegment(initSegment([videoTrack, audioTrack]));
  const fragments = [picture(false), sound, picture(true), sound, picture(false), picture(true)].map((sample) => fragment([sample]));
  const bursts = splitAtKeyframe(fragments, init);
  t.strictSame(bursts.map(({ startsWithKeyframe }) => startsWithKeyframe), [false, true, true]);
  t.strictSame(Buffer.concat(bursts.map(({ mp4 }) => mp4)), Buffer.concat(fragments.map(({ bytes }) => bytes)), 'nothing is lost');
  const soundOnly = splitAtKeyframe([sound, sound].map((sample) => fragment([sample])), readInitSegment(initSegment([audioTrack])));
  t.strictSame(soundOnly.map(({ startsWithKeyframe }) => startsWithKeyframe), [true, true], 'without a picture, every sound is one');
});

t.test('a burst is one whole unmasked binary WebSocket message a fragment, whatever its length', async (t) => {
  for (const length of [0, 125, 126, 65_535, 65_536, 200_000]) {
    const payload = Buffer.alloc(length, 5);
    const frames = new FragmentBurst([{ bytes: payload, runs: [] }, { bytes: payload, runs: [] }], true).webSocketFrames;
    const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    t.equal(frames.length, 2 * (headerBytes + length), `${length} bytes`);
    t.equal(frames[0], 0x82, 'final, binary');
    const stated = headerBytes === 2 ? frames[1] : headerBytes === 4 ? frames.readUInt16BE(2) : Number(frames.readBigUInt64BE(2));
    t.equal(stated, length);
    t.ok(frames.subarray(headerBytes, headerBytes + length).equals(payload));
  }
});
