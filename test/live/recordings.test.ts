import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { manifestLine, readManifest, type Manifest } from '../../src/hls/manifest.js';
import { writeRecordingText } from '../../src/hls/recording-playlists.js';
import { Recorder, manifestName, type TellOfGap } from '../../src/live/recorder.js';
import { indexName } from '../../src/live/recording-index.js';
import type { Recordings } from '../../src/live/recordings.js';
import { JsonFile } from '../../src/storage/json-file.js';
import { hungStore, MoodyStore } from '../helpers/bad-stores.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { turns, until } from './fake-studio.js';
import { foldersIn, keepRecording, openRecordings, recordWishes, recordedFacts, recordedInit, wholeSegments } from './kept-recordings.js';

function recorder(store: MoodyStore, onGap: TellOfGap = () => undefined): Recorder {
  return new Recorder({ store, onGap, start: { type: 'start', version: 1, server: 'test-1', ...recordedFacts }, description: { title: 'A show' }, endTimeoutMs: 20_000 });
}

const manifestIn = async (store: MoodyStore): Promise<Manifest> => readManifest(await text(await store.open(manifestName)));
const numbers = ({ segments }: Manifest): string => segments.map(({ mediaSequence, gap }) => `${mediaSequence}${gap ? ' gap' : ''}`).join(', ');

t.test('what the manifest lists is in the store at any moment, byte for byte, so that a process may die whenever it likes', async (t) => {
  const store = new MoodyStore();
  const segments = wholeSegments(30);
  const recording = recorder(store);
  for (const segment of segments) {
    recording.segment(segment, recordedInit);
    await turns(1);
    if (!store.names.includes(manifestName)) continue;
    const listed = (await manifestIn(store)).segments;
    for (const { uri, mapUri } of listed) t.ok(store.names.includes(uri) && store.names.includes(mapUri), uri);
  }
  await recording.end();
  const manifest = await manifestIn(store);
  t.equal(numbers(manifest), segments.map(({ mediaSequence }) => mediaSequence).join(', '));
  for (const { uri, media } of segments) t.equal(await text(await store.open(uri)), Buffer.concat(media.pieces).toString());
  t.match(manifest, { start: recordedFacts, description: { title: 'A show' }, end: { durationSeconds: 60, width: 640, height: 360 } });
});

t.test('a store that fails for a while costs what it did not take: a gap, told when it begins and when it is over, with how much is missing, and the recording goes on', async (t) => {
  const store = new MoodyStore();
  const told: string[] = [];
  const recording = recorder(store, (error, missingSeconds) => told.push(`${error?.message ?? 'well again'} ${missingSeconds.toFixed(0)}`));
  for (const [index, segment] of wholeSegments(12).entries()) {
    if (index === 3) store.fails();
    if (index === 7) store.mood = async () => undefined;
    recording.segment(segment, recordedInit);
    await turns(6);
  }
  await recording.end();
  const manifest = await manifestIn(store);
  t.equal(numbers(manifest), '0, 1, 2, 3 gap, 4 gap, 5 gap, 6 gap, 7, 8, 9, 10, 11');
  t.strictSame(told, ['no space left 0', 'well again 8']);
  t.match([recording.sums, manifest.end], [{ durationSeconds: 24, missingSeconds: 8 }, { durationSeconds: 24, missingSeconds: 8 }]);
  const playlist = readMediaPlaylist(writeRecordingText(manifest, { kind: 'media' }, true) ?? '');
  t.strictSame(playlist.segments.filter(({ isGap }) => isGap).map(({ uri }) => uri), ['3.m4s', '4.m4s', '5.m4s', '6.m4s']);
  t.ok(playlist.lines.includes('#EXT-X-PLAYLIST-TYPE:VOD') && playlist.hasEnded);
});

t.test('a store that takes one thing and refuses the next is not told of with each of them', async (t) => {
  const store = new MoodyStore();
  const told: string[] = [];
  const recording = recorder(store, (error, missingSeconds) => told.push(`${error?.message ?? 'well again'} ${missingSeconds.toFixed(0)}`));
  for (const [index, segment] of wholeSegments(30).entries()) {
    if (index % 2 === 0) store.fails();
    else store.mood = async () => undefined;
    recording.segment(segment, recordedInit);
    await turns(6);
  }
  t.strictSame(told, ['no space left 0']);
  store.mood = async () => undefined;
  for (const segment of wholeSegments(33).slice(30)) recording.segment(segment, recordedInit);
  await recording.end();
  t.strictSame(told, ['no space left 0', 'well again 30']);
});

