import t, { type Test } from 'tap';
import { Relay, type Place, type RelayOptions } from '../../src/cluster/relay.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import type { ViewerSink } from '../../src/live/viewer.js';
import { Viewers } from '../../src/live/viewers.js';
import type { ViewerMessage } from '../../src/protocol/viewer-messages.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { waitUntil } from '../helpers/programs.js';
import { FakeNodes, type FedBroadcast } from './fake-feeds.js';

/** A viewer that keeps all it was sent. */
class KeepingSink implements ViewerSink {
  readonly follows = true;
  readonly backlogBytes = 0;
  readonly messages: ViewerMessage[] = [];
  /** The numbers of pictures, in order. */
  readonly pictures: number[] = [];
  /** Their decode times. */
  readonly times: number[] = [];
  inits = 0;
  left: 'ended' | 'away' | 'dropped' | undefined;

  message(message: ViewerMessage): void {
    this.messages.push(message);
  }

  init(): void {
    this.inits++;
  }

  media(burst: FragmentBurst): void {
    for (const [, number] of burst.mp4.toString('latin1').matchAll(/media (\d+)[;,]/g)) this.pictures.push(Number(number));
    for (const { runs } of burst.fragments) for (const { trackId, baseMediaDecodeTime } of runs) if (trackId === 1) this.times.push(baseMediaDecodeTime / videoTrack.timescale);
  }

  end(): void {
    this.left = 'ended';
  }

  away(): void {
    this.left = 'away';
  }

  drop(): void {
    this.left = 'dropped';
  }
}

const init = (width = 640) => readInitSegment(initSegment([{ ...videoTrack, width } as typeof videoTrack, audioTrack]));

/** Pictures numbered from … to with their sound, ten a second, a keyframe every fifth. @param offset number of the picture at media time 0 */
function pictures(from: number, to: number, offset = 0): Fragment[] {
  return Array.from({ length: to - from }, (_none, index) => {
    const number = from + index;
    const at = { startSeconds: (number - offset) / 10, durationSeconds: 0.1 };
    return fragment([{ track: videoTrack, ...at, keyframe: number % 5 === 0 }, { track: audioTrack, ...at, keyframe: true }], number);
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_none, index) => from + index);

interface TestOwner extends FedBroadcast {
  readonly renditions: Map<string, FragmentBus>;
}

function owner(run: string, broadcast = 'run1', maxBacklogBytes = 1e6, clock?: string): TestOwner {
  const createBus = (): FragmentBus => new FragmentBus({ maxBacklogBytes, onDropped: (error) => t.fail(String(error)) });
  const [bus, renditions] = [createBus(), new Map<string, FragmentBus>()];
  return { run, broadcast, bus, renditions, viewers: new Viewers({ bus, renditions: () => renditions, clock: () => clock }) };
}

interface Bench {
  readonly nodes: FakeNodes;
  readonly relay: Relay;
  readonly warnings: unknown[];
  place: Place;
  over: number;
}

function open(t: Test, options: Partial<RelayOptions> = {}): Bench {
  const nodes = new FakeNodes();
  const bench = { nodes, warnings: [] as unknown[], place: { node: 'A', mayGoOn: true } as Place, over: 0 };
  const begin = (): Relay => {
    const relay = new Relay({
      stream: 'cam',
      node: 'A',
      openUpstream: nodes.open,
      createBus: () => new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => t.fail(String(error)) }),
      find: async (isLost) => {
        if (isLost) await new Promise((resolve) => setTimeout(resolve, 10));
        return bench.place;
      },
      picturesOf: () => ({ look: async function* () {}, close: async () => undefined }),
      onOver: () => bench.over++,
      onRefused: (cause) => bench.warnings.push(cause),
      log: { info: () => undefined, warn: (facts) => bench.warnings.push(facts) },
      ...options,
    });
    t.teardown(() => relay.close());
    return relay;
  };
  let relay: Relay | undefined;
  // Once the nodes have what the test gives them.
  return Object.defineProperty(bench, 'relay', { get: () => (relay ??= begin()) }) as unknown as Bench;
}

