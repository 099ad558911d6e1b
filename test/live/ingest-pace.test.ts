import { mock } from 'node:test';
import t, { type Test } from 'tap';
import type { PlaylistTiming } from '../../src/hls/media-playlist.js';
import { firstBurstSeconds } from '../../src/live/first-burst.js';
import { IngestPace } from '../../src/live/ingest-pace.js';
import type { SourceEvent } from '../../src/source/source-events.js';

const burstSeconds = 4.5;
/** Ten frames a second. */
const step = 0.1;

interface Bench {
  readonly pace: IngestPace;
  /** Times of the frames that were let through, and what was done in between. */
  readonly passed: (number | string)[];
  /** Lets time go by, in small steps, with everything that follows from each. */
  readonly elapse: (seconds: number) => Promise<void>;
  readonly failures: unknown[];
  readonly counts: { media: boolean };
}

function bench(t: Test, pass: (events: readonly SourceEvent[]) => Promise<void> = () => Promise.resolve(), burst = burstSeconds): Bench {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.teardown(() => mock.timers.reset());
  const passed: (number | string)[] = [];
  const failures: unknown[] = [];
  const counts = { media: true };
  const pace = new IngestPace({
    burstSeconds: burst,
    counts: () => counts.media,
    now: () => Date.now(),
    onFailure: (error) => failures.push(error),
    pass: (events) => {
      passed.push(...events.map((event) => (event.type === 'frame' ? event.timeSeconds : event.type)));
      return pass(events);
    },
  });
  const elapse = async (seconds: number): Promise<void> => {
    for (let step = 0; step < seconds * 20; step++) {
      mock.timers.tick(50);
      await settled();
    }
  };
  return { pace, passed, elapse, failures, counts };
}

/** What follows from promises that are resolved has followed. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const frame = (timeSeconds: number, bytes = 10): SourceEvent => ({ type: 'frame', offset: 0, track: 1, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: true, bytes: Buffer.alloc(bytes) });
const frames = (from: number, to: number, bytes?: number): SourceEvent[] => Array.from({ length: Math.round((to - from) / step) }, (_, index) => frame(from + index * step, bytes));
const latest = (passed: readonly (number | string)[]): number => passed.findLast((each) => typeof each === 'number') ?? 0;

/** A file that is read as fast as it may be. */
function pushFile(pace: IngestPace, seconds: number, bytes?: number): { readonly sentTo: () => number } {
  let sent = 0;
  void (async () => {
    for (; sent < seconds; sent++) await pace.push(frames(sent, sent + 1, bytes));
  })();
  return { sentTo: () => sent };
}

t.test('a file that is pushed at once begins with a burst, and goes on at its own pace; its publisher is read no faster', async (t) => {
  const { pace, passed, elapse } = bench(t);
  const { sentTo } = pushFile(pace, 120);
  await settled();
  t.ok(Math.abs(latest(passed) - burstSeconds) <= step, `${latest(passed)} s at once`);
  for (const seconds of [10, 20, 30]) {
    await elapse(10);
    t.ok(Math.abs(latest(passed) - burstSeconds - seconds) < 0.2, `${latest(passed)} s after ${seconds} s`);
    t.ok(sentTo() - latest(passed) < 12, `${sentTo()} s were read`);
  }
  t.strictSame(passed, [...passed].sort((one, other) => Number(one) - Number(other)), 'in order');
  const before = passed.length;
  pace.flush();
  t.ok(passed.length - before > 90, 'what is held goes at once at the end');
});

t.test('what is read ahead is bounded in bytes too', async (t) => {
  const { pace, passed, elapse } = bench(t);
  const { sentTo } = pushFile(pace, 120, 200_000);
  await elapse(20);
  t.ok(latest(passed) > 24 && sentTo() - latest(passed) < 6.5, `${sentTo()} s were read at ${latest(passed)} s`);
});

t.test('what comes as time goes by is let through at once, whatever it is cut into', async (t) => {
  for (const pieceSeconds of [step, 1, 4]) {
    const { pace, passed, elapse } = bench(t);
    for (let at = 0; at < 40; at += pieceSeconds) {
      await pace.push(frames(at, at + pieceSeconds));
      t.ok(at + pieceSeconds - latest(passed) < step * 1.5, `${latest(passed)} s of ${at + pieceSeconds} s`);
      await elapse(pieceSeconds);
    }
    mock.timers.reset();
  }
});

