import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import t from 'tap';
import { SegmentArchive, type SegmentArchiveOptions } from '../../src/live/segment-archive.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { DiskMediaStore } from '../../src/storage/disk-media-store.js';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';
import { hungStore, MoodyStore } from '../helpers/bad-stores.js';
import { Filled, never, start, textOf } from '../helpers/filled.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { turns, until } from './fake-studio.js';

class Archived extends SegmentArchive {
  readonly writeFailures: Error[];
  readonly readFailures: Error[];

  constructor(options: Partial<SegmentArchiveOptions> & Pick<SegmentArchiveOptions, 'store'>) {
    const [writeFailures, readFailures]: Error[][] = [[], []];
    super({ onWriteFailure: (error) => writeFailures!.push(error), onReadFailure: (error) => readFailures!.push(error), readTimeoutMs: 20_000, clearTimeoutMs: 20_000, ...options });
    this.writeFailures = writeFailures!;
    this.readFailures = readFailures!;
  }
}

/** What a viewer gets for a name. */
async function mediaOf(filled: Filled, name: string): Promise<Buffer | undefined> {
  const { body } = await filled.rendition.media(name, never);
  if (!body || Buffer.isBuffer(body)) return body;
  return 'open' in body ? buffer(await body.open(0, body.byteLength)) : undefined;
}

/** Every segment and part of an hour, as it was when it was whole, so far as it can still be had. */
async function fill(filled: Filled, segments: number, whole = new Map<string, Buffer>(), passTime: () => Promise<unknown> = () => turns(4)): Promise<void> {
  for (let number = 0; number < segments; number++) {
    filled.segments(1);
    await passTime();
    const name = `${filled.rendition.last?.mediaSequence}.m4s`;
    for (const each of [name, name.replace('.', '.2.')]) whole.set(each, (await mediaOf(filled, each))!);
  }
}

t.test('whole segments older than the live edge are in the store alone, byte for byte what they were, with their parts', async (t) => {
  const root = await temporaryDirectory(t);
  const stores = { memory: new MemoryMediaStore(), disk: new DiskMediaStore({ directory: join(root, 'run'), root, turns: new Semaphore(2) }) };
  for (const [form, store] of Object.entries(stores)) {
    const keeper = new Archived({ store });
    const filled = new Filled({ listedSegments: 30, keeper });
    const whole = new Map<string, Buffer>();
    // As a disk has time for each before the next.
    await fill(filled, 70, whole, () => until(() => keeper.waitingBytes === 0));
    const oneSegment = whole.get('69.m4s')!.length + 50;
    // The edge is six target durations, and a segment is not let go before it is written.
    const edge = 8 * oneSegment;
    await until(() => keeper.waitingBytes === 0);
    await turns();
    t.ok(filled.presentation.bytesInMemory <= edge, `${form}: ${filled.presentation.bytesInMemory} bytes in memory, ${edge} are the edge`);
    let [inMemory, stored] = [0, 0];
    for (const [name, bytes] of whole) {
      const answer = await filled.rendition.media(name, never);
      if (answer.outcome === 'gone') continue;
      if (Buffer.isBuffer(answer.body)) inMemory++;
      else stored++;
      t.ok((await mediaOf(filled, name))?.equals(bytes), `${form}: ${name}`);
    }
    t.ok(stored >= 2 * 50 && inMemory >= 2 * 6 && inMemory <= 2 * 8, `${form}: ${inMemory} in memory, ${stored} stored`);
    t.strictSame([keeper.writeFailures, keeper.readFailures], [[], []]);
  }
});

t.test('a store that never answers, fails, or is slow changes nothing that a viewer sees in an hour, and costs one warning at most', async (t) => {
  const plain = new Filled({ listedSegments: 10, keeper: undefined });
  const failing = new MoodyStore();
  failing.fails();
  const slow = new MoodyStore();
  slow.mood = async () => turns(2);
  const keepers = { hung: new Archived({ store: hungStore, clearTimeoutMs: 20 }), failing: new Archived({ store: failing }), slow: new Archived({ store: slow }) };
  const windows = Object.entries(keepers).map(([kind, keeper]) => ({ kind, keeper, filled: new Filled({ listedSegments: 10, keeper }) }));
  let mostInMemory = 0;
  for (let segment = 0; segment < 1800; segment++) {
    plain.segments(1);
    await turns(5);
    const playlist = segment % 97 === 0 ? textOf(await plain.rendition.mediaPlaylist({}, never)) : undefined;
    for (const { kind, filled } of windows) {
      filled.segments(1);
      mostInMemory = Math.max(mostInMemory, filled.presentation.bytesInMemory);
      if (playlist === undefined) continue;
      t.equal(textOf(await filled.rendition.mediaPlaylist({}, never)), playlist, kind);
      for (const number of [segment, segment - 5, segment - 9, segment - 15, segment - 19]) {
        const name = `${number}.m4s`;
        t.strictSame(await mediaOf(filled, name), await mediaOf(plain, name), `${kind}: ${name}`);
      }
    }
  }
  t.ok(mostInMemory <= plain.presentation.bytesInMemory + 1000, 'the window is the bound');
  t.strictSame(Object.values(keepers).map(({ writeFailures }) => writeFailures.length), [1, 1, 0]);
  t.strictSame(Object.values(keepers).map(({ readFailures }) => readFailures.length), [0, 0, 0]);
  for (const { kind, keeper } of windows) {
    await keeper.clear();
    t.equal(keeper.writeFailures.length, kind === 'slow' ? 0 : 1, kind);
  }
});