t.test('one upstream for all who watch; who comes late begins with the last keyframe at once; the owner knows how many they are', async (t) => {
  const bench = open(t);
  const a = owner('1');
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 1000 });
  a.bus.push(pictures(0, 7));
  t.ok(await bench.relay.ready());
  const [first, late] = [new KeepingSink(), new KeepingSink()];
  bench.relay.viewers.join(first);
  t.match(first.messages, [{ type: 'init', mimeType: 'video/mp4; codecs="avc1.42c01f,mp4a.40.2"', captureTimeMs: 1000 }, { type: 'renditions', current: 'source' }]);
  t.strictSame(first.pictures, [5, 6]);
  a.bus.push(pictures(7, 13));
  bench.relay.viewers.join(late);
  t.strictSame([first.pictures, late.pictures], [range(5, 13), range(10, 13)]);
  for (let more = 0; more < 48; more++) bench.relay.viewers.join(new KeepingSink());
  await waitUntil('the owner has been told', () => a.viewers.count === 50);
  t.strictSame([a.viewers.countHere, a.viewers.feedCount, bench.nodes.feeds.length], [0, 1, 1]);
  t.strictSame(Object.fromEntries(a.viewers.countByRendition), { source: 50 });
  t.throws(() => bench.relay.viewers.requireRendition('720p'), { code: 'not-found' });
  a.bus.end();
  await waitUntil('it is over', () => bench.over === 1);
  t.strictSame([first.left, late.left, first.messages.at(-1)], ['ended', 'ended', { type: 'ended' }]);
});

t.test('a rendition comes only while somebody is sent it; with it a viewer is changed over without a picture lost or twice', async (t) => {
  const bench = open(t);
  const a = owner('1');
  bench.nodes.broadcasts.set('A', a);
  const small = a.bus.derive();
  a.renditions.set('180p', small);
  const feed = (from: number, to: number): void => {
    a.bus.push(pictures(from, to));
    small.push(pictures(from, to));
  };
  for (const [bus, width] of [[a.bus, 640], [small, 320]] as const) bus.startTimeline({ init: init(width), captureTimeMs: 0 });
  a.viewers.renditionsChanged();
  feed(0, 5);
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink, 'source');
  t.match(sink.messages.at(-1), { type: 'renditions', renditions: [{ id: 'source' }, { id: '180p' }, { id: 'audio' }] });
  t.strictSame([...new Set(a.viewers.countByRendition.keys())].includes('180p'), false);
  feed(5, 8);
  bench.relay.viewers.select(sink, '180p');
  await waitUntil('it is asked for', () => bench.nodes.last.heard.filter((type) => type === 'init').length === 2);
  feed(8, 22);
  t.strictSame([sink.pictures, sink.inits], [range(0, 22), 2]);
  await waitUntil('the owner knows what is watched', () => a.viewers.countByRendition.get('180p') === 1);

  a.renditions.delete('180p');
  a.viewers.renditionsChanged();
  a.bus.push(pictures(22, 26));
  t.strictSame(sink.pictures, [...range(0, 22), 25], 'when it is gone, the viewer goes on with another one, as at the owner');
  t.match(sink.messages.at(-1), { type: 'renditions', renditions: [{ id: 'source' }, { id: 'audio' }], current: 'source' });
});

t.test('the connection is lost: it is opened anew, and viewers see none of it but what is missing', async (t) => {
  const bench = open(t);
  const a = owner('1');
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 1000 });
  a.bus.push(pictures(0, 7));
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  bench.nodes.last.end('lost');
  a.bus.push(pictures(7, 9));
  await waitUntil('it is opened anew', () => a.viewers.feedCount === 1 && bench.nodes.feeds.length === 2);
  t.strictSame([sink.pictures, sink.inits, sink.left], [range(5, 9), 1, undefined], 'what came meanwhile is not lost, and nothing is sent twice');
  a.bus.push(pictures(9, 12));
  t.strictSame(sink.pictures, range(5, 12));
  bench.nodes.last.end('lost');
  a.bus.push(pictures(12, 24));
  await waitUntil('it is opened anew', () => a.viewers.feedCount === 1 && bench.nodes.feeds.length === 3);
  t.strictSame(sink.pictures, [...range(5, 12), ...range(20, 24)], 'after a longer time it goes on with a keyframe');
});

