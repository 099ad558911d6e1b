import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';
import { WriteBehind, type WriteBehindOptions } from '../../src/storage/write-behind.js';
import { hungStore, MoodyStore } from '../helpers/bad-stores.js';
import { turns, until } from '../live/fake-studio.js';

function openWriter(options: Partial<WriteBehindOptions> & Pick<WriteBehindOptions, 'store'>): WriteBehind & { failures: Error[] } {
  const failures: Error[] = [];
  return Object.assign(new WriteBehind({ onFailure: (error) => failures.push(error), ...options }), { failures });
}

const bytes = (count: number) => ({ byteLength: count, pieces: [Buffer.alloc(count)] });

t.test('objects are written and removed in the order they were asked for', async (t) => {
  const store = new MemoryMediaStore();
  const writer = openWriter({ store });
  for (let index = 0; index < 20; index++) {
    t.ok(await writer.put(`${index}.m4s`, bytes(10)));
    if (index >= 3) writer.remove(`${index - 3}.m4s`);
  }
  writer.remove('never-written.m4s');
  await writer.flush();
  t.strictSame(store.names, ['17.m4s', '18.m4s', '19.m4s']);
  t.strictSame([writer.failures, writer.waitingBytes], [[], 0]);
});

t.test('a store that fails is told of with each object, says of each that it is not there, and is tried again', async (t) => {
  const store = new MoodyStore();
  const writer = openWriter({ store });
  t.equal(await writer.put('0.m4s', bytes(10)), true);
  store.fails();
  for (let index = 1; index < 10; index++) t.equal(await writer.put(`${index}.m4s`, bytes(10)), false);
  store.mood = async () => undefined;
  t.equal(await writer.put('10.m4s', bytes(10)), true);
  t.strictSame(writer.failures.map(({ message }) => message), Array.from({ length: 9 }, () => 'no space left'));
  t.strictSame(store.names, ['0.m4s', '10.m4s']);
});

t.test('a store that never answers is told of, costs no memory in an hour of broadcast, and is not waited for', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const writer = openWriter({ store: hungStore });
  const segmentBytes = 131_072;
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let segment = 0; segment < 1800; segment++) {
    void writer.put(`${segment}.m4s`, bytes(segmentBytes));
    if (segment >= 20) writer.remove(`${segment - 20}.m4s`);
    most = Math.max(most, writer.waitingBytes);
    if (segment % 100 === 0) await turns();
  }
  const isLetGo = (): boolean => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers - before < 25 * segmentBytes;
  };
  // What the collector found is given back by threads of its own, when they get to it.
  await until(isLetGo);
  t.ok(most <= 22 * segmentBytes, `${most} bytes waited at most`);
  t.ok(writer.failures.length > 0 && writer.failures.every(({ message }) => message.includes('does not keep up')));
});

t.test('what waits for a slow store is bounded in bytes as well; one object may be as large as it is', async (t) => {
  const writer = openWriter({ store: hungStore, maxWaitingBytes: 1000 });
  void writer.put('0.m4s', bytes(5000));
  t.strictSame([writer.waitingBytes, writer.failures.length], [5000, 0]);
  t.equal(await writer.put('1.m4s', bytes(1)), false);
  t.strictSame([writer.waitingBytes, writer.failures.length], [5000, 1]);
});

t.test('what was dropped for its size does not keep a later, smaller object from the store once that answers', async (t) => {
  const store = new MoodyStore();
  let answer = (): void => undefined;
  store.mood = () => new Promise((resolve) => (answer = resolve));
  const writer = openWriter({ store, maxWaitingBytes: 1000 });
  const first = writer.put('0.m4s', bytes(900));
  t.equal(await writer.put('1.m4s', bytes(200)), false);
  store.mood = async () => undefined;
  answer();
  t.equal(await first, true);
  t.equal(await writer.put('2.m4s', bytes(200)), true);
  t.strictSame(store.names, ['0.m4s', '2.m4s']);
});

t.test('a store that lags and catches up keeps everything, without a word', async (t) => {
  const store = new MoodyStore();
  let waiting: (() => void)[] = [];
  store.mood = () => new Promise((resolve) => waiting.push(resolve));
  const writer = openWriter({ store, maxWaitingBytes: 1000 });
  const names = Array.from({ length: 40 }, (_none, index) => `${index}.m4s`);
  for (const [index, name] of names.entries()) {
    void writer.put(name, bytes(100));
    // It stands still for nine objects, and then takes them all.
    for (let answers = index % 9 === 8 || index === 39 ? 9 : 0; answers > 0; answers--) {
      await turns();
      for (const resolve of waiting) resolve();
      waiting = [];
      await turns();
    }
  }
  t.strictSame(store.names, names);
  t.strictSame([writer.failures, writer.waitingBytes], [[], 0]);
});

t.test('close() waits for what is being written, and says of all else that it is not there', async (t) => {
  const store = new MoodyStore();
  let answer = (): void => undefined;
  store.mood = () => new Promise((resolve) => (answer = resolve));
  const writer = openWriter({ store });
  const written = [writer.put('0.m4s', bytes(1)), writer.put('1.m4s', bytes(1))];
  await turns();
  const closing = writer.close();
  t.strictSame(await Promise.all(written), [false, false], 'whoever relied on it would read what is about to go');
  answer();
  await closing;
  t.equal(await writer.put('2.m4s', bytes(1)), false);
  t.strictSame(store.names, ['0.m4s']);
  t.strictSame(writer.failures, []);
});
