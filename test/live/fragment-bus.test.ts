import t from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import type { Timeline } from '../../src/hls/presentation.js';
import { FragmentBurst } from '../../src/live/fragment-burst.js';
import { FragmentBus, type FragmentBusOptions, type FragmentConsumer } from '../../src/live/fragment-bus.js';
import { RecentMedia } from '../../src/live/recent-media.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

const timeline = (track = videoTrack): Timeline => ({ init: readInitSegment(initSegment([track])), captureTimeMs: 0 });

/** A picture or some sound of a tenth of a second; a keyframe every second. */
function tenth(number: number, track = videoTrack): Fragment {
  return fragment([{ track, startSeconds: number / 10, durationSeconds: 0.1, keyframe: track === audioTrack || number % 10 === 0 }], number);
}

const bytesOf = (fragments: number): number => fragments * tenth(10).bytes.length;

/** Keeps what it is given; takes it as fast as the test says. */
class Keeping implements FragmentConsumer {
  readonly numbers: number[] = [];
  readonly skips: number[] = [];
  timelines = 0;
  ended = 0;
  dropped: unknown;
  backlogBytes = 0;
  /** Told by the test when all of it has arrived. */
  arrived: () => void = () => undefined;
  reads = true;

  startTimeline(): void {
    this.timelines++;
  }

  push(burst: FragmentBurst): void {
    for (const [, number] of burst.mp4.toString('latin1').matchAll(/media (\d+);/g)) this.numbers.push(Number(number));
    if (!this.reads) this.backlogBytes += burst.byteLength;
  }

  skipped(seconds: number): void {
    this.skips.push(Math.round(seconds * 10) / 10);
  }

  mark(arrived: () => void): void {
    this.arrived = arrived;
  }

  end(): void {
    this.ended++;
  }

  drop(error: unknown): void {
    this.dropped = error;
  }
}

/** What takes its bytes but never says that they arrived, as an endless body. */
class Mute extends Keeping {
  override mark = undefined as never;
}

class Throwing extends Keeping {
  override push(): void {
    throw new Error('it can not be sent');
  }
}

function openBus(options: Partial<FragmentBusOptions> = {}): { bus: FragmentBus; faults: unknown[]; clock: { ms: number }; play: (from: number, to: number) => void } {
  const faults: unknown[] = [];
  const clock = { ms: 0 };
  const bus = new FragmentBus({ maxBacklogBytes: 1e9, onDropped: (error) => faults.push(error), now: () => clock.ms, ...options });
  const play = (from: number, to: number): void => {
    for (let number = from; number < to; number++) {
      clock.ms += 100;
      bus.push([tenth(number)]);
    }
  };
  return { bus, faults, clock, play };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_none, index) => from + index);

