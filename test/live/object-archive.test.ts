import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { readManifest, type Manifest } from '../../src/hls/manifest.js';
import { writeRecordingText } from '../../src/hls/recording-playlists.js';
import type { WholeSegment } from '../../src/hls/whole-segment.js';
import { ObjectArchive, type ObjectArchiveOptions } from '../../src/live/object-archive.js';
import { manifestName } from '../../src/live/recorder.js';
import type { Recordings, RecordingsOptions } from '../../src/live/recordings.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { until } from './fake-studio.js';
import { foldersIn, keepRecording, openRecordings, recordedFacts, recordedInit, wholeSegments } from './kept-recordings.js';

interface Server {
  readonly directory: string;
  readonly archive: ObjectArchive;
  readonly recordings: Recordings;
  /** What its operator was told of the store. */
  readonly told: string[];
  readonly failures: string[];
}

/** One server with a disk of its own, and a store that may be shared. */
async function startServer(t: Test, fake: FakeObjectStore, { directory: its, options = {}, archive: more = {} }: { directory?: string; options?: Partial<RecordingsOptions>; archive?: Partial<ObjectArchiveOptions> } = {}): Promise<Server> {
  const directory = its ?? (await temporaryDirectory(t));
  const [told, failures]: string[][] = [[], []];
  const archive = new ObjectArchive({
    ...{ store: fake.client(), folder: (id: string) => join(directory, id), maxSpoolBytes: 1e9, deliver: undefined, retryMs: 5 },
    onState: (error) => told!.push(error?.message ?? 'well again'),
    onLost: (_id, names, missingSeconds) => told!.push(`lost ${names.join(' ')}, ${missingSeconds.toFixed(0)} s are missing`),
    ...more,
  });
  t.teardown(() => archive.close());
  const recordings = await openRecordings(t, { directory, archive, onFailure: (_id, error) => failures!.push(error.message), ...options });
  return { directory, archive, recordings, told: told!, failures: failures! };
}

const numbers = ({ segments }: Manifest): string => segments.map(({ mediaSequence, gap }) => `${mediaSequence}${gap ? ' gap' : ''}`).join(', ');
const inStore = (fake: FakeObjectStore, id: string): Manifest => readManifest(fake.text(`${id}/${manifestName}`));
const isWhole = (fake: FakeObjectStore, id: string) => async (): Promise<boolean> => inStore(fake, id).end !== undefined;
const filesOf = async ({ directory }: Server, id: string): Promise<string[]> => (await readdir(join(directory, id))).sort();
const mediaOf = async ({ recordings }: Server, id: string, name: string): Promise<Buffer> => {
  const media = await recordings.media(id, name);
  return buffer(await media.open(0, media.byteLength));
};

t.test('segments go up as they are closed and leave the disk, the manifest when all is there that it lists; played from the store they are the same bytes', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const server = await startServer(t, fake);
  const segments = wholeSegments(5);
  const bytes = segments.map(({ media }) => Buffer.concat(media.pieces));
  const { id, recorder } = server.recordings.begin(recordedFacts, { title: 'A show' }, () => t.fail('no gap'));
  for (const [index, segment] of segments.entries()) {
    recorder.segment(segment, recordedInit);
    await until(async () => fake.keys.includes(`${id}/${index}.m4s`));
    for (const { uri, mapUri } of inStore(fake, id).segments) t.ok(fake.keys.includes(`${id}/${uri}`) && fake.keys.includes(`${id}/${mapUri}`), `${uri} is there once it is listed`);
  }
  await server.recordings.finish(id);
  await until(isWhole(fake, id));
  t.equal(numbers(inStore(fake, id)), '0, 1, 2, 3, 4');
  await until(async () => (await filesOf(server, id)).length === 2);
  t.strictSame(await filesOf(server, id), [manifestName, 'uploaded.json']);
  for (const [index, expected] of bytes.entries()) t.ok((await mediaOf(server, id, `${index}.m4s`)).equals(expected));
  const media = await server.recordings.media(id, '1.m4s');
  t.ok((await buffer(await media.open(3, 10))).equals(bytes[1]!.subarray(3, 13)), 'a range of it');
  await t.rejects(server.recordings.media(id, '99.m4s'), { code: 'not-found' });
  t.strictSame([server.told, server.archive.spoolBytes], [[], 0]);
});

