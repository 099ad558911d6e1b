import t from 'tap';
import { readInitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { outputInits } from '../../src/fmp4/named-outputs.js';
import { audioTrack, initSegment, videoTrack } from '../helpers/media-builder.js';

const smaller: Track = { ...videoTrack, trackId: 3, ...(videoTrack.kind === 'video' && { width: 320, height: 180 }) };

t.test("an output's init segment describes its own tracks and no other, the source's as if there were no other", async (t) => {
  const whole = readInitSegment(initSegment([videoTrack, audioTrack, smaller]));
  const [source, other, sound] = outputInits(whole, [
    { name: 'source', trackIds: [1, 2] },
    { name: 'picture-2', trackIds: [3, 2] },
    { name: 'audio', trackIds: [2] },
  ]);
  t.strictSame(source?.init.bytes, initSegment([videoTrack, audioTrack]));
  t.strictSame(other?.init.tracks, [smaller, audioTrack], 'picture first');
  t.strictSame(sound?.init.tracks, [audioTrack]);
  t.strictSame([source, other, sound].map((each) => each?.name), ['source', 'picture-2', 'audio']);
});

t.test("of a single output it is the MP4's own, byte for byte", async (t) => {
  const whole = readInitSegment(initSegment([videoTrack, audioTrack]));
  t.equal(outputInits(whole, [{ name: 'source', trackIds: [1, 2] }])[0]?.init, whole);
});

t.test('an output without any of its tracks is refused in words', async (t) => {
  const whole = readInitSegment(initSegment([videoTrack]));
  const outputs = [{ name: 'source', trackIds: [1] }, { name: 'picture-2', trackIds: [3] }];
  t.throws(() => outputInits(whole, outputs), { name: 'RangeError', message: /expected an init segment with a video or audio track, got none/ });
});
