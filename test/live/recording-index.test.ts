import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { manifestLine } from '../../src/hls/manifest.js';
import { indexName } from '../../src/live/recording-index.js';
import { ObjectArchive } from '../../src/live/object-archive.js';
import { manifestName } from '../../src/live/recorder.js';
import type { Recordings } from '../../src/live/recordings.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { until } from './fake-studio.js';
import { keepRecording, openRecordings, recordedFacts, recordedInit, wholeSegments } from './kept-recordings.js';

/** So many recordings of a server that was stopped as it should be. */
async function keptBefore(t: Test, count: number): Promise<{ directory: string; ids: string[] }> {
  const directory = await temporaryDirectory(t);
  const recordings = await openRecordings(t, { directory });
  const ids: string[] = [];
  for (let number = 0; number < count; number++) ids.push(await keepRecording(recordings, 2, { startedAt: `2026-01-02T03:04:0${number}.000Z`, title: `Show ${number}` }));
  await recordings.close();
  return { directory, ids };
}

const titles = (recordings: Recordings): string[] => recordings.list().found.map(({ description }) => description.title ?? '').sort();
const manifestOf = (directory: string, id: string): string => join(directory, id, manifestName);

/** A disk that nobody gets a turn with until it is said. */
class HeldTurns extends Semaphore {
  letGo: () => void = () => undefined;
  readonly #isOpen = new Promise<void>((resolve) => (this.letGo = resolve));
  asked = 0;

  override async acquire(signal?: AbortSignal): Promise<boolean> {
    this.asked++;
    await this.#isOpen;
    return super.acquire(signal);
  }
}

t.test('a start lists what the index says without a look into any folder, and compares afterwards, one folder at a time', async (t) => {
  const { directory, ids } = await keptBefore(t, 3);
  const [changed, same, gone] = ids as [string, string, string];
  // Whoever read the second would find nothing; the first says more than was noted, and the third is no recording any more.
  const { size } = await stat(manifestOf(directory, same));
  await writeFile(manifestOf(directory, same), 'x'.repeat(size));
  await appendFile(manifestOf(directory, changed), manifestLine({ type: 'description', title: 'Another title' }));
  await rm(manifestOf(directory, gone));
  const turns = new HeldTurns(1);
  const recordings = await openRecordings(t, { directory, turns });
  t.strictSame(titles(recordings), ['Show 0', 'Show 1', 'Show 2'], 'as they were last known');
  t.match(recordings.get(same), { state: 'complete', start: { stream: 'cam' }, sums: { durationSeconds: 4, width: 640 } });
  await until(() => turns.asked > 0);
  t.equal(turns.asked, 1, 'one at a time');
  turns.letGo();
  await until(() => titles(recordings).includes('Another title') && recordings.count === 2);
  t.strictSame(titles(recordings), ['Another title', 'Show 1']);
});

t.test('what is not in the index is read before the start is over: without one, behind a half-written line, of a server that died', async (t) => {
  const { directory, ids } = await keptBefore(t, 2);
  const before = await openRecordings(t, { directory });
  const { id, recorder } = before.begin(recordedFacts, { title: 'Interrupted' }, () => undefined);
  for (const segment of wholeSegments(3)) recorder.segment(segment, recordedInit);
  await until(() => recorder.sums.durationSeconds === 6);
  await until(async () => (await readFile(manifestOf(directory, id), 'utf8')).includes('"2.m4s"'));
  const index = await readFile(join(directory, indexName), 'utf8');
  t.notOk(index.includes(id), 'what grows is not noted');
  for (const text of [index, '', index.slice(0, -20), `${index}\n{"id":"${ids[0]}","byteLength":1}\nnull\n[]\n{"id":7}\n`]) {
    await writeFile(join(directory, indexName), text);
    const recordings = await openRecordings(t, { directory });
    t.strictSame(titles(recordings), ['Interrupted', 'Show 0', 'Show 1']);
    t.match(recordings.get(id), { state: 'interrupted', sums: { durationSeconds: 6 } });
  }
});

t.test('a title that was changed is never listed as it was before, however soon the server dies after it', async (t) => {
  const { directory, ids } = await keptBefore(t, 1);
  const first = await openRecordings(t, { directory });
  await first.describe(ids[0]!, { title: 'Another title' });
  const copy = await readFile(join(directory, indexName), 'utf8');
  // As if what was noted since had not got to the disk.
  const lines = copy.split('\n');
  await writeFile(join(directory, indexName), lines.slice(0, lines.findIndex((line) => line === `{"id":"${ids[0]}"}`) + 1).join('\n'));
  const second = await openRecordings(t, { directory, turns: new HeldTurns(1) });
  t.strictSame(titles(second), ['Another title']);
});

t.test('the index is written anew when most of it counts no longer, and one that can not be written costs nothing but time', async (t) => {
  const { directory, ids } = await keptBefore(t, 2);
  const path = join(directory, indexName);
  await appendFile(path, `\n{"id":"${ids[0]}"}`.repeat(100));
  const [old, lines] = [await openRecordings(t, { directory }), async (): Promise<number> => (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '').length];
  t.strictSame(titles(old), ['Show 0', 'Show 1']);
  await until(async () => (await lines()) === 2);
  await old.close();
  await rm(path);
  await mkdir(path);
  const recordings = await openRecordings(t, { directory });
  t.strictSame(titles(recordings), ['Show 0', 'Show 1']);
  await recordings.describe(ids[1]!, { title: 'Another title' });
  await recordings.remove(ids[0]!);
  await recordings.close();
  t.strictSame(titles(await openRecordings(t, { directory })), ['Another title']);
});

t.test('of what is whole in the object store a start asks neither the store nor its folder; what waits is looked for before', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const directory = await temporaryDirectory(t);
  const resumed: string[] = [];
  class CountedArchive extends ObjectArchive {
    override async resume(id: string): Promise<void> {
      resumed.push(id);
      return super.resume(id);
    }
  }
  const start = async (): Promise<{ archive: ObjectArchive; recordings: Recordings }> => {
    const archive = new CountedArchive({ store: fake.client(), folder: (id) => join(directory, id), maxSpoolBytes: 1e9, deliver: undefined, retryMs: 5, onState: () => undefined, onLost: () => undefined });
    t.teardown(() => archive.close());
    return { archive, recordings: await openRecordings(t, { directory, archive }) };
  };
  const first = await start();
  const whole = await keepRecording(first.recordings, 2);
  await until(() => first.archive.isSettled(whole));
  fake.mood = ({ method, key }) => (method === 'PUT' && !key.includes(whole) ? { status: 503 } : undefined);
  const waiting = await keepRecording(first.recordings, 2, { title: 'Waits' });
  await first.recordings.close();
  await first.archive.close();
  fake.asked.length = 0;
  const second = await start();
  t.strictSame(resumed, [waiting]);
  t.strictSame(titles(second.recordings), ['A show', 'Waits']);
  t.strictSame(fake.asked.filter((each) => each.includes(whole)), []);
  fake.mood = () => undefined;
  await until(() => second.archive.isSettled(waiting));
  t.ok(fake.keys.includes(`${waiting}/${manifestName}`));
});