t.test('a store that is throttled, away for a while or hangs costs nothing: what comes meanwhile waits on the disk, is told once, and goes up later', async (t) => {
  const fake = await FakeObjectStore.start(t);
  for (const mood of [{ status: 503 }, { status: 429 }, 'hang'] as const) {
    const server = await startServer(t, fake, { archive: mood === 'hang' ? { store: fake.client({ timeoutMs: 1000 }) } : {} });
    fake.mood = () => mood;
    const id = await keepRecording(server.recordings, 4);
    await until(async () => server.told.length > 0);
    t.match(server.told, [/refused with|did not answer/], 'told once');
    t.ok(server.archive.spoolBytes > 0);
    t.ok((await mediaOf(server, id, '2.m4s')).length > 0, 'it is played from the disk');
    fake.mood = () => undefined;
    await until(isWhole(fake, id));
    t.equal(numbers(inStore(fake, id)), '0, 1, 2, 3');
    await until(async () => server.archive.spoolBytes === 0);
    t.equal(server.told[1], 'well again');
  }
});

t.test('a spool that is full is a gap, said exactly, and the recording goes on once there is room; the disk holds no more than that', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const segments = wholeSegments(8);
  const size = Math.max(...segments.map(({ byteLength }) => byteLength));
  const server = await startServer(t, fake, { archive: { maxSpoolBytes: 3 * size + recordedInit.bytes.length } });
  const told: string[] = [];
  const { id, recorder } = server.recordings.begin(recordedFacts, {}, (error, missingSeconds) => told.push(`${error?.message ?? 'well again'}; ${missingSeconds.toFixed(0)} s are missing`));
  const listed = (count: number) => async (): Promise<boolean> => (await server.recordings.manifest(id).catch(() => undefined))?.segments.length === count;
  const add = async (some: readonly WholeSegment[], count: number): Promise<void> => {
    for (const segment of some) recorder.segment(segment, recordedInit);
    await until(listed(count));
  };
  fake.mood = () => ({ status: 503 });
  await add(segments.slice(0, 6), 6);
  fake.mood = () => undefined;
  await until(async () => server.archive.spoolBytes === 0);
  await add(segments.slice(6), 8);
  await server.recordings.finish(id);
  await until(isWhole(fake, id));
  t.equal(numbers(inStore(fake, id)), '0, 1, 2, 3 gap, 4 gap, 5 gap, 6, 7');
  t.match(told, [/^\d+ bytes wait for the object store, and there is no room for more; 0 s are missing$/]);
  t.equal(told.length, 1, 'told once');
  t.match([server.recordings.get(id).sums, inStore(fake, id).end], [{ missingSeconds: 6 }, { missingSeconds: 6 }]);
});

t.test('what was not up when the server died goes up when it starts again', async (t) => {
  const fake = await FakeObjectStore.start(t);
  fake.mood = () => ({ status: 503 });
  const first = await startServer(t, fake);
  const { id, recorder } = first.recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(4)) recorder.segment(segment, recordedInit);
  await until(async () => (await first.recordings.manifest(id).catch(() => undefined))?.segments.length === 4);
  await first.archive.close();
  fake.mood = () => undefined;
  const second = await startServer(t, fake, { directory: first.directory });
  t.match(second.recordings.get(id), { state: 'interrupted', sums: { durationSeconds: 8 } });
  await until(isWhole(fake, id));
  t.equal(numbers(inStore(fake, id)), '0, 1, 2, 3');
  await until(async () => second.archive.spoolBytes === 0 && !(await filesOf(second, id)).some((name) => name.endsWith('.m4s')));
  await second.archive.close();
  fake.asked.length = 0;
  await startServer(t, fake, { directory: first.directory });
  t.strictSame(fake.asked.filter((each) => each.startsWith('PUT')), [], 'and only once');
});