t.test('a consumer that throws at every call is let go of and told of once; the others get all of it', async (t) => {
  const { bus, faults, play } = openBus();
  const everywhere = {
    startTimeline: () => {
      throw new Error('not this either');
    },
    push: () => undefined,
    drop: () => {
      throw new Error('nor this');
    },
  };
  const [never, skipping, good, late] = [new Throwing(), new Throwing(), new Keeping(), new Throwing()];
  bus.subscribe(never, { from: 'edge', loss: 'never' });
  bus.subscribe(skipping, { from: 'group', loss: 'skip' });
  bus.subscribe(everywhere, { from: 'edge', loss: 'never' });
  bus.subscribe(good, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  play(0, 5);
  bus.subscribe(late, { from: 'group', loss: 'skip' });
  play(5, 20);
  bus.endTimeline();
  bus.end();
  t.strictSame(good.numbers, numbers(0, 20));
  t.equal(good.ended, 1);
  t.match([never.dropped, skipping.dropped, late.dropped], [/can not be sent/, /can not be sent/, /can not be sent/]);
  t.strictSame([never.ended, skipping.ended, late.ended], [0, 0, 0]);
  t.strictSame(faults.map((error) => (error as Error).message).sort(), [...Array<string>(3).fill('it can not be sent'), 'nor this', 'not this either']);
});

t.test('who never takes what it is given holds nobody up and has no more before it than some seconds', async (t) => {
  const { bus, play } = openBus();
  const [stuck, good] = [new Keeping(), new Keeping()];
  stuck.reads = false;
  for (const consumer of [stuck, good]) bus.subscribe(consumer, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  play(0, 3000);
  t.equal(good.numbers.length, 3000);
  t.ok(stuck.backlogBytes <= bytesOf(43), `${stuck.backlogBytes / bytesOf(10)} seconds wait`);
  t.equal(bus.gaps, 1);
});

t.test('a viewer is late by the seconds before it, of pictures and of sound alone, however few bytes they are', async (t) => {
  for (const track of [videoTrack, audioTrack]) {
    const { bus, clock } = openBus();
    const viewer = new Mute();
    viewer.reads = false;
    bus.subscribe(viewer, { from: 'group', loss: 'skip' });
    bus.startTimeline(timeline(track));
    const push = (from: number, to: number): void => {
      for (let number = from; number < to; number++) {
        clock.ms += 100;
        bus.push([tenth(number, track)]);
      }
    };
    push(0, 100);
    viewer.backlogBytes = 0;
    push(100, 139);
    t.equal(viewer.numbers.at(-1), 138, 'within four seconds nobody is skipped');
    const { length } = viewer.numbers;
    push(139, 160);
    t.ok(viewer.numbers.length <= length + 3, 'and beyond them everybody is');
    viewer.backlogBytes = bytesOf(5);
    push(160, 172);
    const resumedAt = viewer.numbers[viewer.numbers.findIndex((number) => number >= 160)];
    t.equal(resumedAt, 160, 'until a keyframe comes while a quarter of that waits');
    t.equal(viewer.skips.length, 2);
    t.ok((viewer.skips[1] ?? 0) > 1 && (viewer.skips[1] ?? 0) < 3, `told: ${String(viewer.skips[1])} seconds were left out`);
  }
});

t.test('in its first seconds, and for a group of pictures that it was given at once, nobody is late', async (t) => {
  const { bus, play, clock } = openBus();
  const first = new Mute();
  first.reads = false;
  bus.subscribe(first, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  play(0, 39);
  t.strictSame(first.numbers, numbers(0, 39));
  // A group of eight seconds.
  const long = openBus();
  long.bus.startTimeline(timeline());
  const pictureAt = (number: number, keyframe: boolean): Fragment => fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe }], number);
  for (let number = 0; number < 80; number++) long.bus.push([pictureAt(number, number === 0)]);
  const newcomer = new Mute();
  newcomer.reads = false;
  long.bus.subscribe(newcomer, { from: 'group', loss: 'skip' });
  for (let number = 80; number < 90; number++) long.bus.push([pictureAt(number, false)]);
  t.strictSame(newcomer.numbers, numbers(0, 90));
  t.ok(clock.ms > 0);
});

