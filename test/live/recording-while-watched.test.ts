import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { ObjectArchive } from '../../src/live/object-archive.js';
import { manifestName } from '../../src/live/recorder.js';
import { RecordingDownloads } from '../../src/live/recording-downloads.js';
import type { Recordings } from '../../src/live/recordings.js';
import type { Remux } from '../../src/live/remux.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { until } from './fake-studio.js';
import { foldersIn, keepRecording, openRecordings } from './kept-recordings.js';

const day = 86_400_000;
const client = '192.0.2.1';
const madeFile = Buffer.alloc(3_000_000, 'the whole of it ');

/** One recording of so many segments, a clock that is set, and downloads of a fixed content. */
async function watched(t: Test, { segments = 40, remux = async ({ output }) => writeFile(output, madeFile) }: { segments?: number; remux?: Remux } = {}) {
  const clock = { ms: Date.parse('2026-03-02T00:00:00Z') };
  const recordings = await openRecordings(t, { maxAgeDays: 7, now: () => clock.ms });
  const id = await keepRecording(recordings, segments, { startedAt: new Date(clock.ms).toISOString() });
  const downloads = new RecordingDownloads({ recordings, turns: new Semaphore(1), remux });
  t.teardown(() => downloads.close());
  return { clock, recordings, id, downloads };
}

const segmentOf = async (recordings: Recordings, id: string, number: number): Promise<Buffer> => {
  const media = await recordings.media(id, `${number}.m4s`);
  return buffer(await media.open(0, media.byteLength));
};

/** Reads on until so many bytes have come. */
async function readUpTo(body: Readable, byteLength: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let length = 0; length < byteLength; ) {
    const piece = body.read() as Buffer | null;
    if (piece) length += pieces.push(piece) && piece.length;
    else await new Promise((resolve) => body.once('readable', resolve));
  }
  return Buffer.concat(pieces);
}

t.test('a recording that gets too old while somebody is in its middle is played to its end, and goes whole once nobody does', async (t) => {
  const { clock, recordings, id } = await watched(t);
  const sizes = (await recordings.manifest(id)).segments.map(({ byteLength }) => byteLength);
  for (const [number, size] of sizes.entries()) {
    if (number === 10) clock.ms += 8 * day;
    t.equal((await segmentOf(recordings, id, number)).length, size);
    clock.ms += 2000;
    await recordings.sweep();
  }
  t.equal(recordings.count, 1);
  clock.ms += 61_000;
  await recordings.sweep();
  t.strictSame([recordings.count, await foldersIn(recordings.directory)], [0, []]);
});

t.test('a recording that is deleted under those who watch it is gone for all of what they ask next, in the same words, and what was on its way arrives whole', async (t) => {
  const { recordings, id, downloads } = await watched(t);
  const [size = 0] = (await recordings.manifest(id)).segments.map(({ byteLength }) => byteLength);
  const segment = await recordings.media(id, '0.m4s');
  const segmentBody = await segment.open(0, segment.byteLength);
  const files = [await downloads.file({ id, client }), await downloads.file({ id, client, clip: { from: 3, to: 9 } })];
  const bodies = await Promise.all(files.map((file) => file.open(0, file.byteLength)));
  const begun = await Promise.all(bodies.map((body) => readUpTo(body, 300_000)));
  await recordings.remove(id);
  t.strictSame((await foldersIn(recordings.directory)).filter((name) => name !== '.clips'), []);
  t.strictSame(await readdir(join(recordings.directory, '.clips')), []);
  t.equal((await buffer(segmentBody)).length, size);
  for (const [index, body] of bodies.entries()) t.ok(Buffer.concat([begun[index]!, await buffer(body)]).equals(madeFile), index === 0 ? 'the download' : 'the clip');
  const gone = { code: 'not-found', message: 'there is no such recording, or no longer' };
  const asked: (() => Promise<unknown>)[] = [
    () => recordings.media(id, '1.m4s'),
    () => recordings.openChat(id),
    () => recordings.addressOf(id, '1.m4s'),
    () => downloads.file({ id, client }),
    () => downloads.file({ id, client, clip: { from: 3, to: 9 } }),
    () => downloads.progress({ id, client }),
  ];
  for (const ask of asked) await t.rejects(ask(), gone);
  t.throws(() => recordings.get(id), gone);
});

