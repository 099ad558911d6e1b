import t, { type Test } from 'tap';
import { readTrackRuns, type Fragment } from '../../src/fmp4/fragment.js';
import type { Track } from '../../src/fmp4/init-segment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { readSamples } from '../../src/fmp4/samples.js';
import { BroadcastClock } from '../../src/live/broadcast-clock.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { seededRandom } from '../helpers/seeded-random.js';

const both = readInitSegment(initSegment([videoTrack, audioTrack]));
const at = (track: Track, startSeconds: number, durationSeconds = track.kind === 'audio' ? 1024 / track.timescale : 0.04): Fragment =>
  fragment([{ track, startSeconds, durationSeconds, keyframe: true }]);

/** What goes to viewers, as seconds by track. */
function publish(clock: BroadcastClock, fragments: readonly Fragment[], given = new Map<number, number[]>()): Map<number, number[]> {
  for (const each of fragments) {
    const placed = clock.place(each);
    if (!placed) continue;
    placed.passed();
    for (const { trackId, baseMediaDecodeTime } of placed.fragment.runs) {
      const timescale = trackId === videoTrack.trackId ? videoTrack.timescale : audioTrack.timescale;
      given.set(trackId, [...(given.get(trackId) ?? []), baseMediaDecodeTime / timescale]);
    }
  }
  return given;
}

const near = (t: Test, found: number | undefined, wanted: number, what: string): boolean => t.ok(found !== undefined && Math.abs(found - wanted) < 1 / 48_000, `${what}: ${found}, expected ${wanted}`);

t.test('media begins at 0, wherever the source clock stands, and what primes a decoder before it is left out', async (t) => {
  const clock = new BroadcastClock();
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, 5000) + 4990);
  const given = publish(clock, [at(audioTrack, 10 - 1024 / 48_000), at(videoTrack, 10), at(audioTrack, 10), at(videoTrack, 10.04)]);
  t.strictSame([...given], [[1, [0, 0.04]], [2, [0]]]);
});

t.test('transcoders on one source clock keep its distances, whatever each calls 0, and a gap is a gap', async (t) => {
  const [clock, source] = [new BroadcastClock(), {}];
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 100) + 90);
  publish(clock, [at(videoTrack, 10), at(videoTrack, 10.04)]);
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 103.5) + 103.5);
  const given = publish(clock, [at(videoTrack, 0), at(audioTrack, 0)]);
  near(t, given.get(1)?.[0], 3.5, 'the picture');
  near(t, given.get(2)?.[0], 3.5, 'the sound');
});

t.test('another source clock follows right behind, were it hours before or after', async (t) => {
  for (const start of [0, 7, 86_400]) {
    const clock = new BroadcastClock();
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, 100) + 100);
    publish(clock, [at(videoTrack, 0), at(audioTrack, 0, 3)]);
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, start) + start);
    near(t, publish(clock, [at(videoTrack, 0)]).get(1)?.[0], 3, 'behind the longer track');
  }
});

t.test('sound that viewers have is left out; pictures that come too early are decoded as soon as can be, and shown when they should be', async (t) => {
  const [clock, source] = [new BroadcastClock(), {}];
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 0));
  publish(clock, [at(videoTrack, 1), at(audioTrack, 1)]);
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 1));
  t.equal(clock.place(at(audioTrack, 1 + 500 / 48_000)), undefined);
  t.ok(clock.place(at(audioTrack, 1 + 1024 / 48_000)));
  const early = fragment([{ track: videoTrack, startSeconds: 0.96, durationSeconds: 0.04, keyframe: true }]);
  const placed = clock.place(early);
  t.equal(placed?.fragment.runs[0]?.baseMediaDecodeTime, 90_090, 'a millisecond, which is all that FLV can count');
});

t.test('a fragment that is not wanted moves nothing', async (t) => {
  const [clock, source] = [new BroadcastClock(), {}];
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 0));
  clock.place(at(videoTrack, 7));
  t.strictSame(publish(clock, [at(videoTrack, 3)]).get(1), [3]);
});

t.test('law: over restarts, gaps, jumps, other sample rates and tracks that come and go, decode times rise in each track and numbers in the whole', async (t) => {
  const random = seededRandom(14);
  const slowSound = { ...audioTrack, timescale: 44_100 } as Track;
  for (let broadcast = 0; broadcast < 100; broadcast++) {
    const clock = new BroadcastClock();
    let source = {};
    let [sourceSeconds, before] = [random() * 1000, 0];
    const last = new Map<string, number>();
    for (let run = 0; run < 8; run++) {
      const kind = random();
      if (kind < 0.3) [source, sourceSeconds] = [{}, random() * 100_000];
      else sourceSeconds += kind < 0.6 ? random() * 5 : -random() * 0.2;
      const sound = random() < 0.5 ? slowSound : audioTrack;
      const tracks = random() < 0.7 ? [videoTrack, sound] : random() < 0.5 ? [videoTrack] : [{ ...sound, trackId: 1 } as Track];
      clock.startTimeline([{ name: 'source', init: { ...both, tracks } }], clock.zeroOf(source, sourceSeconds) + sourceSeconds - 10);
      for (let picture = 0; picture < 20; picture++) {
        for (const track of tracks) {
          const placed = clock.place(at(track, 10 + picture * (track.kind === 'audio' ? 1024 / track.timescale : 0.04)));
          if (!placed) continue;
          placed.passed();
          const seconds = (placed.fragment.runs[0]?.baseMediaDecodeTime ?? NaN) / track.timescale;
          if (!(seconds > (last.get(track.kind) ?? -1))) return t.fail(`${track.kind} went from ${last.get(track.kind)} to ${seconds}`);
          last.set(track.kind, seconds);
          const number = placed.fragment.bytes.readUInt32BE(20);
          if (number <= before || number > before + 3) return t.fail(`mfhd went from ${before} to ${number}`);
          before = number;
        }
      }
      sourceSeconds += 0.8;
    }
  }
});

