import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { clearSegmentFolders, segmentFolder } from '../../src/live/segment-folders.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { filesBelow } from './fake-studio.js';

t.test('what an earlier run left is cleared, and nothing beside it is touched', async (t) => {
  const segments = await temporaryDirectory(t);
  const left = segmentFolder(segments, 'cam', 'run').directory;
  await mkdir(left, { recursive: true });
  await writeFile(join(left, '0.m4s'), 'old');
  await mkdir(join(segments, 'live', 'cam', 'of-an-earlier-version'), { recursive: true });
  await writeFile(join(segments, '.gitkeep'), '');
  await clearSegmentFolders(segments);
  t.strictSame(await filesBelow(segments), ['.gitkeep', 'live']);
  await clearSegmentFolders(segments);
});

t.test("a server that starts leaves another one's files alone, in the same folder, for as long as that may run", async (t) => {
  const live = join(await temporaryDirectory(t), 'live');
  const leave = async (run: string, daysAgo: number): Promise<void> => {
    const path = join(live, run, 'cam', 'broadcast', '0.m4s');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x');
    const at = new Date(Date.now() - daysAgo * 86_400_000);
    for (let each = path; each !== live; each = dirname(each)) await utimes(each, at, at);
  };
  // The process that started this one runs; no process has the last number.
  await leave(`${hostname()}-${process.ppid}`, 10);
  await leave(`${hostname()}-4194305`, 0);
  await leave('another-machine-1', 1);
  await leave('another-machine-2', 3);
  await clearSegmentFolders(dirname(live));
  t.strictSame((await filesBelow(live)).filter((name) => name.endsWith('.m4s')), [
    join('another-machine-1', 'cam', 'broadcast', '0.m4s'),
    join(`${hostname()}-${process.ppid}`, 'cam', 'broadcast', '0.m4s'),
  ].sort());
});