t.test('what lies behind after an outage catches up unhindered, however much it is', async (t) => {
  const { pace, passed, elapse } = bench(t);
  await pace.push(frames(0, 2));
  await elapse(30);
  await pace.push(frames(2, 30));
  t.ok(latest(passed) > 29.8);
  t.notOk(pace.holds);
});

t.test('a live source that begins with what was kept on the way is held up for a moment only, and is not ahead from then on', async (t) => {
  const { pace, passed, elapse } = bench(t);
  await pace.push(frames(0, 12));
  t.ok(pace.holds);
  for (let at = 12; at < 15; at += 0.5) {
    await elapse(0.5);
    await pace.push(frames(at, at + 0.5));
  }
  t.notOk(pace.holds);
  t.ok(latest(passed) > 14.8);
});

t.test('a clock that is a little faster than this server’s is followed for ever', async (t) => {
  const { pace, elapse } = bench(t);
  let longestHold = 0;
  let held = 0;
  // 1 % is a hundred times what quartz does, so that a quarter of an hour shows it.
  for (let at = 0; at < 900; at += 0.505) {
    await pace.push([frame(at)]);
    held = pace.holds ? held + 0.5 : 0;
    longestHold = Math.max(longestHold, held);
    await elapse(0.5);
  }
  t.ok(longestHold < 0.5, `${longestHold} s`);
});

t.test('what a publisher kept while its broadcast came from a dead server to this one is let through at once, and no file that is longer', async (t) => {
  const after = { agoSeconds: 13, resumeToken: 'token', broadcast: 'b', startedAt: '', resumeTokenHash: '', timing: {} as PlaylistTiming, mediaSequence: 7, discontinuitySequence: 1, inits: 1 };
  const begins = bench(t);
  void begins.pace.push(frames(0, 19));
  await settled();
  t.ok(latest(begins.passed) < 5, 'a broadcast that begins is held');
  mock.timers.reset();
  const goesOn = bench(t, undefined, firstBurstSeconds({ segmentSeconds: 2, after }));
  void goesOn.pace.push(frames(0, 19));
  await settled();
  t.equal(goesOn.passed.length, 190);
  void goesOn.pace.push(frames(19, 60));
  await settled();
  t.ok(latest(goesOn.passed) < 35);
});

t.test('whole recordings one after the other count as one: each begins at 0 and none gets a burst of its own', async (t) => {
  const { pace, passed, elapse } = bench(t);
  void (async () => {
    for (let number = 0; number < 10; number++) {
      await pace.push([{ type: 'recording', offset: 0 }, ...frames(0, 6)]);
      pace.after(() => passed.push('over'));
    }
  })();
  await elapse(20);
  const begun = passed.filter((each) => each === 'recording').length;
  t.equal(begun, 5, '24.5 s of media');
  t.equal(passed.filter((each) => each === 'over').length, 4);
  t.equal(passed[passed.indexOf('over') - 1], frames(0, 6).map((event) => (event.type === 'frame' ? event.timeSeconds : 0)).at(-1), 'what is to be done after a recording is done after its last frame');
});

t.test('what leads to nothing yet is held up by nothing', async (t) => {
  const { pace, passed, counts } = bench(t);
  counts.media = false;
  await pace.push(frames(0, 40));
  t.equal(passed.length, 400);
  counts.media = true;
  void pace.push(frames(40, 60));
  t.ok(Math.abs(latest(passed) - 40 - burstSeconds) <= step, 'the burst begins with what counts');
});

t.test('a clock that jumps holds nothing up', async (t) => {
  const { pace, passed } = bench(t);
  await pace.push([...frames(0, 1.5), ...frames(3600, 3601.5), ...frames(10, 11.4)]);
  t.equal(passed.length, 44);
});

t.test('what fails while it is let through later is told', async (t) => {
  let isBroken = false;
  const { pace, elapse, failures } = bench(t, () => (isBroken ? Promise.reject(new RangeError('no such track')) : Promise.resolve()));
  pushFile(pace, 30);
  await settled();
  isBroken = true;
  await elapse(1);
  t.match(failures, [{ message: 'no such track' }]);
});

t.test('frames of nothing that are held count, too: whoever sends them without end is read no further', async (t) => {
  const { pace } = bench(t);
  await pace.push(frames(0, 6));
  let sent = 0;
  void (async () => {
    for (; sent < 1000; sent++) await pace.push(Array.from({ length: 1000 }, () => frame(6, 0)));
  })();
  for (let turn = 0; turn < 1100; turn++) await settled();
  t.ok(sent < 1000, `${sent} thousand of them are held`);
});