t.test('what is written is what is said: the bytes hold the times', async (t) => {
  const [clock, source] = [new BroadcastClock(), {}];
  clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, 0) + 3_000_000);
  const placed = clock.place(at(videoTrack, 1))?.fragment;
  t.equal(placed?.runs[0]?.baseMediaDecodeTime, 3_000_001 * 90_000, 'beyond 32 bits');
  t.strictSame(placed && readSamples(placed).map(({ decodeTime }) => decodeTime), [3_000_001 * 90_000]);
});

t.test('law: no picture follows later than twice what the one before lasts, though several have the same time: browsers would leave out the rest of the group', async (t) => {
  const random = seededRandom(7);
  const tick = 1 / videoTrack.timescale;
  for (let broadcast = 0; broadcast < 20; broadcast++) {
    const clock = new BroadcastClock();
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, 0));
    let before: { readonly decodeTime: number; readonly duration: number } | undefined;
    let seconds = 0;
    for (let picture = 0; picture < 50; picture++) {
      // ffmpeg puts pictures of the same time a tick apart, and has each last up to the next.
      const durationSeconds = random() < 0.3 ? tick : Math.ceil(random() * 300) / 1000;
      const placed = clock.place(at(videoTrack, seconds, durationSeconds));
      placed?.passed();
      seconds += durationSeconds;
      const [run] = placed?.fragment.runs ?? [];
      const [written] = placed ? readTrackRuns(placed.fragment.bytes) : [];
      t.strictSame(written, run, 'what is written is what is said');
      if (run === undefined) return t.fail('expected every picture to be wanted');
      if (before && run.baseMediaDecodeTime - before.decodeTime > 2 * before.duration) return t.fail(`${String(run.baseMediaDecodeTime - before.decodeTime)} ticks after one of ${String(before.duration)}`);
      before = { decodeTime: run.baseMediaDecodeTime, duration: run.duration };
    }
  }
});

t.test('a page that goes on at another server sends the same recording, and its pictures have the times that they had', async (t) => {
  const media = { clock: 'one', endSeconds: 3600, zeroSeconds: 3500.25, captureTimeMs: 1e12 };
  for (const [firstSeconds, captureTimeMs] of [[99.75, 1e12 + 300], [95, undefined], [81, 1e12]] as const) {
    const clock = new BroadcastClock({ media, agoSeconds: 12 });
    const source = {};
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf(source, firstSeconds, captureTimeMs) + firstSeconds - 1);
    const given = publish(clock, [at(audioTrack, 1 - 1024 / 48_000), at(videoTrack, 1), at(audioTrack, 1), at(videoTrack, 1.04)]);
    near(t, given.get(1)?.[0], 3500.25 + firstSeconds, 'the first picture');
    t.equal(given.get(1)?.length, 2);
    near(t, given.get(2)?.[0], 3500.25 + firstSeconds, 'the first sound: what primes its decoder is left out');
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, 5) + 5);
    t.ok((publish(clock, [at(videoTrack, 0)]).get(1)?.[0] ?? 0) > 3500.28 + firstSeconds, 'the next one follows as ever');
  }
});

t.test('another recording at another server begins behind all that the one before can have shown; of one that said nothing, at 0', async (t) => {
  const media = { clock: 'one', endSeconds: 3600, zeroSeconds: 3590, captureTimeMs: 1e12 };
  const first = (after: ConstructorParameters<typeof BroadcastClock>[0], firstSeconds: number, captureTimeMs?: number): number | undefined => {
    const clock = new BroadcastClock(after);
    clock.startTimeline([{ name: 'source', init: both }], clock.zeroOf({}, firstSeconds, captureTimeMs) + firstSeconds);
    return publish(clock, [at(videoTrack, 0)]).get(1)?.[0];
  };
  const after = { media, agoSeconds: 12 };
  near(t, first(after, 2, 1e12 + 8000), 3612, 'it was captured at another time');
  near(t, first({ ...after, media: { ...media, zeroSeconds: 100 } }, 0), 3612, 'it begins anew');
  near(t, first(after, 90), 3612, 'it is far ahead');
  near(t, first({ agoSeconds: 12 }, 90), 0, 'nobody knows');
});
