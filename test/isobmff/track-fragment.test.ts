import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readSamples } from '../../src/fmp4/samples.js';
import { readTrackRunLayout } from '../../src/isobmff/track-fragment.js';
import { eventsOf, fixture } from '../source/fixture.js';

t.test('a fragment says the same to whoever reads it: as what a publisher sends, and as what viewers are sent', async (t) => {
  const bytes = fixture('chromium-h264.mp4');
  const sent = eventsOf(bytes).flatMap((event) => (event.type === 'frame' ? [event] : []));
  const events = new FragmentReader().push(bytes);
  const timescales = new Map(events.flatMap((event) => (event.type === 'init' ? event.init.tracks.map(({ trackId, timescale }): [number, number] => [trackId, timescale]) : [])));
  const fragments = events.flatMap((event) => (event.type === 'fragment' ? [event.fragment] : []));
  for (const [track, timescale] of timescales) {
    const seen = fragments.flatMap(readSamples).filter(({ trackId }) => trackId === track);
    const read = sent.filter((frame) => frame.track === track);
    t.ok(read.length > 100, `track ${track}: ${read.length} frames`);
    t.strictSame(seen.map((sample) => sample.bytes.toString('hex')), read.map((frame) => Buffer.from(frame.bytes).toString('hex')));
    // What is read as a publisher's has its own beginning; the steps are the same.
    const steps = (times: readonly number[]): string[] => times.slice(1).map((time, index) => (time - (times[index] ?? NaN)).toFixed(6));
    t.strictSame(steps(seen.map(({ decodeTime }) => decodeTime / timescale)), steps(read.map(({ decodeSeconds }) => decodeSeconds)));
  }
  const runs = fragments.flatMap(({ runs }) => runs).filter(({ sampleCount }) => sampleCount > 0);
  t.equal(runs.reduce((sum, { sampleCount }) => sum + sampleCount, 0), sent.length);
});

t.test('a run tells of no more samples than its own bytes can, but for those of which nothing is said', async (t) => {
  const trun = (hex: string): ReturnType<typeof readTrackRunLayout> => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return readTrackRunLayout(bytes, { start: 0, end: bytes.length });
  };
  t.match(trun('00000100 7fffffff 00000001 00000002'), { claimedSamples: 0x7fffffff, sampleCount: 2, sampleBytes: 4 });
  t.match(trun('00000000 7fffffff'), { claimedSamples: 0x7fffffff, sampleCount: 0x7fffffff, sampleBytes: 0 });
  t.match(trun('00000f05 00000000 fffffff8 02000000'), { sampleCount: 0, dataOffset: -8, firstSampleFlags: 0x02000000, sampleBytes: 16, durationAt: 16, compositionOffsetAt: 28 });
  t.match(trun('000001'), { claimedSamples: 0, sampleCount: 0 }, 'and one that is cut short of none');
});