t.test('another node goes on with the broadcast, from media time 0: viewers keep their connections, behind an init, and times go on', async (t) => {
  const bench = open(t);
  const a = owner('1');
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 1_000_000 });
  a.bus.push(pictures(0, 10));
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  bench.nodes.broadcasts.delete('A');
  bench.nodes.last.end('lost');
  await waitUntil('it is looked for', () => bench.nodes.feeds.length > 2);
  t.equal(sink.left, undefined);
  const late = bench.relay.ready();

  const c = owner('2');
  c.bus.startTimeline({ init: init(), captureTimeMs: 1_020_000 });
  c.bus.push(pictures(200, 203, 200));
  bench.nodes.broadcasts.set('C', c);
  bench.place = { node: 'C', mayGoOn: true };
  t.ok(await late, 'who comes meanwhile waits for it');
  c.bus.push(pictures(203, 206, 200));
  t.strictSame([sink.pictures, sink.inits, sink.left], [[...range(5, 10), ...range(200, 206)], 2, undefined]);
  t.ok(sink.times.every((time, index) => index === 0 || time > sink.times[index - 1]!), sink.times.join());
  const told = sink.messages.filter((message) => message.type === 'init');
  const resumedAt = sink.times[5]!;
  t.ok(resumedAt >= 1 && resumedAt < 1.3, `right behind what came before: ${String(resumedAt)}`);
  t.equal(Math.round(told[1]!.captureTimeMs + resumedAt * 1000), 1_020_000, 'and each picture has its own date');
  const joined = new KeepingSink();
  bench.relay.viewers.join(joined);
  t.strictSame([joined.pictures, joined.times[0]! > resumedAt], [[205], true]);
});

t.test('a line between nodes that was away for a while costs nothing where media has a clock of a name', async (t) => {
  const bench = open(t);
  const a = owner('1', 'run1', 1e6, 'one');
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 1000 });
  a.bus.push(pictures(0, 7));
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  bench.nodes.last.end('lost');
  for (let number = 7; number < 64; number++) a.bus.push(pictures(number, number + 1));
  await waitUntil('it is opened anew', () => a.viewers.feedCount === 1 && bench.nodes.feeds.length === 2);
  a.bus.push(pictures(64, 66));
  t.strictSame([sink.pictures, sink.inits, sink.left], [range(5, 66), 1, undefined]);
  const back = new KeepingSink();
  bench.relay.viewers.join(back, undefined, { clock: 'one', seconds: 3.2 });
  t.strictSame(back.pictures, range(30, 66), 'who comes back here has what it missed, too');
});

t.test('another node goes on by the same clock: viewers get what follows, each picture once, behind the same one or else a keyframe', async (t) => {
  // Of the same pictures other bytes.
  const encoded = (from: number, to: number): Fragment[] => pictures(from, to).map(({ bytes, runs }) => ({ runs, bytes: Buffer.from(bytes.toString('latin1').replace(/media (\d+);/, 'media $1,'), 'latin1') }));
  for (const [what, made, isThere, expected, inits] of [
    ['copied, from before', pictures, [3, 20], range(5, 20), 1],
    ['copied, and far ahead already', pictures, [3, 60], range(5, 60), 1],
    ['encoded there', encoded, [3, 20], [...range(5, 13), ...range(15, 20)], 2],
    ['lost in between', pictures, [15, 30], [...range(5, 13), ...range(15, 30)], 2],
  ] as const) {
    const bench = open(t);
    const [a, c] = [owner('1', 'run1', 1e6, 'one'), owner('2', 'run1', 1e6, 'one')];
    bench.nodes.broadcasts.set('A', a);
    a.bus.startTimeline({ init: init(), captureTimeMs: 1_000_000 });
    a.bus.push(pictures(0, 13));
    t.ok(await bench.relay.ready());
    const sink = new KeepingSink();
    bench.relay.viewers.join(sink);
    // It began with the last keyframe: here all of it is to be seen.
    sink.pictures.splice(0, sink.pictures.length, ...range(5, 13));
    bench.nodes.broadcasts.delete('A');
    bench.nodes.last.end('lost');
    c.bus.startTimeline({ init: init(), captureTimeMs: 1_000_100 });
    for (let number = isThere[0]; number < isThere[1] - 2; number++) c.bus.push(made(number, number + 1));
    bench.nodes.broadcasts.set('C', c);
    bench.place = { node: 'C', mayGoOn: true };
    await waitUntil('it is fed', () => c.viewers.feedCount === 1);
    c.bus.push(made(isThere[1] - 2, isThere[1]));
    t.strictSame([sink.pictures, sink.inits, sink.left], [expected, inits, undefined], what);
    t.ok(sink.times.every((time, index) => index === 0 || time > sink.times[index - 1]!), `${what}: ${sink.times.join()}`);
    t.equal(sink.times.at(-1), (isThere[1] - 1) / 10, 'at the times that they have there');
    const joined = new KeepingSink();
    bench.relay.viewers.join(joined, undefined, { clock: 'one', seconds: (isThere[1] - 1) / 10 });
    t.match(joined.messages[0], { type: 'init', clock: 'one' });
    bench.relay.close();
  }
});