t.test('what the kernel and the network hold counts as well, for those who tell what arrived', async (t) => {
  const { bus, play } = openBus();
  const [slow, mute, quick] = [new Keeping(), new Mute(), new Keeping()];
  quick.mark = (arrived) => arrived();
  for (const consumer of [slow, mute, quick]) bus.subscribe(consumer, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  for (let second = 0; second < 5; second++) {
    play(second * 10, second * 10 + 10);
    slow.arrived();
  }
  t.strictSame(slow.numbers, numbers(0, 50), 'whose marks arrive is not late');
  play(50, 70);
  t.equal(slow.numbers.at(-1), 69, 'nor is it for a mark that is on its way for two seconds');
  play(70, 90);
  t.ok((slow.numbers.at(-1) ?? 0) < 85, `within four seconds it is, with no byte before it: ${String(slow.numbers.at(-1))}`);
  play(90, 120);
  const { length } = slow.numbers;
  slow.arrived();
  play(120, 125);
  t.strictSame(slow.numbers.slice(length), numbers(120, 125), 'it goes on when all that was on its way has arrived');
  t.equal(slow.skips.length, 1);
  t.strictSame(quick.numbers, numbers(0, 125));
  t.strictSame(mute.numbers, numbers(0, 125), 'who tells nothing is judged by its bytes alone');
});

t.test('who never answers a mark is asked once, and judged by its bytes alone', async (t) => {
  const { bus, play } = openBus();
  const silent = new Keeping();
  let asked = 0;
  silent.mark = () => asked++;
  bus.subscribe(silent, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  play(0, 200);
  t.strictSame(silent.numbers, numbers(0, 200));
  t.equal(asked, 1);
});

t.test('a server that stood still takes nobody for late', async (t) => {
  const { bus, play, clock } = openBus();
  const viewer = new Keeping();
  viewer.mark = (arrived) => (viewer.arrived = arrived);
  bus.subscribe(viewer, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline());
  play(0, 5);
  viewer.arrived();
  play(5, 15);
  clock.ms += 60_000;
  play(15, 25);
  t.equal(bus.gaps, 0);
  t.strictSame(viewer.numbers, numbers(0, 25));
});

t.test('from the edge: all that follows for who may lose nothing, the next keyframe for who may', async (t) => {
  const { bus, play } = openBus();
  bus.startTimeline(timeline());
  play(0, 13);
  const [all, points, group] = [new Keeping(), new Keeping(), new Keeping()];
  bus.subscribe(all, { from: 'edge', loss: 'never' });
  bus.subscribe(points, { from: 'edge', loss: 'skip' });
  bus.subscribe(group, { from: 'group', loss: 'never' });
  play(13, 25);
  bus.unsubscribe(group);
  play(25, 27);
  t.strictSame(all.numbers, numbers(13, 27));
  t.strictSame(points.numbers, numbers(20, 27));
  t.strictSame(group.numbers, numbers(10, 25));
  t.strictSame([all.timelines, points.timelines, group.timelines], [1, 1, 1]);
  t.equal(bus.gaps, 0, 'who has just come is not late');
});

t.test('who leaves while it is given something is given nothing more, at whichever call it leaves', async (t) => {
  for (const call of ['startTimeline', 'push', 'skipped', 'mark', 'endTimeline'] as const) {
    const { bus, play, faults } = openBus({ maxBacklogBytes: bytesOf(12) });
    const calls: string[] = [];
    const told = (name: string): void => {
      calls.push(name);
      if (name === call) bus.unsubscribe(leaving);
    };
    const leaving = { ...{ backlogBytes: 0, drop: () => told('drop') }, ...Object.fromEntries(['startTimeline', 'push', 'skipped', 'mark', 'endTimeline', 'end'].map((name) => [name, () => told(name)])) } as unknown as FragmentConsumer & { backlogBytes: number };
    const other = new Keeping();
    bus.startTimeline(timeline());
    play(0, 4);
    bus.subscribe(leaving, { from: 'group', loss: 'skip' });
    bus.subscribe(other, { from: 'group', loss: 'skip' });
    play(4, 15);
    leaving.backlogBytes = bytesOf(30);
    play(15, 25);
    leaving.backlogBytes = 0;
    play(25, 35);
    bus.endTimeline();
    bus.end();
    t.equal(calls.at(-1), call, `${call} was the last of ${calls.join(', ')}`);
    t.strictSame(other.numbers, numbers(0, 35));
    t.strictSame(faults, []);
  }
});

t.test('who throws when it has left is told of, and not let go of again', async (t) => {
  const { bus, faults, play } = openBus();
  const leaving = new (class extends Keeping {
    override push(): void {
      bus.unsubscribe(this);
      throw new Error('it can not be sent');
    }
  })();
  bus.startTimeline(timeline());
  bus.subscribe(leaving, { from: 'edge', loss: 'never' });
  play(0, 3);
  t.match(faults, [/can not be sent/]);
  t.equal(leaving.dropped, undefined);
});

t.test('who is let go of while it is given what is there already is given no more of it', async (t) => {
  const { bus, play } = openBus();
  bus.startTimeline(timeline());
  play(0, 5);
  const ending = new (class extends Keeping {
    override push(burst: FragmentBurst): void {
      super.push(burst);
      bus.end();
    }
  })();
  bus.subscribe(ending, { from: 'group', loss: 'skip' });
  t.strictSame(ending.numbers, [0]);
  t.equal(ending.ended, 1);
});

t.test('who comes while others are given something is given it once', async (t) => {
  const { bus, play } = openBus();
  const newcomers = { atStart: new Keeping(), group: new Keeping(), edge: new Keeping() };
  const host = new (class extends Keeping {
    override startTimeline(): void {
      bus.subscribe(newcomers.atStart, { from: 'group', loss: 'never' });
    }

    override push(burst: FragmentBurst): void {
      super.push(burst);
      if (this.numbers.at(-1) !== 10) return;
      bus.subscribe(newcomers.group, { from: 'group', loss: 'skip' });
      bus.subscribe(newcomers.edge, { from: 'edge', loss: 'never' });
    }
  })();
  bus.subscribe(host, { from: 'edge', loss: 'never' });
  bus.startTimeline(timeline());
  play(0, 15);
  t.equal(newcomers.atStart.timelines, 1);
  t.strictSame(newcomers.atStart.numbers, numbers(0, 15));
  t.strictSame(newcomers.group.numbers, numbers(10, 15));
  t.strictSame(newcomers.edge.numbers, numbers(11, 15));
});

t.test('who comes back has all that it missed, from a keyframe that it has on, each picture once, whatever it was', async (t) => {
  const { bus, play } = openBus();
  bus.startTimeline(timeline());
  play(0, 82);
  for (const [seconds, first] of [[8.15, 80], [7.95, 70], [3, 30], [2.99, 20], [0, 0]] as const) {
    const back = new Keeping();
    bus.subscribe(back, { from: seconds, loss: 'skip' });
    t.strictSame(back.numbers, numbers(first, 82), `with all up to ${seconds} s`);
    t.strictSame([back.timelines, back.skips], [1, []]);
    bus.unsubscribe(back);
  }
  const over = new Keeping();
  bus.startTimeline(timeline());
  bus.subscribe(over, { from: 6.5, loss: 'skip' });
  t.strictSame([over.numbers, over.timelines], [numbers(60, 82), 2], 'a timeline that has no picture yet is told of behind them');
  play(82, 85);
  play(90, 93);
  t.strictSame(over.numbers, [...numbers(60, 82), ...numbers(90, 93)], 'what can not be decoded in it is not sent');
});

t.test('who missed too much of it begins with the newest keyframe, and is told what is missing; so is who missed more than is kept', async (t) => {
  const { bus, play } = openBus();
  bus.startTimeline(timeline());
  play(0, 605);
  const [late, inTime] = [new Keeping(), new Keeping()];
  bus.subscribe(late, { from: 39.5, loss: 'skip' });
  bus.subscribe(inTime, { from: 40, loss: 'skip' });
  t.strictSame([late.numbers, late.skips], [numbers(600, 605), [20.5]]);
  t.strictSame([inTime.numbers, inTime.skips], [numbers(400, 605), []]);

  const small = openBus({ maxBacklogBytes: bytesOf(60) });
  small.bus.startTimeline(timeline());
  small.play(0, 205);
  const back = new Keeping();
  small.bus.subscribe(back, { from: 12.3, loss: 'skip' });
  t.strictSame([back.numbers, back.skips], [numbers(170, 205), [4.7]]);
});

t.test('for 20 s nobody is late who comes back, at once or as it comes, but by memory; and what is sent is built once for all', async (t) => {
  const { bus, clock, play } = openBus();
  bus.startTimeline(timeline());
  play(0, 202);
  const [one, other] = [new Keeping(), new Keeping()];
  const bursts: FragmentBurst[][] = [];
  for (const each of [one, other]) {
    const got: FragmentBurst[] = [];
    bursts.push(got);
    const push = each.push.bind(each);
    each.push = (burst) => {
      got.push(burst);
      push(burst);
    };
    each.reads = false;
    bus.subscribe(each, { from: 5.5, loss: 'skip' });
  }
  t.strictSame(bursts[0], bursts[1]);
  t.ok(bursts[0]?.every((burst, at) => burst.webSocketFrames === bursts[1]?.[at]?.webSocketFrames));
  // It comes from another server, at once.
  for (let number = 202; number < 300; number++) bus.push([tenth(number)]);
  play(300, 400);
  t.strictSame(one.numbers, numbers(50, 400), 'with all of it before it');
  clock.ms += 500;
  play(400, 520);
  t.ok(one.numbers.length < 470 && bus.gaps === 2, 'later it is');

  const small = openBus({ maxBacklogBytes: bytesOf(40) });
  small.bus.startTimeline(timeline());
  small.play(0, 95);
  const back = new Keeping();
  back.reads = false;
  small.bus.subscribe(back, { from: 7, loss: 'skip' });
  small.play(95, 130);
  t.ok(back.backlogBytes <= bytesOf(42));
  t.equal(small.bus.gaps, 1);
});

t.test('what is kept for those who come back is bounded by time and bytes, also where no keyframe comes, and is let go at the end', async (t) => {
  const kept = new RecentMedia({ maxSeconds: 2, maxBytes: bytesOf(50) });
  const push = (number: number, startsWithKeyframe: boolean): void => kept.push(new FragmentBurst([tenth(number)], startsWithKeyframe));
  push(0, true);
  t.equal(kept.since(0), undefined, 'nothing before there is a timeline');
  kept.startTimeline(timeline());
  push(1, false);
  t.equal(kept.since(0), undefined, 'nor before a keyframe');
  for (let number = 10; number < 62; number++) push(number, number % 10 === 0);
  t.equal(kept.since(4.2)?.groups.length, 3);
  t.equal(kept.since(4.2)?.lostSeconds, 0);
  for (let number = 62; number < 400; number++) push(number, false);
  t.equal(kept.since(39), undefined);
  push(400, true);
  t.equal(kept.since(39)?.lostSeconds, 1);
  kept.clear();
  t.equal(kept.since(40), undefined);
});
