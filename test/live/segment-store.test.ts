import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { broadcastDirectory, clearSegmentStores, segmentFiles, type SegmentFiles } from '../../src/live/segment-files.js';
import { SegmentStore, type SegmentStoreOptions } from '../../src/live/segment-store.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { filesBelow, turns, until } from './fake-studio.js';

function openStore(options: Partial<SegmentStoreOptions> & Pick<SegmentStoreOptions, 'directory'>): SegmentStore & { failures: Error[] } {
  const failures: Error[] = [];
  const store = new SegmentStore({ turns: new Semaphore(2), onFailure: (error) => failures.push(error), ...options });
  return Object.assign(store, { failures });
}

const never = (): Promise<void> => new Promise(() => undefined);
const hangs: SegmentFiles = { makeFolder: never, write: never, remove: never, removeBroadcast: never };

/** A disk that writes a file when the test says so. */
class SlowFiles implements SegmentFiles {
  readonly written: string[] = [];
  readonly #waiting: (() => void)[] = [];

  async makeFolder(): Promise<void> {
    return;
  }

  async write(path: string): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.written.push(path.replace('dir/', ''));
  }

  async remove(): Promise<void> {
    return;
  }

  async removeBroadcast(): Promise<void> {
    return;
  }

  async answer(): Promise<void> {
    await turns();
    this.#waiting.shift()?.();
    await turns();
  }
}

t.test('files are written and removed in the order they were asked for', async (t) => {
  const directory = join(await temporaryDirectory(t), 'live', 'run', 'cam', 'broadcast');
  const store = openStore({ directory });
  for (let index = 0; index < 20; index++) {
    store.write(`${index}.m4s`, [Buffer.from('segment '), Buffer.from(String(index))]);
    await waitUntil('it to be written', () => store.waitingBytes === 0);
    if (index >= 3) store.remove(`${index - 3}.m4s`);
  }
  store.remove('never-written.m4s');
  const other = openStore({ directory: join(directory, '..', 'other') });
  other.write('0.m4s', [Buffer.alloc(1)]);
  await other.clear();
  const wanted = ['17.m4s', '18.m4s', '19.m4s'];
  const isDone = async (): Promise<boolean> => (await filesBelow(directory)).join() === wanted.join();
  t.ok(await waitUntil('the last three files', isDone));
  t.equal(await readFile(join(directory, '19.m4s'), 'utf8'), 'segment 19');
  await store.clear();
  t.strictSame(await filesBelow(join(directory, '..', '..', '..')), [], 'the folders above go with the last broadcast in them');
  t.strictSame([...store.failures, ...other.failures], []);
});

t.test('a disk that fails is told of once, and neither writing nor clearing throws', async (t) => {
  const blocked = join(await temporaryDirectory(t), 'blocked');
  await writeFile(blocked, 'a file where a folder is wanted');
  const store = openStore({ directory: join(blocked, 'cam', 'run') });
  for (let index = 0; index < 10; index++) store.write(`${index}.m4s`, [Buffer.alloc(10)]);
  await until(() => store.failures.length > 0);
  await store.clear();
  t.equal(store.failures.length, 1);
  t.match(store.failures[0], { code: 'ENOTDIR' });
});

t.test('a disk that never answers costs one warning in an hour of broadcast, no memory, and no time at the end', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const store = openStore({ directory: 'dir', files: hangs, clearTimeoutMs: 50 });
  const segmentBytes = 131_072;
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let segment = 0; segment < 1800; segment++) {
    store.write(`${segment}.m4s`, [Buffer.alloc(segmentBytes)]);
    if (segment >= 20) store.remove(`${segment - 20}.m4s`);
    most = Math.max(most, store.waitingBytes);
    if (segment % 100 === 0) await turns();
  }
  const isLetGo = (): boolean => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers - before < 25 * segmentBytes;
  };
  // What the collector found is given back by threads of its own, when they get to it.
  await until(isLetGo);
  t.ok(most <= 21 * segmentBytes, `${most} bytes waited at most`);
  t.match(store.failures, [/the disk does not keep up/]);
  t.equal(store.failures.length, 1);
  const from = performance.now();
  await store.clear();
  t.ok(performance.now() - from < 5000);
  t.equal(store.failures.length, 1);
});

