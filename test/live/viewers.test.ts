import t from 'tap';
import { FlvTimeline } from '../../src/flv/flv-timeline.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment, type InitSegment } from '../../src/fmp4/init-segment.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import { FragmentBus, type FragmentBusOptions } from '../../src/live/fragment-bus.js';
import type { ViewerSink } from '../../src/live/viewer.js';
import { Viewers } from '../../src/live/viewers.js';
import { fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

/** A viewer that keeps all it was sent and reads as fast as the test says. */
class KeepingSink implements ViewerSink {
  readonly received: string[] = [];
  readonly bursts: FragmentBurst[] = [];
  backlogBytes = 0;
  reads = true;

  message({ type }: { type: string }): void {
    this.received.push(type);
  }

  init({ bytes }: InitSegment): void {
    this.received.push(`init of ${bytes.length}`);
  }

  media(burst: FragmentBurst): void {
    this.bursts.push(burst);
    if (!this.reads) this.backlogBytes += burst.mp4.length;
    for (const [payload] of burst.mp4.toString('latin1').matchAll(/media \d+/g)) this.received.push(payload);
  }

  end(): void {
    this.received.push('end');
  }

  drop(): void {
    this.received.push('dropped');
  }
}

function open(options: Partial<FragmentBusOptions>): { bus: FragmentBus; viewers: Viewers; dropped: unknown[] } {
  const dropped: unknown[] = [];
  const bus = new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => dropped.push(error), ...options });
  return { bus, viewers: new Viewers({ bus }), dropped };
}

const initBytes = initSegment([videoTrack]);
const timeline = (captureTimeMs = 0) => ({ init: readInitSegment(initBytes), captureTimeMs });
const initPair = ['init', `init of ${initBytes.length}`];

/** Pictures numbered from … to, a keyframe every fifth. */
function pictures(from: number, to: number): Fragment[] {
  return Array.from({ length: to - from }, (_none, index) => {
    const number = from + index;
    return fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe: number % 5 === 0 }], number);
  });
}

const media = (from: number, to: number): string[] => Array.from({ length: to - from }, (_none, index) => `media ${from + index}`);
const pictureBytes = pictures(0, 1)[0]?.bytes.length ?? 0;

t.test('who joins gets the init segment, the group of pictures so far from its keyframe on, and all that follows', async (t) => {
  const { bus, viewers } = open({ maxBacklogBytes: 1e6 });
  const early = new KeepingSink();
  viewers.join(early);
  t.strictSame(early.received, [], 'nothing before there is anything');
  bus.startTimeline(timeline());
  bus.push(pictures(2, 5));
  t.strictSame(early.received, initPair, 'pictures before the first keyframe are no use');
  bus.push(pictures(5, 13));
  const late = new KeepingSink();
  viewers.join(late);
  bus.push(pictures(13, 16));
  t.strictSame(early.received, [...initPair, ...media(5, 16)]);
  t.strictSame(late.received, [...initPair, ...media(10, 16)]);
  t.ok(late.bursts[0]?.startsWithKeyframe);
  t.equal(viewers.count, 2);
});

t.test('every viewer is sent the same memory', async (t) => {
  const { bus, viewers } = open({ maxBacklogBytes: 1e6 });
  const sinks = [new KeepingSink(), new KeepingSink()];
  for (const sink of sinks) viewers.join(sink);
  bus.startTimeline(timeline());
  bus.push(pictures(0, 3));
  const [first, second] = sinks.map(({ bursts }) => bursts[0]);
  t.equal(first?.webSocketFrames, second?.webSocketFrames);
  t.equal(first?.mp4, second?.mp4);
  const flv = new FlvTimeline(timeline().init);
  t.equal(first?.flv(flv), second?.flv(flv));
});

