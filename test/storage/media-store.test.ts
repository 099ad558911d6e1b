import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { Semaphore } from '../../src/live/semaphore.js';
import { DiskMediaStore } from '../../src/storage/disk-media-store.js';
import type { MediaStore } from '../../src/storage/media-store.js';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';
import { ReadMemory, type ReadBytes } from '../../src/storage/read-memory.js';
import { temporaryDirectory, type Teardown } from '../helpers/programs.js';

const pieces = (...texts: string[]) => ({ byteLength: texts.join('').length, pieces: texts.map((each) => Buffer.from(each)) });

async function onDisk(t: Teardown): Promise<{ store: DiskMediaStore; root: string; directory: string }> {
  const root = await temporaryDirectory(t);
  const directory = join(root, 'server', 'cam', 'run');
  return { store: new DiskMediaStore({ directory, root, turns: new Semaphore(2) }), root, directory };
}

const forms: Record<string, (t: Teardown) => Promise<MediaStore>> = {
  memory: async () => new MemoryMediaStore(),
  disk: async (t) => (await onDisk(t)).store,
};

for (const [form, openStore] of Object.entries(forms)) {
  t.test(`${form}: what was put is there byte for byte, whole and in ranges, until it is removed`, async (t) => {
    const store = await openStore(t);
    await store.put('0.m4s', pieces('abc', '', 'defgh'));
    t.equal(await text(await store.open('0.m4s')), 'abcdefgh');
    for (const [start, byteLength, expected] of [[0, 1, 'a'], [2, 3, 'cde'], [7, 1, 'h'], [0, 8, 'abcdefgh'], [3, 0, '']] as const) {
      t.equal(await text(await store.open('0.m4s', { start, byteLength })), expected);
    }
    await t.rejects(store.open('0.m4s', { start: 4, byteLength: 5 }), /expected 9 bytes .* there are 8/);
    await store.remove('0.m4s');
    await store.remove('0.m4s');
    await t.rejects(store.open('0.m4s'));
  });

  t.test(`${form}: what is appended stands behind what is there`, async (t) => {
    const store = await openStore(t);
    await store.append('manifest', 'one\n');
    await store.append('manifest', 'two\n');
    t.equal(await text(await store.open('manifest')), 'one\ntwo\n');
  });

  t.test(`${form}: what is removed while it is read is read to its end`, async (t) => {
    const store = await openStore(t);
    // More than a pipe or a buffer on the way holds.
    const whole = Buffer.alloc(3_000_000, 'picture ');
    await store.put('0.m4s', { byteLength: whole.length, pieces: [whole] });
    const reading = await store.open('0.m4s');
    await store.remove('0.m4s');
    t.ok((await text(reading)) === whole.toString());
  });

  t.test(`${form}: nothing is left after clear(), and it can be filled again`, async (t) => {
    const store = await openStore(t);
    await store.clear();
    for (const name of ['0.m4s', '1.m4s']) await store.put(name, pieces('x'));
    await store.clear();
    await t.rejects(store.open('0.m4s'));
    await store.put('0.m4s', pieces('y'));
    t.equal(await text(await store.open('0.m4s')), 'y');
  });
}

t.test('folders are made when they are needed, again should they have gone, and removed with the last thing in them', async (t) => {
  const { store, root, directory } = await onDisk(t);
  t.strictSame(await readdir(root), []);
  await store.put('0.m4s', pieces('a'));
  await rm(join(root, 'server'), { recursive: true });
  await store.put('1.m4s', pieces('b'));
  t.strictSame(await readdir(directory), ['1.m4s']);
  const beside = join(directory, '..', 'other');
  await mkdir(beside);
  await store.clear();
  t.strictSame(await readdir(join(root, 'server', 'cam')), ['other'], 'another broadcast of the stream');
  await rm(beside, { recursive: true });
  await store.clear();
  t.strictSame(await readdir(root), []);
});

t.test('a file that became shorter than was said breaks the reading off instead of ending it', async (t) => {
  const { store, directory } = await onDisk(t);
  const whole = Buffer.alloc(1_000_000, 'x');
  await store.put('0.m4s', { byteLength: whole.length, pieces: [whole] });
  const reading = await store.open('0.m4s');
  await writeFile(join(directory, '0.m4s'), 'short');
  await t.rejects(text(reading), /more bytes of a file, there are none/);
});

t.test('files are closed, however their reading ends; one that nobody began to read, too', async (t) => {
  const { store } = await onDisk(t);
  const whole = Buffer.alloc(1_000_000, 'x');
  await store.put('0.m4s', { byteLength: whole.length, pieces: [whole] });
  const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  const before = await openFiles();
  for (let times = 0; times < 20; times++) {
    const [unread, begun] = [await store.open('0.m4s'), await store.open('0.m4s')];
    begun.read(1);
    for (const each of [unread, begun]) await new Promise((resolve) => each.once('close', resolve).destroy());
    await text(await store.open('0.m4s'));
    await t.rejects(store.open('0.m4s', { start: 0, byteLength: 1_000_001 }));
  }
  t.ok((await openFiles()) < before + 10, `${await openFiles()} files are open, ${before} were`);
});