t.test('a store that fails is told of when it begins and when it is over, with how many segments it did not take, each time anew', async (t) => {
  const store = new MoodyStore();
  const told: string[] = [];
  const keeper = new SegmentArchive({ store, onWriteFailure: ({ message }) => told.push(message), onWriteRecovery: (untaken) => told.push(`well again, ${untaken} untaken`), onReadFailure: () => t.fail('nobody reads') });
  const filled = new Filled({ listedSegments: 10, keeper });
  for (const untaken of [4, 2]) {
    await fill(filled, 3);
    store.fails();
    await fill(filled, untaken);
    store.mood = async () => undefined;
    await fill(filled, 5);
  }
  t.strictSame(told, ['no space left', 'well again, 4 untaken', 'no space left', 'well again, 6 untaken']);
});

t.test('what a store forgot fails honestly and is counted, and from then on the window stays in memory', async (t) => {
  const store = new MoodyStore();
  const keeper = new Archived({ store });
  const filled = new Filled({ listedSegments: 10, keeper });
  await fill(filled, 12);
  await store.remove('4.m4s');
  await t.rejects(mediaOf(filled, '4.m4s'), { code: 'unavailable', message: /try again/ });
  t.equal(keeper.readFailures.length, 1);
  t.ok(await mediaOf(filled, '5.m4s'), 'what it has not forgotten can still be had');
  await fill(filled, 30);
  for (let number = 22; number < 42; number++) t.ok(Buffer.isBuffer((await filled.rendition.media(`${number}.m4s`, never)).body), `${number}.m4s`);
  t.equal(keeper.writeFailures.length, 0);
});

t.test('a store that hangs at reading is given up after a while, and what it gives later is closed', async (t) => {
  const store = new MoodyStore();
  const keeper = new Archived({ store, readTimeoutMs: 20 });
  const filled = new Filled({ listedSegments: 10, keeper });
  await fill(filled, 12);
  let answer = (): void => undefined;
  const late = Readable.from(['late']);
  store.readMood = () => new Promise((resolve) => (answer = resolve));
  store.open = async () => {
    await store.readMood();
    return late;
  };
  await t.rejects(mediaOf(filled, '4.m4s'), { code: 'unavailable' });
  t.match(keeper.readFailures, [/did not answer within 20 ms/]);
  answer();
  await turns(3);
  t.ok(late.destroyed);
});

t.test('one that answers others meanwhile is busy: who waited too long is told to try again, and it is relied on as before', async (t) => {
  const store = new MoodyStore();
  const keeper = new Archived({ store, readTimeoutMs: 20 });
  const filled = new Filled({ listedSegments: 10, keeper });
  await fill(filled, 12);
  let waiting = 0;
  store.readMood = () => (waiting++ === 0 ? new Promise(() => undefined) : Promise.resolve());
  const kept = t.rejects(mediaOf(filled, '4.m4s'), { code: 'unavailable', message: /busy; try again/ });
  await mediaOf(filled, '5.m4s');
  await kept;
  t.strictSame([keeper.reliable, keeper.readFailures.length], [true, 1]);
  t.match(keeper.readFailures, [/did not answer within 20 ms, and answered others meanwhile/]);
});

t.test('nothing is left in the store after clear(), and what leaves the window leaves the store', async (t) => {
  const store = new MemoryMediaStore();
  const keeper = new Archived({ store });
  const filled = new Filled({ listedSegments: 6, keeper });
  await fill(filled, 60);
  t.strictSame(store.names, ['init-0.mp4', ...Array.from({ length: 13 }, (_none, index) => `${index + 47}.m4s`)]);
  await keeper.clear();
  t.strictSame(store.names, []);
});

t.test('after 500 recordings the store has the init segments of those that can still be had, and of no others', async (t) => {
  const store = new MemoryMediaStore();
  const keeper = new Archived({ store });
  const filled = new Filled({ listedSegments: 6, keeper });
  for (let recording = 1; recording <= 500; recording++) {
    filled.segments(1);
    filled.restart(start + recording * 2000);
    await turns(4);
  }
  await until(() => keeper.waitingBytes === 0);
  await turns(4);
  const [inits, segments] = [/^init-/, /^\d+\.m4s$/].map((form) => store.names.filter((name) => form.test(name)).length);
  t.ok(segments! > 6 && segments! < 20, `${segments} segments`);
  t.ok(inits! <= segments! + 2, `${inits} init segments for ${segments} segments`);
});

t.test('what breaks off while it is read is counted as well, and memory is relied on from then on; a client that goes away is no failure', async (t) => {
  const store = new MoodyStore();
  const keeper = new Archived({ store });
  const filled = new Filled({ listedSegments: 10, keeper });
  await fill(filled, 12);
  const opened: Readable[] = [];
  store.open = async () => {
    const stream = new Readable({ read: () => undefined });
    opened.push(stream);
    return stream;
  };
  const { body } = await filled.rendition.media('4.m4s', never);
  if (!body || Buffer.isBuffer(body) || !('open' in body)) throw new Error('expected stored media');
  for (const failure of [undefined, new Error('the disk is gone')]) {
    const stream = await body.open(0, 10);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined);
    opened.at(-1)?.destroy(failure);
    await closed;
    t.strictSame([keeper.reliable, keeper.readFailures.length], failure ? [false, 1] : [true, 0]);
  }
});
