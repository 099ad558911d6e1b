import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { Arrivals } from '../../src/http/arrivals.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import { FragmentBus, type FragmentConsumer } from '../../src/live/fragment-bus.js';
import { audioTrack, fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

const stepMs = 10;

interface Viewing {
  readonly track: typeof videoTrack;
  readonly bitsPerSecond: number;
  readonly framesPerSecond: number;
  /** What its line takes at this time, in bits a second. */
  readonly line: (atSeconds: number) => number;
  readonly seconds: number;
  /** Of what left the process, the system says no more than this; Infinity: all. */
  readonly told?: number;
}

interface Seen {
  /** How old what it got last was, at its oldest, while it got something. */
  readonly oldestSeconds: number;
  /** The same in the last seconds. */
  readonly atEndSeconds: number;
  readonly skips: number;
  readonly dropped: number;
}

/** One viewer of an endless body on a line whose buffer, the kernel's, takes everything at once, as one that grows by itself does. */
function watch({ track, bitsPerSecond, framesPerSecond, line, seconds, told = Infinity }: Viewing): Seen {
  let nowMs = 0;
  const bus = new FragmentBus({ maxBacklogBytes: 8 * 1024 * 1024, onDropped: () => undefined, now: () => nowMs });
  const arrivals = new Arrivals(() => 0);
  /** What the line has before it, each with the time it was given at. */
  const queue: { bytes: number; readonly givenMs: number }[] = [];
  let queuedBytes = 0;
  const seen = { oldestSeconds: 0, atEndSeconds: Infinity, skips: 0, dropped: 0 };
  const viewer: FragmentConsumer = {
    startTimeline: () => undefined,
    push: ({ byteLength }: FragmentBurst) => {
      arrivals.given(byteLength);
      queue.push({ bytes: byteLength, givenMs: nowMs });
      queuedBytes += byteLength;
    },
    mark: (arrived) => arrivals.mark(arrived),
    skipped: () => seen.skips++,
    drop: () => seen.dropped++,
  };
  bus.subscribe(viewer, { from: 'group', loss: 'skip' });
  bus.startTimeline({ init: readInitSegment(initSegment([track])), captureTimeMs: 0 });
  // All of a kind weigh the same, and only their times differ: each kind is made once.
  const payload = Buffer.alloc(bitsPerSecond / 8 / framesPerSecond - 100);
  const [keyframe, between] = [true, false].map((keyframe) => new FragmentReader().push(fragmentBytes([{ track, startSeconds: 0, durationSeconds: 1 / framesPerSecond, keyframe }], payload)).find((event) => event.type === 'fragment'));
  let number = 0;
  let credit = 0;
  for (; nowMs < seconds * 1000; nowMs += stepMs) {
    for (; number < (nowMs / 1000) * framesPerSecond; number++) {
      const kind = (number % (2 * framesPerSecond) === 0 ? keyframe : between)!.fragment;
      bus.push([{ ...kind, runs: kind.runs.map((run) => ({ ...run, baseMediaDecodeTime: Math.round((number / framesPerSecond) * track.timescale) })) }]);
    }
    credit += (line(nowMs / 1000) / 8) * (stepMs / 1000);
    for (let first = queue[0]; first && credit > 0; first = queue[0]) {
      const taken = Math.min(first.bytes, credit);
      first.bytes -= taken;
      queuedBytes -= taken;
      credit -= taken;
      if (first.bytes > 0) break;
      queue.shift();
      seen.atEndSeconds = (nowMs - first.givenMs) / 1000;
      seen.oldestSeconds = Math.max(seen.oldestSeconds, seen.atEndSeconds);
    }
    if (queue.length === 0) credit = 0;
    if (nowMs % 1000 === 0) arrivals.queued(Math.min(queuedBytes, told));
  }
  return seen;
}

const picture = { track: videoTrack, bitsPerSecond: 1_500_000, framesPerSecond: 30, seconds: 120 };
const sound = { track: audioTrack, bitsPerSecond: 128_000, framesPerSecond: 20, seconds: 120 };

t.test('a viewer whose line is too slow is skipped before what is on its way to it lasts four seconds', async (t) => {
  for (const show of [picture, sound]) {
    for (const share of [0.9, 0.5, 0.25]) {
      const name = `${show.track.kind} over ${share} of its bit rate`;
      const { oldestSeconds, skips } = watch({ ...show, line: () => share * show.bitsPerSecond });
      // So much as that line takes longer for four seconds of it.
      t.ok(oldestSeconds <= 4 / share, `${name}: ${oldestSeconds} s at most`);
      t.ok(skips > 0, `${name}: skipped ${skips} times`);
    }
  }
});

t.test('a line that becomes slow after an hour of being fast is found out as soon', async (t) => {
  const { oldestSeconds, skips } = watch({ ...sound, seconds: 3660, line: (at) => (at < 3600 ? 10 : 0.5) * sound.bitsPerSecond });
  t.ok(oldestSeconds <= 8 && skips > 0, `${oldestSeconds} s at most, skipped ${skips} times`);
});

t.test('nothing good is cut: neither fast lines, nor jittery ones, nor those that stand still for two seconds again and again', async (t) => {
  for (const show of [picture, sound]) {
    const lines: Readonly<Record<string, (at: number) => number>> = {
      fast: () => 100 * show.bitsPerSecond,
      'hardly faster than the stream': () => 1.05 * show.bitsPerSecond,
      'still for two seconds in ten': (at) => (at % 10 < 2 ? 0 : 4 * show.bitsPerSecond),
      'by turns slow and fast': (at) => (at % 4 < 2 ? 0.4 : 3) * show.bitsPerSecond,
    };
    for (const [name, line] of Object.entries(lines)) t.equal(watch({ ...show, line }).skips, 0, `${show.track.kind}: ${name}`);
  }
});

t.test('a player that pauses for half a minute is skipped once, never dropped, and is close to live when it goes on', async (t) => {
  for (const show of [picture, sound]) {
    const { skips, dropped, atEndSeconds } = watch({ ...show, seconds: 60, line: (at) => (at >= 10 && at < 40 ? 0 : 4) * show.bitsPerSecond });
    t.equal(skips, 1);
    t.equal(dropped, 0);
    t.ok(atEndSeconds < 0.5, `${atEndSeconds} s behind`);
  }
});

t.test('where the system tells nothing, nobody is taken for late', async (t) => {
  t.equal(watch({ ...picture, told: 0, line: () => 0.5 * picture.bitsPerSecond }).skips, 0);
});
