import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { Take } from '../../src/live/take.js';
import { ReleasePace } from '../../src/live/release-pace.js';
import type { MediaOutput } from '../../src/live/transcode-run.js';
import type { ShapedFrame } from '../../src/source/track-shaper.js';
import { fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

const init = new FragmentReader().push(initSegment([videoTrack])).flatMap((event): InitSegment[] => (event.type === 'init' ? [event.init] : []))[0]!;
const durationSeconds = 0.5;
/** Five seconds of media. */
const fragments = new FragmentReader()
  .push(Buffer.concat([initSegment([videoTrack]), ...Array.from({ length: 10 }, (_, index) => fragmentBytes([{ track: videoTrack, startSeconds: index * durationSeconds, durationSeconds, keyframe: true }]))]))
  .flatMap((event): Fragment[] => (event.type === 'fragment' ? [event.fragment] : []));

/** Mocked with the timers; the wall clock is wrong all the time. */
const now = (): number => Date.now();
const takeNow = (): Take => new Take({ startedAtMs: Math.random() * 1e12, now, header: { container: 'webm', tracks: [{ id: 1, kind: 'video', codec: 'vp8' }] } });

function bench(t: Test, options: ConstructorParameters<typeof ReleasePace>[0] = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.teardown(() => mock.timers.reset());
  const pace = new ReleasePace({ ...options, now });
  const given: string[] = [];
  let failNext = false;
  const output: MediaOutput = {
    startTimeline: () => given.push('init'),
    push: (burst) => {
      if (failNext) throw new RangeError('no such track');
      given.push(...burst.map(() => 'fragment'));
    },
    offer: (burst) => {
      output.push(burst.slice(0, 4));
      return Math.min(burst.length, 4);
    },
    resumeTimeline: () => given.push('init again'),
    endTimeline: () => given.push('end'),
  };
  /** A recording of five seconds whose bytes take this long to come. */
  const play = (arrivalMs = 200): void => {
    const take = takeNow();
    const paced = pace.paced(take, output);
    const picture = (timeSeconds: number): ShapedFrame => ({ track: 1, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: true, bytes: Buffer.alloc(10) });
    void take.write([picture(0)]);
    mock.timers.tick(arrivalMs);
    void take.write([picture(4.9)]);
    paced.startTimeline([{ name: 'source', init }], { startSeconds: 0, zeroSeconds: 0 });
    paced.push(fragments);
    paced.endTimeline();
  };
  return { pace, output, given, play, fail: () => (failNext = true) };
}

t.test('a source that sends whole recordings is given away as it was recorded, from the second one on', async (t) => {
  const { given, play } = bench(t);
  play();
  t.equal(given.length, 12, 'nobody can know at first');
  mock.timers.tick(4_800);
  play();
  t.strictSame(given.slice(12), ['init'], 'ffmpeg may need that long');
  const counts = Array.from({ length: 5 }, () => {
    mock.timers.tick(1_000);
    return given.filter((what) => what === 'fragment').length - 10;
  });
  t.strictSame(counts, [1, 3, 5, 7, 9]);
  play();
  mock.timers.tick(1_000);
  t.strictSame(given.slice(-4), ['fragment', 'end', 'init', 'fragment'], 'the next one follows without a hole');
});

t.test('a recorder that sends as it records is held up by nothing, however often it is restarted', async (t) => {
  const { given, play } = bench(t);
  for (let count = 1; count <= 3; count++) {
    play(5_000);
    t.equal(given.length, count * 12);
  }
});

t.test('recordings that come one right after the other, as after an outage, are not held either', async (t) => {
  const { given, play } = bench(t);
  for (let count = 1; count <= 3; count++) {
    play(10);
    t.equal(given.length, count * 12);
  }
});

t.test('at the end of the broadcast, and beyond a bound in bytes, all that is held is given at once', async (t) => {
  for (const maxHeldBytes of [undefined, 100]) {
    const { pace, given, play } = bench(t, maxHeldBytes === undefined ? {} : { maxHeldBytes });
    play();
    mock.timers.tick(4_800);
    play();
    if (maxHeldBytes === undefined) pace.flush();
    t.equal(given.length, 24);
    mock.timers.tick(60_000);
    t.equal(given.length, 24, 'once');
    mock.timers.reset();
  }
});

t.test('what is offered is answered for at once where nothing is held; what is held is given whole, since nobody knows yet', async (t) => {
  const { pace, output, given, play } = bench(t);
  const direct = pace.paced(takeNow(), output);
  direct.startTimeline([{ name: 'source', init }], { startSeconds: 0, zeroSeconds: 0 });
  t.equal(direct.offer(fragments), 4);
  t.equal(given.length, 5);
  play();
  mock.timers.tick(4_800);
  play();
  const held = pace.paced(takeNow(), output);
  held.startTimeline([{ name: 'source', init }], { startSeconds: 0, zeroSeconds: 0 });
  t.equal(held.offer(fragments), 10);
  const before = given.length;
  pace.flush();
  t.equal(given.slice(before).filter((what) => what === 'fragment').length, 20, 'with those that were held before');
});

t.test('what fails while it is given later is told to whoever brings the next', async (t) => {
  const { play, fail } = bench(t);
  play();
  mock.timers.tick(4_800);
  play();
  fail();
  mock.timers.tick(3_000);
  t.throws(() => play(), { message: 'no such track' });
});
