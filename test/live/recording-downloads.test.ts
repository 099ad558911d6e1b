import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { manifestLine, type ManifestLine, type ManifestSegment } from '../../src/hls/manifest.js';
import { RecordingDownloads, type RecordingDownloadsOptions } from '../../src/live/recording-downloads.js';
import type { Recordings } from '../../src/live/recordings.js';
import { readProgress, type RemuxJob } from '../../src/live/remux.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import type { LiveError } from '../../src/protocol/live-error.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { until } from './fake-studio.js';
import { foldersIn, keepRecording, openRecordings, recordedFacts, recordedInit, wholeSegments } from './kept-recordings.js';

/** Downloads of a program that writes down what it is asked, and is done when it is told so. */
class Slow {
  readonly jobs: { names: string; finish: () => void; fail: (error: Error) => void; onProgress: RemuxJob['onProgress'] }[] = [];
  readonly downloads: RecordingDownloads;
  /** Whether it is done at once. */
  ready: boolean;
  size = 100;

  constructor(t: Test, recordings: Recordings, { ready = true, ...options }: Partial<RecordingDownloadsOptions> & { ready?: boolean } = {}) {
    this.ready = ready;
    this.downloads = new RecordingDownloads({ recordings, turns: new Semaphore(1), remux: (job) => this.#run(job), timeoutMs: 60_000, ...options });
    t.teardown(() => this.downloads.close());
  }

  async #run({ directory, playlist, output, signal, onProgress }: RemuxJob): Promise<void> {
    const list = readMediaPlaylist(await readFile(join(directory, playlist), 'utf8'));
    const names = list.segments.map(({ uri }) => uri?.replace('.m4s', '')).join(' ');
    await writeFile(output, `${names} ${'x'.repeat(this.size)}`);
    await new Promise<void>((resolve, reject) => {
      this.jobs.push({ names, finish: resolve, fail: reject, onProgress });
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
  t.strictSame([...new Set(clips)], ['1 2 download.end'], 'up to the middle of the last');
  t.equal(jobs.length, 1);
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
  t.equal(await ask('e', 9), '0 1 2 3 download.end');
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
  t.equal(await clip(5, other), '0 1 download.end', 'one that is larger than all is there all the same');
  t.strictSame(await files(), [`${other}.0-5000.mp4`]);
  await recordings.remove(other);
  t.strictSame(await files(), []);
  slow.size = 100;
  await clip(2);
  await slow.downloads.close();
  t.strictSame(await foldersIn(recordings.directory), [id]);
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
  t.strictSame((await foldersIn(recordings.directory)).filter((name) => name !== '.clips'), [other]);
  await until(async () => slow.jobs.length === 2);
  await slow.downloads.close();
  await refused[1];
  t.notOk((await readdir(join(recordings.directory, other))).some((name) => name.startsWith('download')));
});

t.test('how far a file is is told while it is made, without waiting for it; asking begins it, once', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 5);
  const slow = new Slow(t, recordings, { ready: false });
  const progress = (clip?: { to: number }): Promise<object> => slow.downloads.progress({ id, client, clip });
  await progress();
  await until(async () => slow.jobs.length === 1);
  t.strictSame(await progress(), { state: 'making', percent: 0 });
  t.strictSame(await progress({ to: 4 }), { state: 'waiting', percent: 0 });
  slow.jobs[0]?.onProgress?.(4.2);
  t.strictSame(await progress(), { state: 'making', percent: 42 });
  slow.jobs[0]?.onProgress?.(11);
  t.strictSame(await progress(), { state: 'making', percent: 99 }, 'it is done when it is there');
  slow.jobs[0]?.finish();
  await until(async () => slow.jobs.length === 2);
  t.match(await progress(), { state: 'ready', byteLength: Number });
  slow.jobs[1]?.onProgress?.(2);
  t.strictSame(await progress({ to: 4 }), { state: 'making', percent: 50 }, 'of the clip alone');
  slow.jobs[1]?.fail(new Error('it broke'));
  await until(async () => progress({ to: 4 }).then(() => false, (error: unknown) => (error as LiveError).code === 'internal'));
  await t.rejects(progress({ to: 4 }), { code: 'internal', message: /can not be made/ });
  t.equal(slow.jobs.length, 2, 'who asks how far it is does not begin again what just failed');
  await t.rejects(slow.downloads.progress({ id: 'nothing', client }), { code: 'not-found' });
});

t.test('a disk without room for the file is told in words, and may have some later', async (t) => {
  const faults = [Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }), Object.assign(new Error('EDQUOT: disk quota exceeded, write'), { code: 'EDQUOT' }), new Error('ffmpeg ended with 1: av_interleaved_write_frame(): No space left on device')];
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 5);
  const { downloads, jobs } = new Slow(t, recordings, { ready: false });
  for (const [index, fault] of faults.entries()) {
    const file = downloads.file({ id, client, clip: { from: 0, to: index + 1 } });
    await until(async () => jobs.length === index + 1);
    jobs[index]?.fail(fault);
    await t.rejects(file, { code: 'unavailable', message: /no room .* try again/ });
  }
});

t.test('of a recording of five hours and four gigabytes no more than a piece of its file is in memory, wherever a range begins', async (t) => {
  const [segments, id] = [9000, 'cam-20260102T030405Z-00000000'];
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, id));
  // Without its media, as a manifest has it.
  const segment = { ...wholeSegments(1)[0], parts: undefined, media: undefined, type: 'segment' } as unknown as ManifestSegment;
  const lines: ManifestLine[] = [
    { type: 'start', version: 1, ...recordedFacts, server: 'gone' },
    { type: 'init', uri: 'init-0.mp4', codecs: 'avc1.42c01f' },
    ...Array.from({ length: segments }, (_none, index) => ({ ...segment, uri: `${index}.m4s`, mediaSequence: index })),
    { type: 'end', durationSeconds: 2 * segments, byteLength: 4e9 },
  ];
  await writeFile(join(directory, id, 'manifest.jsonl'), lines.map(manifestLine).join(''));
  const recordings = await openRecordings(t, { directory });
  let listed = 0;
  const remux = async ({ directory, playlist, output, onProgress }: RemuxJob): Promise<void> => {
    listed = readMediaPlaylist(await readFile(join(directory, playlist), 'utf8')).segments.length;
    onProgress?.(segments);
    await writeFile(output, '');
    await truncate(output, 4e9); // takes no room on a disk
  };
  const downloads = new RecordingDownloads({ recordings, turns: new Semaphore(1), remux });
  t.teardown(() => downloads.close());
  const file = await downloads.file({ id, client });
  t.strictSame([listed, file.byteLength], [segments, 4e9]);
  for (const start of [0, 3e9, 4e9 - 10_000_000]) {
    const range = await file.open(start, 4e9 - start);
    let [came, most] = [0, 0];
    for await (const bytes of range) {
      came += (bytes as Buffer).length;
      most = Math.max(most, (bytes as Buffer).length + range.readableLength);
      if (came >= 10_000_000) break;
    }
    t.ok(came >= 10_000_000 && most <= 1_048_576, `${came} bytes came, and at most ${most} were held`);
  }
});

t.test('what ffmpeg tells of how far it is is read; what it does not know yet is not taken for a time', async (t) => {
  t.strictSame(['out_time_ms=2500000', 'out_time_ms=N/A', 'out_time_ms=-23220', 'out_time=00:00:02.5', 'progress=end'].map(readProgress), [2.5, undefined, undefined, undefined, undefined]);
});