t.test('that nobody can look what other servers did is told once for as long as the store is away', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const { recordings, failures } = await startServer(t, fake);
  for (const times of [1, 2]) {
    fake.mood = () => ({ status: 503 });
    for (let look = 0; look < 5; look++) await recordings.follow(false);
    t.equal(failures.length, times);
    fake.mood = () => undefined;
    await recordings.follow(false);
  }
});

t.test('what the store forgot is a gap in the playlist, and told with its names', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const server = await startServer(t, fake);
  const { id, recorder } = server.recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(4)) recorder.segment(segment, recordedInit);
  await until(async () => fake.keys.includes(`${id}/3.m4s`));
  fake.forget(`${id}/1.m4s`);
  await server.recordings.finish(id);
  await until(async () => numbers(inStore(fake, id)).includes('gap'));
  t.equal(numbers(inStore(fake, id)), '0, 1 gap, 2, 3');
  t.strictSame(server.told, ['lost 1.m4s, 2 s are missing']);
  t.match(inStore(fake, id).end, { durationSeconds: 8, missingSeconds: 2 });
  await server.recordings.read(id);
  t.match(server.recordings.get(id).sums, { durationSeconds: 8, missingSeconds: 2 });
  t.match(writeRecordingText(await server.recordings.manifest(id), { kind: 'media' }, true), /#EXT-X-GAP\n#EXTINF:2[^\n]*\n1\.m4s/);
});

t.test('what waits to go up behind a manifest that was refused is not taken for lost', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const server = await startServer(t, fake);
  const { id, recorder } = server.recordings.begin(recordedFacts, {}, () => t.fail('no gap'));
  const segments = wholeSegments(4);
  const isManifest = (key: string): boolean => key.endsWith(manifestName);
  let isAway = true;
  fake.mood = ({ key }) => (isAway && isManifest(key) ? { status: 503 } : undefined);
  for (const segment of segments.slice(0, 2)) recorder.segment(segment, recordedInit);
  await until(() => fake.asked.some((each) => each.startsWith('PUT') && isManifest(each)));
  for (const segment of segments.slice(2)) recorder.segment(segment, recordedInit);
  await server.recordings.finish(id);
  t.ok(server.archive.spoolBytes > 0, 'they wait');
  const listed: string[] = [];
  isAway = false;
  fake.mood = () => {
    for (const { uri } of inStore(fake, id).segments) if (!fake.keys.includes(`${id}/${uri}`)) listed.push(uri);
    return undefined;
  };
  await until(isWhole(fake, id));
  await until(async () => server.archive.spoolBytes === 0 && (await filesOf(server, id)).length === 2);
  t.equal(numbers(inStore(fake, id)), '0, 1, 2, 3');
  t.strictSame(listed, [], 'nothing was listed before it was there');
  t.match(server.told, [/refused with 503/, 'well again']);
});

t.test('of two servers that write to the same manifest neither loses a line', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const first = await startServer(t, fake, { archive: { manifestIntervalMs: 0 } });
  const id = await keepRecording(first.recordings, 2);
  await until(isWhole(fake, id));
  const second = await startServer(t, fake);
  await until(async () => second.recordings.find(id) !== undefined);
  await Promise.all([first.recordings.describe(id, { title: 'By the first' }), second.recordings.describe(id, { description: 'By the second' })]);
  await until(async () => ['By the first', 'By the second'].every((words) => fake.text(`${id}/${manifestName}`).includes(words)));
  t.equal(numbers(inStore(fake, id)), '0, 1');
});

t.test('recordings of other servers are found in the store and played from there; one that grows elsewhere is not, until it is over', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const first = await startServer(t, fake, { archive: { manifestIntervalMs: 0 } });
  const id = await keepRecording(first.recordings, 3, { title: 'From elsewhere' });
  await until(isWhole(fake, id));
  const growing = first.recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(2)) growing.recorder.segment(segment, recordedInit);
  await until(async () => inStore(fake, growing.id).segments.length === 2);
  const second = await startServer(t, fake);
  await until(async () => second.recordings.find(id) !== undefined);
  t.match(second.recordings.list().found, [{ id, state: 'complete', description: { title: 'From elsewhere' }, sums: { durationSeconds: 6 } }]);
  t.ok((await mediaOf(second, id, '1.m4s')).equals(await mediaOf(first, id, '1.m4s')));
  const folder = await second.recordings.folders.gather(id, ['0.m4s', 'init-0.mp4'], join(second.directory, '.work'));
  t.strictSame((await readdir(folder)).sort(), ['0.m4s', 'init-0.mp4'], 'all that a download needs');
  t.notOk(fake.text(`${growing.id}/${manifestName}`).includes('interrupted'), 'nobody closed what goes on');
  await first.recordings.finish(growing.id);
  await until(isWhole(fake, growing.id));
  await until(async () => (await second.recordings.follow(false), second.recordings.list().found.length === 2));
});

