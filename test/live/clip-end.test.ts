import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { segmentUpTo } from '../../src/live/clip-end.js';
import { audioTrack, initSegment, videoTrack } from '../helpers/media-builder.js';
import { muxedBytes, type MuxedRun } from '../helpers/muxed-fragment.js';
import { readSamples } from '../../src/fmp4/samples.js';

const pictureTicks = videoTrack.timescale / 25;
const init = initSegment([videoTrack, audioTrack]);

/** A picture, by its places in the order of decoding and of showing. */
const picture = (decoded: number, shown: number): MuxedRun => ({ trackId: 1, ticks: (50 + decoded) * pictureTicks, samples: [`p${shown}`], keyframe: decoded === 0, compositionOffset: (shown - decoded + 2) * pictureTicks });
/** Sound that begins with a picture's time. */
const sound = (shown: number): MuxedRun => ({ trackId: 2, ticks: ((50 + shown + 2) * audioTrack.timescale) / 25, samples: [`s${shown}`] });
const segmentOf = (...fragments: readonly (readonly MuxedRun[])[]): Buffer => Buffer.concat(fragments.map((runs) => muxedBytes(runs)));
const heldBy = (bytes: Buffer): string =>
  new FragmentReader()
    .push(bytes)
    .flatMap((event) => (event.type === 'fragment' ? readSamples(event.fragment) : []))
    .map((sample) => sample.bytes.toString())
    .join(' ');
const upTo = (segment: Buffer, pictures: number): string => heldBy(segmentUpTo(init, segment, pictures / 25));

t.test('a segment is cut where no picture that is shown before is missing: pictures that are referred to come before those that refer to them', async (t) => {
  // I P B B P B B, as it is decoded.
  const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
  const segment = segmentOf(...order.map((shown, decoded) => [picture(decoded, shown)]));
  for (let wanted = 1; wanted <= 10; wanted++) {
    const numbers = upTo(segment, wanted).split(' ').map((name) => Number(name.slice(1))).sort((one, other) => one - other);
    t.strictSame(numbers, numbers.map((_number, index) => index), `${wanted}: none is missing`);
    t.ok(numbers.length >= wanted && numbers.length <= wanted + 2, `${wanted}: ${numbers.length} are there`);
  }
});

t.test('pictures in the order in which they are shown are cut at the very one, and sound with them, also such as comes later', async (t) => {
  const apart = segmentOf([picture(0, 0)], [sound(0)], [picture(1, 1)], [picture(2, 2)], [sound(1)], [sound(2)], [picture(3, 3)]);
  t.equal(upTo(apart, 2), 'p0 s0 p1 s1');
  t.equal(upTo(apart, 4), 'p0 s0 p1 p2 s1 s2 p3');
  const together = segmentOf([picture(0, 0)], [picture(1, 1), sound(0)], [picture(2, 2), sound(1)], [picture(3, 3), sound(2)]);
  t.equal(upTo(together, 2), 'p0 p1 s0 s1', 'sound that lies in one fragment with a picture that is left out');
});

t.test('a segment of sound alone is cut, too', async (t) => {
  const alone = initSegment([audioTrack]);
  t.equal(heldBy(segmentUpTo(alone, segmentOf([sound(0)], [sound(1)], [sound(2)]), 2 / 25)), 's0 s1');
});
