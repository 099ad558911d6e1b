import t from 'tap';
import { emptyFragment } from '../../src/fmp4/empty-fragment.js';
import { readTrackRuns } from '../../src/fmp4/fragment.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { audioTrack, box, fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const moofOf = (...traf: Buffer[]): Buffer => box('moof', [box('mfhd', [Buffer.alloc(8)]), box('traf', traf)]);
const tfhd = box('tfhd', [hex('00020000 00000001')]);
const tfdt = box('tfdt', [hex('01000000 0000000000015f90')]);

t.test('a track run tells its time, its duration and whether it begins with a keyframe', async (t) => {
  const bytes = fragmentBytes([
    { track: videoTrack, startSeconds: 1, durationSeconds: 1 / 30, keyframe: true },
    { track: audioTrack, startSeconds: 1.024, durationSeconds: 1024 / 48_000, keyframe: true },
  ]);
  t.strictSame(readTrackRuns(bytes.subarray(0, bytes.readUInt32BE(0))), [
    { trackId: 1, baseMediaDecodeTime: 90_000, duration: 3000, sampleCount: 1, startsWithSync: true },
    { trackId: 2, baseMediaDecodeTime: 49_152, duration: 1024, sampleCount: 1, startsWithSync: true },
  ]);
});

t.test('durations and flags are found in whichever box states them', async (t) => {
  const defaults = box('tfhd', [hex('00020038 00000001 00000bb8 00000010 01010000')]);
  const run = (trun: string, head = tfhd): object => readTrackRuns(moofOf(head, tfdt, box('trun', [hex(trun)])))[0] ?? {};
  t.match(run('00000001 00000003 00000000', defaults), { duration: 9000, sampleCount: 3, startsWithSync: false }, 'defaults of the fragment');
  t.match(run('00000005 00000003 00000000 02000000', defaults), { duration: 9000, startsWithSync: true }, 'flags of the first sample');
  t.match(run('00000700 00000002 00000064 00000001 02000000 000000c8 00000001 01010000'), { duration: 300, sampleCount: 2, startsWithSync: true }, 'of each sample');
  t.match(run('00000f00 00000001 00000064 00000001 01010000 00000021'), { duration: 100, startsWithSync: false }, 'with composition offsets');
  const everything = box('tfhd', [hex('0000003b 00000001 0000000000000000 00000001 00000bb8 00000010 01010000')]);
  t.match(run('00000000 00000001', everything), { duration: 3000, startsWithSync: false }, 'behind all optional fields');
});

t.test('a short decode time counts as much as a long one', async (t) => {
  const short = box('tfdt', [hex('00000000 00015f90')]);
  t.match(readTrackRuns(moofOf(tfhd, short))[0], { baseMediaDecodeTime: 90_000, sampleCount: 0, startsWithSync: false });
});

t.test('a track fragment without header or decode time is refused in words', async (t) => {
  t.throws(() => readTrackRuns(moofOf(tfdt)), new RangeError('expected a traf with tfhd and tfdt, got one without tfhd'));
  t.throws(() => readTrackRuns(moofOf(tfhd)), new RangeError('expected a traf with tfhd and tfdt, got one without tfdt'));
  t.throws(() => readTrackRuns(moofOf(tfhd, tfdt, box('trun', [hex('00000100 7fffffff 00000001')]))), RangeError, 'nor is a run read beyond its box');
});

t.test('init segment and fragments come out whatever lies between them and wherever chunks end', async (t) => {
  const init = initSegment([videoTrack]);
  const fragments = [0, 1, 2].map((start) => fragmentBytes([{ track: videoTrack, startSeconds: start, durationSeconds: 1, keyframe: true }], Buffer.from(`picture ${start}`)));
  const stream = Buffer.concat([init, box('sidx'), ...fragments.flatMap((bytes) => [box('styp'), bytes]), box('mfra')]);
  for (const length of [1, 7, 64, stream.length]) {
    const reader = new FragmentReader();
    const events = [];
    for (let at = 0; at < stream.length; at += length) events.push(...reader.push(stream.subarray(at, at + length)));
    const bytes = events.map((event) => (event.type === 'init' ? event.init.bytes : event.fragment.bytes).toString('latin1'));
    t.strictSame(bytes, [init, ...fragments].map((each) => each.toString('latin1')), `chunks of ${length} bytes`);
  }
  t.throws(() => new FragmentReader().push(box('mdat', [Buffer.from('orphan')])), new RangeError('expected a moof box before an mdat box, got none'));
});

t.test('an empty fragment is a fragment of its track and time with no samples', async (t) => {
  const { bytes } = emptyFragment(3, 123_456.4);
  const [event] = new FragmentReader().push(bytes);
  t.match(event, { type: 'fragment', fragment: { runs: [{ trackId: 3, baseMediaDecodeTime: 123_456, duration: 0, sampleCount: 0 }] } });
});