t.test('what one of several servers does to a recording that is over is so at the others: words, chat that is taken away, deletion', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const first = await startServer(t, fake);
  const { id, recorder, chat } = first.recordings.begin(recordedFacts, { title: 'A show' }, () => undefined);
  for (const segment of wholeSegments(2)) recorder.segment(segment, recordedInit);
  for (const message of [1, 2]) chat.say({ id: message, person: 'p', name: 'Ann', publisher: false, text: 'hello', sentAtMs: 0, atSeconds: message });
  await until(() => recorder.sums.durationSeconds === 4);
  await first.recordings.finish(id);
  await until(isWhole(fake, id));
  const second = await startServer(t, fake);
  await until(async () => second.recordings.find(id) !== undefined);
  const removed: string[] = [];
  first.recordings.onRemove((gone) => removed.push(gone));
  const followed = (is: () => boolean | Promise<boolean>) => until(async () => (await first.recordings.follow(false), is()));

  await second.recordings.describe(id, { title: 'A day at the harbour' });
  await followed(() => first.recordings.get(id).description.title === 'A day at the harbour');
  t.match(first.recordings.list({ q: 'harbour' }).found, [{ id, state: 'complete', sums: { durationSeconds: 4 } }]);
  t.equal(first.recordings.list().found.length, 1);
  const saidAt = async ({ recordings }: Server): Promise<string> => text((await recordings.openChat(id))!);
  await second.recordings.deleteMessage(id, 1);
  await followed(async () => !(await saidAt(first)).includes('"id":1,'));
  await first.recordings.describe(id, { title: 'A night' });
  await until(async () => (await second.recordings.follow(false), second.recordings.get(id).description.title === 'A night'));
  for (const server of [first, second]) t.match(await saidAt(server), /^\{"id":2,.*\n$/, 'nobody puts back what was taken away');
  t.ok((await mediaOf(first, id, '1.m4s')).length > 0);

  await second.recordings.remove(id);
  await followed(() => first.recordings.find(id) === undefined);
  t.strictSame([removed, await foldersIn(first.directory)], [[id], []], 'with all that was made of it');
  t.strictSame([...first.failures, ...second.failures], []);
});

t.test('a recording that is gone from the store is gone at every server, told or not; what is not there yet stays, and while the store is away nothing is forgotten', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const [first, second] = [await startServer(t, fake), await startServer(t, fake)];
  const id = await keepRecording(first.recordings, 2);
  await until(isWhole(fake, id));
  await until(async () => (await second.recordings.follow(true), second.recordings.find(id) !== undefined));
  fake.mood = () => ({ status: 503 });
  const waiting = await keepRecording(second.recordings, 2);
  await second.recordings.follow(true);
  t.same(second.recordings.list().found.map((each) => each.id).sort(), [id, waiting].sort());
  t.match(second.failures, [/refused with 503/]);
  fake.mood = ({ method, key }) => (key.includes('.changed') || (method === 'PUT' && key.includes(waiting)) ? { status: 503 } : undefined);
  await first.recordings.remove(id);
  await until(async () => fake.keys.every((key) => !key.startsWith(id)));
  fake.mood = ({ method, key }) => (method === 'PUT' && key.includes(waiting) ? { status: 503 } : undefined);
  await second.recordings.follow(true);
  t.strictSame(second.recordings.list().found.map((each) => each.id), [waiting]);
  fake.mood = () => undefined;
  await until(isWhole(fake, waiting));
  await until(async () => (await first.recordings.follow(false), first.recordings.find(waiting) !== undefined));
});

