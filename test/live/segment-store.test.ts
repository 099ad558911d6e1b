import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { broadcastDirectory, clearSegmentStores, SegmentStore } from '../../src/live/segment-store.js';
import { temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { filesBelow } from './fake-studio.js';

t.test('files are written and removed in the order they were asked for', async (t) => {
  const directory = join(await temporaryDirectory(t), 'live', 'cam', 'run');
  const store = new SegmentStore({ directory, onFailure: (error) => t.fail(error.message) });
  for (let index = 0; index < 20; index++) {
    store.write(`${index}.m4s`, [Buffer.from('segment '), Buffer.from(String(index))]);
    if (index >= 3) store.remove(`${index - 3}.m4s`);
  }
  store.remove('never-written.m4s');
  const other = new SegmentStore({ directory: join(directory, '..', 'other'), onFailure: () => undefined });
  other.write('0.m4s', [Buffer.alloc(1)]);
  await other.clear();
  const wanted = ['17.m4s', '18.m4s', '19.m4s'];
  const isDone = async (): Promise<boolean> => (await filesBelow(directory)).join() === wanted.join();
  t.ok(await waitUntil('the last three files', isDone));
  t.equal(await readFile(join(directory, '19.m4s'), 'utf8'), 'segment 19');
  await store.clear();
  await t.rejects(filesBelow(directory), { code: 'ENOENT' });
});

t.test('a disk that fails is told of once, and neither writing nor clearing throws', async (t) => {
  const blocked = join(await temporaryDirectory(t), 'blocked');
  await writeFile(blocked, 'a file where a folder is wanted');
  const failures: Error[] = [];
  const store = new SegmentStore({ directory: join(blocked, 'cam', 'run'), onFailure: (error) => failures.push(error) });
  for (let index = 0; index < 10; index++) store.write(`${index}.m4s`, [Buffer.alloc(10)]);
  await store.clear();
  t.equal(failures.length, 1);
  t.match(failures[0], { code: 'ENOTDIR' });
});

t.test('what an earlier run left is cleared, and nothing beside it is touched', async (t) => {
  const segments = await temporaryDirectory(t);
  const left = broadcastDirectory(segments, 'cam', 'run');
  await mkdir(left, { recursive: true });
  await writeFile(join(left, '0.m4s'), 'old');
  await writeFile(join(segments, '.gitkeep'), '');
  await clearSegmentStores(segments);
  t.strictSame(await filesBelow(segments), ['.gitkeep']);
  await clearSegmentStores(segments);
});