t.test('a store that never answers holds up neither the segments nor the end, its queue is bounded, and all of it is missing', async (t) => {
  let told = 0;
  const recording = new Recorder({ store: hungStore, onGap: () => (told += 1), maxWaitingBytes: 10_000, endTimeoutMs: 20, start: { type: 'start', version: 1, server: 'test-1', ...recordedFacts }, description: {} });
  for (const segment of wholeSegments(200)) recording.segment(segment, recordedInit);
  await recording.end();
  t.equal(told, 1);
  t.match(recording.sums, { durationSeconds: 400, missingSeconds: 400, byteLength: 0 });
});

t.test('recordings are there after a restart, newest first, with what was said of them since', async (t) => {
  const first = await openRecordings(t);
  const old = await keepRecording(first, 3, { startedAt: '2026-01-02T03:04:05.000Z' });
  const long = await keepRecording(first, 200, { startedAt: '2026-03-02T03:04:05.000Z' });
  await first.describe(long, { title: 'Another title', description: '' });
  const second = await openRecordings(t, { directory: first.directory });
  t.match(second.list().found, [
    { id: long, state: 'complete', description: { title: 'Another title' }, sums: { durationSeconds: 400, width: 640 } },
    { id: old, state: 'complete', description: { title: 'A show' }, sums: { durationSeconds: 6 } },
  ]);
  t.strictSame(second.list({ stream: 'other' }).found, []);
  t.strictSame(second.list().found.map(({ sums }) => sums), first.list().found.map(({ sums }) => sums));
});

t.test('what a server that died left open is complete up to its last segment, also with half a line at its end', async (t) => {
  const first = await openRecordings(t);
  const { id, recorder: begun } = first.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(5)) begun.segment(segment, recordedInit);
  const path = join(first.folders.path(id), manifestName);
  await until(async () => (await readFile(path, 'utf8').catch(() => '')).includes('"4.m4s"'));
  await appendFile(path, '{"type":"segment","uri":"5.m');
  const before = await readFile(path, 'utf8');
  const second = await openRecordings(t, { directory: first.directory });
  t.match(second.get(id), { state: 'interrupted', sums: { durationSeconds: 10 } });
  t.ok((await readFile(path, 'utf8')).startsWith(before), 'it was appended to, not written anew');
  const third = await openRecordings(t, { directory: first.directory });
  t.strictSame(third.get(id), second.get(id));
  t.equal((await third.manifest(id)).segments.length, 5);
});

t.test('what was said of a recording in its middle is still said at every start, when its server died and its manifest is long', async (t) => {
  const first = await openRecordings(t);
  const { id, recorder: begun } = first.begin(recordedFacts, { title: 'A show' }, () => undefined);
  const segments = wholeSegments(300);
  for (const segment of segments.slice(0, 150)) begun.segment(segment, recordedInit);
  begun.describe({ title: 'Another title' });
  for (const segment of segments.slice(150)) begun.segment(segment, recordedInit);
  await until(async () => (await readFile(join(first.folders.path(id), manifestName), 'utf8').catch(() => '')).includes('"299.m4s"'));
  for (const start of ['the first', 'the second']) {
    await rm(join(first.directory, indexName), { force: true });
    const later = await openRecordings(t, { directory: first.directory });
    t.match(later.get(id), { state: 'interrupted', description: { title: 'Another title' } }, start);
    await later.close();
  }
});

t.test('another process of this machine that still runs keeps its recording open', async (t) => {
  const directory = await temporaryDirectory(t);
  const { hostname } = await import('node:os');
  await mkdir(join(directory, 'cam-1'));
  await writeFile(join(directory, 'cam-1', manifestName), manifestLine({ type: 'start', version: 1, ...recordedFacts, server: `${hostname()}-${process.ppid}` }));
  t.equal((await openRecordings(t, { directory })).get('cam-1').state, 'recording');
});

t.test('a recording is deleted whole, while it is read too, and nothing is left of one that was deleted half', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 3);
  const media = await recordings.media(id, '1.m4s');
  const reading = await media.open(0, media.byteLength);
  await recordings.remove(id);
  t.equal((await text(reading)).length, media.byteLength);
  t.throws(() => recordings.get(id), { code: 'not-found' });
  await t.rejects(recordings.media(id, '1.m4s'), { code: 'not-found' });
  t.strictSame(await foldersIn(recordings.directory), []);
  await mkdir(join(recordings.directory, '.deleted-cam-1'));
  await mkdir(join(recordings.directory, 'lost+found'));
  await openRecordings(t, { directory: recordings.directory });
  t.strictSame(await foldersIn(recordings.directory), ['lost+found'], 'what is none of ours stays');
});