t.test('who comes back to a node that begins to fetch the stream only then is given what it missed, too', async (t) => {
  const bench = open(t, { place: { clock: 'one', seconds: 1.2 } });
  const a = owner('1', 'run1', 1e6, 'one');
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 0 });
  for (let number = 0; number < 43; number++) a.bus.push(pictures(number, number + 1));
  t.ok(await bench.relay.ready());
  const [back, other] = [new KeepingSink(), new KeepingSink()];
  bench.relay.viewers.join(back, undefined, { clock: 'one', seconds: 1.2 });
  bench.relay.viewers.join(other);
  a.bus.push(pictures(43, 45));
  t.strictSame([back.pictures, other.pictures], [range(10, 45), range(40, 45)]);
});

t.test('where media had to be moved, viewers are told that it is another clock', async (t) => {
  const bench = open(t);
  const [a, c] = [owner('1', 'run1', 1e6, 'one'), owner('2', 'run1', 1e6, 'two')];
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 0 });
  a.bus.push(pictures(0, 10));
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  c.bus.startTimeline({ init: init(), captureTimeMs: 0 });
  c.bus.push(pictures(0, 3));
  bench.nodes.broadcasts.set('C', c);
  bench.place = { node: 'C', mayGoOn: true };
  bench.nodes.last.end('lost');
  await waitUntil('it goes on', () => sink.inits === 2);
  const clocks = sink.messages.flatMap((message) => (message.type === 'init' ? [message.clock] : []));
  t.equal(clocks[0], 'one');
  t.ok(clocks[1] !== undefined && clocks[1] !== 'one' && clocks[1] !== 'two');
});

t.test('a node leaves: the broadcast is looked for at the next one, also when the directory knows it before', async (t) => {
  const bench = open(t);
  const [a, b, c] = [owner('1'), owner('2'), owner('3')];
  for (const [name, { bus }] of [['A', a], ['B', b], ['C', c]] as const) {
    bus.startTimeline({ init: init(), captureTimeMs: 0 });
    bus.push(pictures(0, 2));
    bench.nodes.broadcasts.set(name, { A: a, B: b, C: c }[name]);
  }
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  bench.place = { node: 'B', mayGoOn: true };
  a.viewers.moveAway();
  await waitUntil('it is at the next one', () => b.viewers.feedCount === 1);
  bench.place = { node: 'C', mayGoOn: true };
  await waitUntil('the directory says where it is', () => c.viewers.feedCount === 1, 10_000);
  t.strictSame([b.viewers.feedCount, sink.inits, sink.left], [0, 3, undefined]);
});

t.test('it is over when another broadcast has the name, when nobody goes on, and when nobody watches', async (t) => {
  await t.test('another broadcast', async (t) => {
    const bench = open(t);
    bench.nodes.broadcasts.set('A', owner('1'));
    t.ok(await bench.relay.ready(), 'one that has no media yet can be joined');
    const sink = new KeepingSink();
    bench.relay.viewers.join(sink);
    bench.nodes.broadcasts.set('A', owner('2', 'run2'));
    bench.nodes.last.end('lost');
    await waitUntil('it is over', () => bench.over === 1);
    t.equal(sink.left, 'ended');
  });
  await t.test('nobody goes on', async (t) => {
    const bench = open(t);
    bench.nodes.broadcasts.set('A', owner('1'));
    t.ok(await bench.relay.ready());
    const sink = new KeepingSink();
    bench.relay.viewers.join(sink);
    bench.place = { node: undefined, mayGoOn: false };
    bench.nodes.last.end('lost');
    await waitUntil('it is over', () => bench.over === 1);
    t.equal(sink.left, 'away', 'whoever comes again is told what is known then');
    await t.rejects(bench.relay.ready());
  });
  await t.test('nobody watches', async (t) => {
    const bench = open(t, { lingerMs: 0 });
    const a = owner('1');
    bench.nodes.broadcasts.set('A', a);
    t.ok(await bench.relay.ready());
    const leave = bench.relay.viewers.join(new KeepingSink());
    await waitUntil('the owner knows of the viewer', () => a.viewers.count === 1);
    t.equal(bench.over, 0);
    leave();
    await waitUntil('the upstream is closed', () => bench.over === 1 && a.viewers.feedCount === 0);
    t.equal(a.viewers.count, 0);
  });
});