t.test('a recording is deleted in the store too; while the store is away nothing is, and what it can not do at once it does later, also after a restart', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const server = await startServer(t, fake);
  const [id, other] = [await keepRecording(server.recordings, 3), await keepRecording(server.recordings, 3)];
  await until(isWhole(fake, id));
  await until(isWhole(fake, other));
  await until(async () => (await filesOf(server, other)).length === 2);
  fake.mood = () => ({ status: 503 });
  await t.rejects(server.recordings.remove(id), { code: 'unavailable' });
  fake.mood = () => undefined;
  t.ok((await mediaOf(server, id, '1.m4s')).length > 0, 'all of it is still there');
  await server.recordings.remove(id);
  await until(async () => fake.keys.every((key) => key.startsWith(other)));
  fake.mood = ({ method, key }) => (method === 'DELETE' && key.endsWith('.m4s') ? { status: 503 } : undefined);
  await server.recordings.remove(other);
  t.notOk(fake.keys.includes(`${other}/${manifestName}`));
  await server.archive.close();
  fake.mood = () => undefined;
  const again = await startServer(t, fake, { directory: server.directory });
  await until(async () => fake.keys.length === 0 && (await foldersIn(again.directory)).length === 0);
  t.strictSame(again.recordings.list().found, []);
});

t.test('a store that hangs or refuses at reading is told in time; chat and later words of a recording are in the store, too', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const server = await startServer(t, fake);
  const { id, recorder, chat } = server.recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(2)) recorder.segment(segment, recordedInit);
  for (const message of [1, 2]) chat.say({ id: message, person: 'p', name: 'Ann', publisher: false, text: 'hello', sentAtMs: 0, atSeconds: message });
  await server.recordings.finish(id);
  await until(isWhole(fake, id));
  await until(async () => (await filesOf(server, id)).every((name) => !name.endsWith('.m4s')));
  t.match(fake.text(`${id}/chat.jsonl`), /"id":1,.*\n.*"id":2,/);
  await server.recordings.deleteMessage(id, 1);
  await until(async () => !fake.text(`${id}/chat.jsonl`).includes('"id":1,'));
  const [second, impatient] = [await startServer(t, fake), await startServer(t, fake, { archive: { readTimeoutMs: 50 } })];
  for (const { recordings } of [second, impatient]) await until(async () => recordings.find(id) !== undefined);
  t.match(await text((await second.recordings.openChat(id))!), /^\{"id":2,.*\n$/);
  for (const mood of [{ status: 500 }, 'hang'] as const) {
    fake.mood = () => mood;
    await t.rejects(impatient.recordings.media(id, '0.m4s'), { code: 'unavailable', message: /object store/ });
  }
});

t.test('viewers are sent to the store where that is wished, but for what is still on the disk', async (t) => {
  const fake = await FakeObjectStore.start(t);
  fake.mood = () => ({ status: 503 });
  const server = await startServer(t, fake, { archive: { deliver: async (key, isPrivate) => `https://cdn.example/${key}?private=${isPrivate}` } });
  const id = await keepRecording(server.recordings, 1);
  t.equal(await server.recordings.addressOf(id, '0.m4s'), undefined);
  fake.mood = () => undefined;
  await until(async () => server.archive.spoolBytes === 0);
  t.equal(await server.recordings.addressOf(id, '0.m4s'), `https://cdn.example/${id}/0.m4s?private=false`);
  server.recordings.wish('cam', { private: true });
  t.equal(await server.recordings.addressOf(id, '0.m4s'), `https://cdn.example/${id}/0.m4s?private=true`);
});

t.test('what was kept before there was a store goes up, too', async (t) => {
  const directory = await temporaryDirectory(t);
  const id = await keepRecording(await openRecordings(t, { directory }), 3);
  const fake = await FakeObjectStore.start(t);
  await startServer(t, fake, { directory });
  await until(isWhole(fake, id));
  t.strictSame(fake.keys, ['0.m4s', '1.m4s', '2.m4s', 'init-0.mp4', manifestName].map((name) => `${id}/${name}`));
  t.equal(fake.text(`${id}/${manifestName}`), await readFile(join(directory, id, manifestName), 'utf8'));
});