t.test('whoever is sent a download or a clip is watching, however long it takes; who has stopped is not, and has it whole all the same', async (t) => {
  for (const clip of [undefined, { from: 3, to: 9 }]) {
    const { clock, recordings, id, downloads } = await watched(t);
    const file = await downloads.file({ id, client, clip });
    const body = await file.open(0, file.byteLength);
    clock.ms += 8 * day;
    const pieces: Buffer[] = [];
    for (let piece = 0; piece < 5; piece++) {
      pieces.push(await readUpTo(body, 262_144));
      await recordings.sweep();
      t.equal(recordings.count, 1, `after ${String(piece)} minutes`);
      clock.ms += 59_000;
    }
    clock.ms += 61_000;
    await recordings.sweep();
    t.equal(recordings.count, 0);
    t.ok(Buffer.concat([...pieces, await buffer(body)]).equals(madeFile));
  }
});

t.test('a file that is being made for somebody keeps its recording for as long as it gets on', async (t) => {
  let job: Parameters<Remux>[0] | undefined;
  let finish: () => void = () => undefined;
  const { clock, recordings, id, downloads } = await watched(t, {
    remux: async (its) => {
      job = its;
      await new Promise<void>((resolve) => (finish = resolve));
      await writeFile(its.output, madeFile);
    },
  });
  const asked = downloads.file({ id, client });
  await until(() => job !== undefined);
  clock.ms += 8 * day;
  for (let minute = 0; minute < 10; minute++) {
    job!.onProgress!(minute);
    await recordings.sweep();
    clock.ms += 59_000;
  }
  finish();
  t.equal((await asked).byteLength, madeFile.length);
});

t.test('a file that is asked for in the moment in which its recording goes is not made', async (t) => {
  let made = 0;
  const { recordings, id, downloads } = await watched(t, { remux: async ({ output }) => (made++, writeFile(output, madeFile)) });
  for (const clip of [undefined, { from: 3, to: 9 }]) {
    const asked = downloads.file({ id, client, clip });
    const removed = recordings.find(id) && recordings.remove(id);
    await t.rejects(asked, { code: 'not-found', message: /no such recording, or no longer/ });
    await removed;
  }
  t.strictSame([made, recordings.count], [0, 0]);
  t.strictSame((await foldersIn(recordings.directory)).filter((name) => name !== '.clips'), []);
});

t.test('with an object store: deleting does not wait until all of a download was fetched, and one that the disk keeps is put back', async (t) => {
  const [fake, directory] = [await FakeObjectStore.start(t), await temporaryDirectory(t)];
  const archive = new ObjectArchive({ store: fake.client(), folder: (id) => join(directory, id), maxSpoolBytes: 1e9, deliver: undefined, retryMs: 5, readTimeoutMs: 60_000, onState: () => undefined, onLost: () => undefined });
  t.teardown(() => archive.close());
  const recordings = await openRecordings(t, { directory, archive });
  const downloads = new RecordingDownloads({ recordings, turns: new Semaphore(1), remux: async ({ output }) => writeFile(output, madeFile) });
  t.teardown(() => downloads.close());
  const id = await keepRecording(recordings, 20);
  await until(() => archive.isSettled(id));
  const inTheWay = join(directory, `.deleted-${id}`);
  await mkdir(join(inTheWay, 'something'), { recursive: true });
  await t.rejects(recordings.remove(id), { code: 'unavailable', message: /the disk does not let go/ });
  await until(() => archive.isSettled(id));
  t.equal(fake.text(`${id}/${manifestName}`), await readFile(join(directory, id, manifestName), 'utf8'), 'it is whole in the store, too');
  await rm(inTheWay, { recursive: true });
  // The fifth never comes: whoever waits for it waits for half a minute.
  const isFifth = ({ method, key }: { method: string; key: string }): boolean => method === 'GET' && key.endsWith('/4.m4s');
  fake.mood = (request) => (isFifth(request) ? 'hang' : undefined);
  const asked = downloads.file({ id, client });
  const refused = t.rejects(asked, { code: 'not-found' });
  await until(() => fake.asked.includes(`GET ${id}/4.m4s`));
  let isOver = false;
  const removed = recordings.remove(id).then(() => (isOver = true));
  await until(() => isOver);
  await Promise.all([removed, refused]);
  t.strictSame(fake.keys.filter((key) => key.endsWith(manifestName)), []);
});
