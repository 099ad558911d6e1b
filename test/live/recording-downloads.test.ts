import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { RecordingDownloads, type RecordingDownloadsOptions } from '../../src/live/recording-downloads.js';
import type { Recordings } from '../../src/live/recordings.js';
import type { RemuxJob } from '../../src/live/remux.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { until } from './fake-studio.js';
import { keepRecording, openRecordings, recordedFacts, recordedInit, wholeSegments } from './kept-recordings.js';

/** Downloads of a program that writes down what it is asked, and is done when it is told so. */
class Slow {
  readonly jobs: { names: string; durationSeconds: number | undefined; finish: () => void }[] = [];
  readonly downloads: RecordingDownloads;
  /** Whether it is done at once. */
  ready: boolean;
  size = 100;

  constructor(t: Test, recordings: Recordings, { ready = true, ...options }: Partial<RecordingDownloadsOptions> & { ready?: boolean } = {}) {
    this.ready = ready;
    this.downloads = new RecordingDownloads({ recordings, turns: new Semaphore(1), remux: (job) => this.#run(job), timeoutMs: 60_000, ...options });
    t.teardown(() => this.downloads.close());
  }

  async #run({ directory, playlist, output, durationSeconds, signal }: RemuxJob): Promise<void> {
    const list = readMediaPlaylist(await readFile(join(directory, playlist), 'utf8'));
    const names = list.segments.map(({ uri }) => uri?.replace('.m4s', '')).join(' ');
    await writeFile(output, `${names} ${'x'.repeat(this.size)}`);
    await new Promise<void>((resolve, reject) => {
      this.jobs.push({ names, durationSeconds, finish: resolve });
      signal.addEventListener('abort', () => reject(new Error('killed')));
      if (this.ready) resolve();
    });
  }
}

const client = '192.0.2.1';
const contents = async (made: ReturnType<RecordingDownloads['file']>): Promise<string> => {
  const file = await made;
  return (await text(await file.open(0, file.byteLength))).replace(/ x+$/, '');
};

t.test('a clip is made of its segments once, however many ask; the whole is another file', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 5);
  const { downloads, jobs } = new Slow(t, recordings);
  const clips = await Promise.all(Array.from({ length: 20 }, () => contents(downloads.file({ id, client, clip: { from: 3, to: 7 } }))));
  t.strictSame([...new Set(clips)], ['1 2 3']);
  t.match(jobs, [{ durationSeconds: 5 }]);
  t.equal(await contents(downloads.file({ id, client })), '0 1 2 3 4');
  t.equal(await contents(downloads.file({ id, client })), '0 1 2 3 4');
  t.equal(jobs.length, 2);
  await t.rejects(downloads.file({ id, client, clip: { from: 11 } }), { code: 'malformed', message: /within the 10 s/ });
  await t.rejects(downloads.file({ id: 'nothing', client }), { code: 'not-found' });
});

t.test('of a recording that grows there are clips of what is there, but no whole', async (t) => {
  const recordings = await openRecordings(t);
  const { id, recorder } = recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(3)) recorder.segment(segment, recordedInit);
  await until(async () => recordings.get(id).sums.durationSeconds === 6);
  const { downloads } = new Slow(t, recordings);
  await t.rejects(downloads.file({ id, client }), { code: 'unavailable', message: /still being recorded/ });
  t.equal(await contents(downloads.file({ id, client, clip: { from: 1, to: 60 } })), '0 1 2');
  await recordings.finish(id);
});

t.test('one client can have four files made at a time, and all together sixteen: who is refused is told so, and can ask again later', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 5);
  const slow = new Slow(t, recordings, { ready: false });
  const ask = (client: string, to: number): Promise<string> => contents(slow.downloads.file({ id, client, clip: { to } }));
  const asked = [1, 2, 3, 4].map((to) => ask('a', to));
  await t.rejects(ask('a', 5), { code: 'unavailable', message: /4 files that were asked for from this address.*try again/ });
  asked.push(ask('a', 4)); // what is being made anyway can be asked for
  for (const [index, other] of ['b', 'c', 'd'].entries()) asked.push(...[5, 6, 7, 8].map((to) => ask(other, to + index / 10)));
  await t.rejects(ask('e', 9), { code: 'unavailable', message: /16 files wait to be made.*try again/ });
  await until(async () => slow.jobs.length > 0);
  t.equal(slow.jobs.length, 1, 'one at a time');
  slow.ready = true;
  slow.jobs[0]?.finish();
  await Promise.all(asked);
  t.equal(slow.jobs.length, 16);
  t.equal(await ask('e', 9), '0 1 2 3 4');
});

t.test('whoever asks is not kept waiting for longer than a while, and finds it made later', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 5);
  const slow = new Slow(t, recordings, { ready: false, timeoutMs: 1 });
  await t.rejects(slow.downloads.file({ id, client }), { code: 'unavailable', message: /is being made; try again/ });
  await until(async () => slow.jobs.length === 1);
  slow.jobs[0]?.finish();
  await until(async () => contents(slow.downloads.file({ id, client })).then((names) => names === '0 1 2 3 4', () => false));
  t.equal(slow.jobs.length, 1);
});

t.test('of clips the last that were asked for are kept, within so many bytes; none outlives the server or its recording', async (t) => {
  const recordings = await openRecordings(t);
  const [id, other] = [await keepRecording(recordings, 5), await keepRecording(recordings, 5)];
  const slow = new Slow(t, recordings, { maxClipBytes: 350 });
  const clip = (to: number, of = id): Promise<string> => contents(slow.downloads.file({ id: of, client, clip: { to } }));
  const files = (): Promise<string[]> => readdir(join(recordings.directory, '.clips'));
  for (const to of [1, 2, 3]) await clip(to);
  await clip(1);
  await clip(4);
  t.strictSame((await files()).sort(), [1, 3, 4].map((to) => `${id}.0-${to}000.mp4`).sort());
  t.equal(slow.jobs.length, 4);
  slow.size = 1000;
  t.equal(await clip(5, other), '0 1 2', 'one that is larger than all is there all the same');
  t.strictSame(await files(), [`${other}.0-5000.mp4`]);
  await recordings.remove(other);
  t.strictSame(await files(), []);
  slow.size = 100;
  await clip(2);
  await slow.downloads.close();
  t.strictSame((await readdir(recordings.directory)).sort(), [id]);
  const again = await openRecordings(t, { directory: recordings.directory });
  t.strictSame(again.list().found.map((each) => each.id), [id]);
});

t.test('a recording that is deleted while its file is made is gone at once and whole; so it is when the server stops', async (t) => {
  const recordings = await openRecordings(t);
  const [id, other] = [await keepRecording(recordings, 5), await keepRecording(recordings, 5)];
  const slow = new Slow(t, recordings, { ready: false });
  const asked = slow.downloads.file({ id, client });
  const waiting = slow.downloads.file({ id: other, client });
  const refused = [t.rejects(asked, { code: 'not-found' }), t.rejects(waiting, { code: 'internal' })];
  await until(async () => slow.jobs.length === 1);
  await recordings.remove(id);
  await refused[0];
  t.strictSame((await readdir(recordings.directory)).filter((name) => name !== '.clips'), [other]);
  await until(async () => slow.jobs.length === 2);
  await slow.downloads.close();
  await refused[1];
  t.notOk((await readdir(join(recordings.directory, other))).some((name) => name.startsWith('download')));
});