t.test('what waits for a slow disk is bounded in bytes as well; one file may be as large as it is', async (t) => {
  const store = openStore({ directory: 'dir', files: hangs, maxWaitingBytes: 1000 });
  store.write('0.m4s', [Buffer.alloc(5000)]);
  t.strictSame([store.waitingBytes, store.failures.length], [5000, 0]);
  store.write('1.m4s', [Buffer.alloc(1)]);
  t.strictSame([store.waitingBytes, store.failures.length], [0, 1]);
});

t.test('a disk that lags and catches up keeps the whole copy, without a word', async (t) => {
  const files = new SlowFiles();
  const store = openStore({ directory: 'dir', files, maxWaitingBytes: 1000 });
  const names = Array.from({ length: 40 }, (_none, index) => `${index}.m4s`);
  for (const [index, name] of names.entries()) {
    store.write(name, [Buffer.alloc(100)]);
    // It stands still for nine files, and then takes them all.
    for (let answers = index % 9 === 8 || index === 39 ? 9 : 0; answers > 0; answers--) await files.answer();
    if (index >= 10) store.remove(names[index - 10] ?? '');
  }
  t.strictSame(files.written, names);
  t.strictSame([store.failures, store.waitingBytes], [[], 0]);
});

t.test('one folder that hangs leaves threads to other files: stores wait for their turn', async (t) => {
  const shared = new Semaphore(1);
  const stuck = openStore({ directory: 'dir', files: hangs, turns: shared, clearTimeoutMs: 10 });
  await turns();
  const directory = join(await temporaryDirectory(t), 'cam', 'run');
  const other = openStore({ directory, turns: shared, clearTimeoutMs: 10 });
  other.write('0.m4s', [Buffer.alloc(10)]);
  await Promise.all([stuck.clear(), other.clear()]);
  t.match([stuck.failures, other.failures], [[/does not answer/], [/does not answer/]]);
});

t.test('what an earlier run left is cleared, and nothing beside it is touched', async (t) => {
  const segments = await temporaryDirectory(t);
  const left = broadcastDirectory(segments, 'cam', 'run');
  await mkdir(left, { recursive: true });
  await writeFile(join(left, '0.m4s'), 'old');
  await mkdir(join(segments, 'live', 'cam', 'of-an-earlier-version'), { recursive: true });
  await writeFile(join(segments, '.gitkeep'), '');
  await clearSegmentStores(segments);
  t.strictSame(await filesBelow(segments), ['.gitkeep', 'live']);
  await clearSegmentStores(segments);
});

t.test("a server that starts leaves another one's files alone, in the same folder, for as long as that may run", async (t) => {
  const live = join(await temporaryDirectory(t), 'live');
  const leave = async (run: string, daysAgo: number): Promise<void> => {
    const path = join(live, run, 'cam', 'broadcast', '0.m4s');
    await segmentFiles.makeFolder(dirname(path));
    await segmentFiles.write(path, [Buffer.alloc(1)]);
    const at = new Date(Date.now() - daysAgo * 86_400_000);
    for (let each = path; each !== live; each = dirname(each)) await utimes(each, at, at);
  };
  // The process that started this one runs; no process has the last number.
  await leave(`${hostname()}-${process.ppid}`, 10);
  await leave(`${hostname()}-4194305`, 0);
  await leave('another-machine-1', 1);
  await leave('another-machine-2', 3);
  await clearSegmentStores(dirname(live));
  t.strictSame((await filesBelow(live)).filter((name) => name.endsWith('.m4s')), [
    join('another-machine-1', 'cam', 'broadcast', '0.m4s'),
    join(`${hostname()}-${process.ppid}`, 'cam', 'broadcast', '0.m4s'),
  ].sort());
});