t.test('what several ask for at once is read once, in one turn; each range is its own, and nothing is held afterwards', async (t) => {
  const turns = new Semaphore(1);
  const root = await temporaryDirectory(t);
  const store = new DiskMediaStore({ directory: join(root, 'run'), root, turns });
  await store.put('0.m4s', pieces('abcdefgh'));
  const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  const before = await openFiles();
  const read = async (start: number, byteLength: number): Promise<Buffer> => (await store.read('0.m4s', { start, byteLength })).bytes;
  const [whole, again, some] = await Promise.all([read(0, 8), read(0, 8), read(2, 3)]);
  t.equal(whole.toString(), 'abcdefgh');
  t.equal(some.toString(), 'cde');
  t.ok(again === whole, 'the same bytes, not a copy of them');
  t.ok((await read(0, 8)) !== whole, 'what comes later reads anew');
  for (let times = 0; times < 20; times++) await t.rejects(read(4, 5), /expected 9 bytes .* there are 8/);
  await t.rejects(store.read('1.m4s', { start: 0, byteLength: 1 }), { code: 'ENOENT' });
  t.equal((await read(7, 1)).toString(), 'h', 'a failure is not held either');
  t.ok((await openFiles()) < before + 10);
  await turns.acquire();
  const patience = new AbortController();
  const waiting = store.read('0.m4s', { start: 0, byteLength: 8 }, patience.signal);
  patience.abort();
  await t.rejects(waiting, /waited for in vain/);
});

t.test('who joins what another waits for has the patience of its own: it is given up once all who wait have given up', async (t) => {
  const turns = new Semaphore(1);
  const root = await temporaryDirectory(t);
  const store = new DiskMediaStore({ directory: join(root, 'run'), root, turns });
  await store.put('0.m4s', pieces('abcdefgh'));
  const read = (signal?: AbortSignal): Promise<ReadBytes> => store.read('0.m4s', { start: 0, byteLength: 8 }, signal);
  await turns.acquire();
  const [first, second] = [new AbortController(), new AbortController()];
  const both = [read(first.signal), read(second.signal)];
  first.abort();
  const third = read();
  second.abort();
  turns.release();
  for (const each of [...both, third]) t.equal((await each).bytes.toString(), 'abcdefgh', 'one of them waits still');
  await turns.acquire();
  const waiting = [read(first.signal), read(second.signal)];
  await Promise.all(waiting.map((each) => t.rejects(each, /waited for in vain/)));
  turns.release();
  t.equal((await read()).bytes.toString(), 'abcdefgh', 'and nothing is left of it');
});

t.test('memory is read into again once everybody who has what was read has let go of it, and no earlier', async (t) => {
  const root = await temporaryDirectory(t);
  const store = new DiskMediaStore({ directory: join(root, 'run'), root, turns: new Semaphore(2) });
  for (const name of ['a', 'b', 'c']) await store.put(name, pieces(name.repeat(100_000)));
  const read = (name: string): Promise<ReadBytes> => store.read(name, { start: 0, byteLength: 100_000 });
  const [first, same] = await Promise.all([read('a'), read('a')]);
  t.equal(first.bytes, same.bytes);
  first.letGo();
  first.letGo();
  const other = await read('b');
  t.not(other.bytes.buffer, same.bytes.buffer, 'one of the two has it still');
  t.ok(same.bytes.equals(Buffer.alloc(100_000, 'a')));
  same.letGo();
  const again = await read('c');
  t.equal(again.bytes.buffer, same.bytes.buffer);
  t.ok(again.bytes.equals(Buffer.alloc(100_000, 'c')));
  t.ok(other.bytes.equals(Buffer.alloc(100_000, 'b')));
});

t.test('memory that lies ready is bounded; what could not be read leaves none behind that somebody may still write to', async (t) => {
  const memory = new ReadMemory();
  const filled = async (): Promise<void> => undefined;
  const all = await Promise.all(Array.from({ length: 20 }, () => memory.fill(3_000_000, filled)));
  t.equal(memory.freeBytes, 0);
  for (const { letGo } of all) letGo();
  t.equal(memory.freeBytes, 33_554_432, 'eight pieces of 4 MiB');
  for (const byteLength of [0, 1, 65_536, 65_537, 4_194_304]) t.equal((await memory.fill(byteLength, filled)).bytes.length, byteLength);
  let written: Buffer | undefined;
  await t.rejects(memory.fill(4_194_304, async (bytes) => {
    written = bytes;
    throw new Error('late');
  }));
  for (let times = 0; times < 9; times++) t.not((await memory.fill(4_194_304, filled)).bytes.buffer, written?.buffer);
});

t.test('a disk that hangs is waited for by those alone whose turn it is: others give up and leave nothing behind', async (t) => {
  const turns = new Semaphore(1);
  const root = await temporaryDirectory(t);
  const store = new DiskMediaStore({ directory: join(root, 'run'), root, turns });
  await store.put('0.m4s', pieces('a'));
  await turns.acquire(); // as a call would that never comes back
  const patience = Array.from({ length: 100 }, () => new AbortController());
  const asked = patience.map(({ signal }) => store.open('0.m4s', undefined, signal));
  const refused = Promise.all(asked.map((each) => t.rejects(each, /waited for in vain/)));
  for (const each of patience) each.abort();
  await refused;
  turns.release();
  t.equal(await text(await store.open('0.m4s')), 'a');
});