t.test('one that goes on is not deleted, and one without a segment is none', async (t) => {
  const recordings = await openRecordings(t);
  const { id } = recordings.begin(recordedFacts, {}, () => undefined);
  await t.rejects(recordings.remove(id), { code: 'malformed', message: /end the recording/ });
  await recordings.finish(id);
  await openRecordings(t, { directory: recordings.directory });
  t.strictSame(await foldersIn(recordings.directory), []);
});

t.test('the oldest go when all weigh too much, and what is too old goes', async (t) => {
  const recordings = await openRecordings(t);
  const days = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();
  const ids = [await keepRecording(recordings, 3, { startedAt: days(9) }), await keepRecording(recordings, 3, { startedAt: days(5) }), await keepRecording(recordings, 3, { startedAt: days(1) })];
  const { byteLength } = recordings.get(ids[0]!).sums;
  const names = (kept: Recordings): string[] => kept.list().found.map(({ id }) => id).reverse();
  t.strictSame(names(recordings), ids);
  t.strictSame(names(await openRecordings(t, { directory: recordings.directory, maxAgeDays: 7 })), ids.slice(1));
  t.strictSame(names(await openRecordings(t, { directory: recordings.directory, maxBytes: 2 * byteLength - 1 })), ids.slice(2));
});

t.test('a stream is recorded as the server is set, unless somebody said otherwise of it, also before a restart', async (t) => {
  const file = new JsonFile(join(await temporaryDirectory(t), 'recorded-streams.json'));
  const said = recordWishes(file);
  const recordings = await openRecordings(t, { wishes: said });
  t.equal(recordings.wishFor('cam').record, false);
  recordings.wish('cam', { record: true });
  t.strictSame([recordings.wishFor('cam').record, recordings.wishFor('other').record], [true, false]);
  recordings.wish('cam', { record: false, private: true });
  recordings.wish('other', { record: true });
  recordings.wish('fourth', { maxAgeDays: 7 });
  await said.close();
  const restarted = await openRecordings(t, { wishes: recordWishes(file, true) });
  const records = ['cam', 'other', 'third', 'fourth'].map((stream) => restarted.wishFor(stream).record);
  t.strictSame(records, [false, true, true, true], 'what was said stays, whatever the server is set to');
  t.match([restarted.wishFor('cam'), restarted.wishFor('fourth')], [{ private: true, maxAgeDays: 0 }, { private: false, maxAgeDays: 7 }]);
  for (const wrong of ['{"streams":{"cam":{"record":1}}}', '{"streams":{"cam":{"colour":"red"}}}', '{"streams":{"cam":true}}']) {
    await writeFile(file.path, wrong);
    t.throws(() => recordWishes(file), /recorded-streams\.json: expected which streams are recorded/, wrong);
  }
});

t.test('what is too old or too much goes while the server runs, and what somebody watches a little later, however long they watch', async (t) => {
  let now = Date.parse('2026-03-02T00:00:00Z');
  const recordings = await openRecordings(t, { maxAgeDays: 7, now: () => now });
  const days = (ago: number): string => new Date(now - ago * 86_400_000).toISOString();
  const [old, young] = [await keepRecording(recordings, 3, { startedAt: days(6) }), await keepRecording(recordings, 3, { startedAt: days(1) })];
  const ids = (): string[] => recordings.list().found.map(({ id }) => id);
  now += 2 * 86_400_000;
  await recordings.media(old, '1.m4s');
  await recordings.sweep();
  t.strictSame(ids(), [young, old], 'somebody watches it');
  now += 61_000;
  await recordings.sweep();
  t.strictSame(ids(), [young], 'nobody does any more');
  now += 6 * 86_400_000;
  const removed: string[] = [];
  recordings.onRemove((id) => removed.push(id));
  for (let minute = 0; minute < 70; minute++) {
    if (ids().length > 0) await recordings.media(young, '1.m4s');
    await recordings.sweep();
    if (minute < 59) t.strictSame(ids(), [young], `after ${minute} minutes`);
    now += 60_000;
  }
  t.strictSame([ids(), removed], [[], [young]], 'nobody keeps it for ever');
  t.strictSame(await foldersIn(recordings.directory), []);
});

t.test('one that the disk does not let go of stays, whole, and is gone once it does', async (t) => {
  const recordings = await openRecordings(t);
  const id = await keepRecording(recordings, 3);
  const inTheWay = join(recordings.directory, `.deleted-${id}`);
  await mkdir(join(inTheWay, 'something'), { recursive: true });
  await t.rejects(recordings.remove(id), { code: 'unavailable' });
  t.equal((await recordings.manifest(id)).segments.length, 3);
  await rm(inTheWay, { recursive: true });
  await recordings.remove(id);
  t.strictSame(recordings.list().found, []);
});