t.test('a viewer that falls behind skips to a keyframe, is told of the gap and keeps its memory bounded; the others are unharmed', async (t) => {
  const maxBacklogBytes = pictureBytes * 8;
  const { bus, viewers } = open({ maxBacklogBytes });
  const [slow, fast] = [new KeepingSink(), new KeepingSink()];
  viewers.join(slow);
  viewers.join(fast);
  bus.startTimeline(timeline());
  slow.reads = false;
  let most = 0;
  for (let number = 0; number < 100; number++) {
    bus.push(pictures(number, number + 1));
    most = Math.max(most, slow.backlogBytes);
  }
  t.ok(most <= maxBacklogBytes + pictureBytes, `${most} bytes at most`);
  const held = slow.received.length;
  slow.backlogBytes = maxBacklogBytes / 2;
  bus.push(pictures(100, 105));
  t.equal(slow.received.length, held, 'half a backlog is too much to begin again');
  slow.backlogBytes = 0;
  bus.push(pictures(106, 110));
  t.equal(slow.received.length, held, 'and so is the middle of a group of pictures');
  slow.reads = true;
  bus.push(pictures(110, 112));
  t.strictSame(slow.received.slice(held), ['gap', ...media(110, 112)]);
  t.equal(bus.gaps, 1);
  t.strictSame(fast.received, [...initPair, ...media(0, 105), ...media(106, 112)]);
});

t.test('a new timeline is told by a new init segment, also to a viewer that was behind when it came', async (t) => {
  const { bus, viewers } = open({ maxBacklogBytes: pictureBytes * 2.5 });
  const [slow, fast] = [new KeepingSink(), new KeepingSink()];
  viewers.join(slow);
  viewers.join(fast);
  bus.startTimeline(timeline());
  slow.reads = false;
  for (let number = 0; number < 5; number++) bus.push(pictures(number, number + 1));
  const held = slow.received.length;
  bus.startTimeline(timeline(5000));
  bus.push(pictures(0, 2));
  t.strictSame(fast.received, [...initPair, ...media(0, 5), ...initPair, ...media(0, 2)]);
  t.equal(slow.received.length, held);
  slow.backlogBytes = 0;
  bus.push(pictures(5, 7));
  t.strictSame(slow.received.slice(held), [...initPair, ...media(5, 7)]);
  const late = new KeepingSink();
  viewers.join(late);
  t.strictSame(late.received, [...initPair, ...media(5, 7)], 'nothing of the old timeline reaches a newcomer');
});

t.test('who left is sent nothing more, and the end is told to all who are there', async (t) => {
  const { bus, viewers } = open({ maxBacklogBytes: 1e6 });
  const [left, stayed] = [new KeepingSink(), new KeepingSink()];
  const leave = viewers.join(left);
  viewers.join(stayed);
  leave();
  t.equal(viewers.count, 1);
  bus.end();
  bus.end();
  t.strictSame(stayed.received, ['ended', 'end']);
  t.strictSame(left.received, []);
  t.equal(viewers.count, 0);
  const tooLate = new KeepingSink();
  viewers.join(tooLate);
  t.match(tooLate.received.at(-1), 'end');
});

t.test('a group of pictures without end does not fill the memory, and its viewers go on', async (t) => {
  const maxBacklogBytes = pictureBytes * 10;
  const { bus, viewers } = open({ maxBacklogBytes });
  const early = new KeepingSink();
  viewers.join(early);
  bus.startTimeline(timeline());
  const endless = (number: number): Fragment => fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe: number === 0 }], number);
  for (let number = 0; number < 100; number++) bus.push([endless(number)]);
  t.strictSame(early.received, [...initPair, ...media(0, 100)]);
  const late = new KeepingSink();
  viewers.join(late);
  t.ok(late.received.length <= 2 + 11, `${late.received.length} messages for a newcomer`);
  bus.push(pictures(100, 102));
  t.match(late.received.slice(-2), media(100, 102), 'who starts at the next keyframe');
});

t.test('a clock that is known better is told at the next keyframe, once, and only when it matters', async (t) => {
  const { bus, viewers } = open({ maxBacklogBytes: 1e6 });
  const sink = new KeepingSink();
  viewers.join(sink);
  const clocked = { ...timeline(), captureTimeMs: 1000 };
  bus.startTimeline(clocked);
  bus.push(pictures(0, 2));
  clocked.captureTimeMs = 900;
  bus.push(pictures(2, 7));
  clocked.captureTimeMs = 895;
  bus.push(pictures(7, 11));
  t.strictSame(sink.received, [...initPair, ...media(0, 5), 'clock', ...media(5, 11)]);
});