t.test('a node that can not be reached, one that has nothing of it, and one that speaks otherwise', async (t) => {
  const unreachable = open(t);
  await t.rejects(unreachable.relay.ready(), /expected the node that has the stream to feed this one/);
  const absent = open(t);
  setImmediate(() => absent.nodes.last.end('absent'));
  t.notOk(await absent.relay.ready(), 'what is asked is handed on: the other node has the words');
  const words = ['', 'null', '{"type":"hello"}', '{"type":"hello","run":1,"broadcast":"x","hasMedia":true}', `{"type":"offers","viewers":-1,"renditions":[]}`, `{"type":"offers","viewers":0,"renditions":[${'{"id":"x","bitsPerSecond":1},'.repeat(40)}{"id":"y","bitsPerSecond":1}]}`, '{"type":"init","rendition":"source","number":256,"captureTimeMs":0}', '{"type":"new-word"}'];
  for (const text of words) {
    const bench = open(t);
    const a = owner('1');
    bench.nodes.broadcasts.set('A', a);
    a.bus.startTimeline({ init: init(), captureTimeMs: 0 });
    t.ok(await bench.relay.ready());
    const sink = new KeepingSink();
    bench.relay.viewers.join(sink);
    bench.nodes.last.say(text);
    await waitUntil('it is given up', () => bench.over === 1);
    t.equal(sink.left, 'away', text.slice(0, 60));
    t.match(bench.warnings, [/expected a message of a feed as version 1 has them/]);
  }
  for (const [number, boxes] of [[7, Buffer.alloc(8)], [0, Buffer.from('0000000466726565', 'hex')], [0, Buffer.concat([Buffer.from('00000008', 'hex'), Buffer.from('mdat')])]] as const) {
    const bench = open(t);
    const a = owner('1');
    bench.nodes.broadcasts.set('A', a);
    a.bus.startTimeline({ init: init(), captureTimeMs: 0 });
    t.ok(await bench.relay.ready());
    bench.nodes.last.media(number, boxes);
    await waitUntil('it is given up', () => bench.over === 1);
    t.match(bench.warnings, [/expected /]);
  }
});

t.test('a line between nodes that is too slow: the feed is skipped forward like any viewer, and those behind it are told', async (t) => {
  const bench = open(t);
  const a = owner('1', 'run1', 2000);
  bench.nodes.broadcasts.set('A', a);
  a.bus.startTimeline({ init: init(), captureTimeMs: 0 });
  a.bus.push(pictures(0, 2));
  t.ok(await bench.relay.ready());
  const sink = new KeepingSink();
  bench.relay.viewers.join(sink);
  bench.nodes.last.backlogBytes = 1e6;
  a.bus.push(pictures(2, 8));
  bench.nodes.last.backlogBytes = 0;
  a.bus.push(pictures(8, 12));
  t.strictSame(sink.pictures, [0, 1, 10, 11]);
  t.match(sink.messages.filter(({ type }) => type === 'gap'), [{ type: 'gap' }]);
});

t.test('pictures are made of what is fetched for all, and end with it', async (t) => {
  let [made, closed] = [0, 0];
  const bench = open(t, {
    picturesOf: (viewers) => ({
      look: async function* () {
        made = viewers.countHere + 1;
      },
      close: async () => {
        closed++;
      },
    }),
  });
  const a = owner('1');
  bench.nodes.broadcasts.set('A', a);
  t.ok(await bench.relay.ready());
  for await (const _picture of bench.relay.pictures.look({ signal: new AbortController().signal })) t.fail('none is made');
  t.equal(made, 1);
  t.equal(closed, 0);
  bench.relay.close();
  bench.relay.close();
  t.equal(closed, 1);
});
