import { appendFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { manifestLine, readManifest, type Manifest } from '../../src/hls/manifest.js';
import { writeRecordingText } from '../../src/hls/recording-playlists.js';
import type { WholeSegment } from '../../src/hls/whole-segment.js';
import { Recorder, manifestName } from '../../src/live/recorder.js';
import { RecordWishes } from '../../src/live/record-wishes.js';
import { Recordings, type RecordingsOptions } from '../../src/live/recordings.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { JsonFile } from '../../src/storage/json-file.js';
import { hungStore, MoodyStore } from '../helpers/bad-stores.js';
import { Filled } from '../helpers/filled.js';
import { initSegment, videoTrack } from '../helpers/media-builder.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { turns, until } from './fake-studio.js';

const init = readInitSegment(initSegment([videoTrack]));
const facts = { stream: 'cam', broadcast: 'run', startedAt: '2026-01-02T03:04:05.000Z', targetDurationSeconds: 2 };

/** So many segments, as a rendition closes them. */
function segmentsOf(count: number): WholeSegment[] {
  const segments: WholeSegment[] = [];
  new Filled({ keeper: undefined, onSegment: (segment) => segments.push(segment) }).segments(count);
  return segments;
}

function recorder(store: MoodyStore, onGap = (): void => undefined): Recorder {
  return new Recorder({ store, onGap, start: { type: 'start', version: 1, server: 'test-1', ...facts }, description: { title: 'A show' }, endTimeoutMs: 20_000 });
}

const manifestIn = async (store: MoodyStore): Promise<Manifest> => readManifest(await text(await store.open(manifestName)));
const numbers = ({ segments }: Manifest): string => segments.map(({ mediaSequence, gap }) => `${mediaSequence}${gap ? ' gap' : ''}`).join(', ');

const wishes = (file: JsonFile | undefined, byDefault = false): RecordWishes => new RecordWishes({ file, byDefault, onFailure: (error) => t.fail(error.message) });

async function openRecordings(t: Test, options: Partial<RecordingsOptions> = {}): Promise<Recordings & { directory: string }> {
  const directory = options.directory ?? (await temporaryDirectory(t));
  const recordings = new Recordings({ directory, turns: new Semaphore(1), wishes: wishes(undefined), maxAgeDays: 0, maxBytes: 0, ...options });
  await recordings.open();
  return Object.assign(recordings, { directory });
}

async function recorded(recordings: Recordings, segments: number, startedAt = facts.startedAt): Promise<string> {
  const { id, recorder: begun } = recordings.begin({ ...facts, startedAt }, { title: 'A show' }, () => undefined);
  for (const segment of segmentsOf(segments)) begun.segment(segment, init);
  await recordings.finish(id);
  return id;
}

t.test('what the manifest lists is in the store at any moment, byte for byte, so that a process may die whenever it likes', async (t) => {
  const store = new MoodyStore();
  const segments = segmentsOf(30);
  const recording = recorder(store);
  for (const segment of segments) {
    recording.segment(segment, init);
    await turns(1);
    if (!store.names.includes(manifestName)) continue;
    const listed = (await manifestIn(store)).segments;
    for (const { uri, mapUri } of listed) t.ok(store.names.includes(uri) && store.names.includes(mapUri), uri);
  }
  await recording.end();
  const manifest = await manifestIn(store);
  t.equal(numbers(manifest), segments.map(({ mediaSequence }) => mediaSequence).join(', '));
  for (const { uri, media } of segments) t.equal(await text(await store.open(uri)), Buffer.concat(media.pieces).toString());
  t.match(manifest, { start: facts, description: { title: 'A show' }, end: { durationSeconds: 60, width: 640, height: 360 } });
});

t.test('a store that fails for a while costs what it did not take: a gap, told once, and the recording goes on', async (t) => {
  const store = new MoodyStore();
  let told = 0;
  const recording = recorder(store, () => (told += 1));
  for (const [index, segment] of segmentsOf(12).entries()) {
    if (index === 3) store.fails();
    if (index === 7) store.mood = async () => undefined;
    recording.segment(segment, init);
    await turns(6);
  }
  await recording.end();
  const manifest = await manifestIn(store);
  t.equal(numbers(manifest), '0, 1, 2, 3 gap, 4 gap, 5 gap, 6 gap, 7, 8, 9, 10, 11');
  t.equal(told, 1);
  const playlist = readMediaPlaylist(writeRecordingText(manifest, 'media', true) ?? '');
  t.strictSame(playlist.segments.filter(({ isGap }) => isGap).map(({ uri }) => uri), ['3.m4s', '4.m4s', '5.m4s', '6.m4s']);
  t.ok(playlist.lines.includes('#EXT-X-PLAYLIST-TYPE:VOD') && playlist.hasEnded);
});

t.test('a store that never answers holds up neither the segments nor the end, and its queue is bounded', async (t) => {
  let told = 0;
  const recording = new Recorder({ store: hungStore, onGap: () => (told += 1), maxWaitingBytes: 10_000, endTimeoutMs: 20, start: { type: 'start', version: 1, server: 'test-1', ...facts }, description: {} });
  for (const segment of segmentsOf(200)) recording.segment(segment, init);
  await recording.end();
  t.equal(told, 1);
});

t.test('recordings are there after a restart, newest first, with what was said of them since', async (t) => {
  const first = await openRecordings(t);
  const old = await recorded(first, 3, '2026-01-02T03:04:05.000Z');
  const long = await recorded(first, 200, '2026-03-02T03:04:05.000Z');
  await first.describe(long, { title: 'Another title', description: '' });
  const second = await openRecordings(t, { directory: first.directory });
  t.match(second.list(), [
    { id: long, state: 'complete', description: { title: 'Another title' }, sums: { durationSeconds: 400, width: 640 } },
    { id: old, state: 'complete', description: { title: 'A show' }, sums: { durationSeconds: 6 } },
  ]);
  t.strictSame(second.list('other'), []);
  t.strictSame(second.list().map(({ sums }) => sums), first.list().map(({ sums }) => sums));
});

t.test('what a server that died left open is complete up to its last segment, also with half a line at its end', async (t) => {
  const first = await openRecordings(t);
  const { id, recorder: begun } = first.begin(facts, {}, () => undefined);
  for (const segment of segmentsOf(5)) begun.segment(segment, init);
  const path = join(first.folder(id), manifestName);
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

t.test('another process of this machine that still runs keeps its recording open', async (t) => {
  const directory = await temporaryDirectory(t);
  const { hostname } = await import('node:os');
  await mkdir(join(directory, 'cam-1'));
  await writeFile(join(directory, 'cam-1', manifestName), manifestLine({ type: 'start', version: 1, ...facts, server: `${hostname()}-${process.ppid}` }));
  t.equal((await openRecordings(t, { directory })).get('cam-1').state, 'recording');
});

t.test('a recording is deleted whole, while it is read too, and nothing is left of one that was deleted half', async (t) => {
  const recordings = await openRecordings(t);
  const id = await recorded(recordings, 3);
  const media = await recordings.media(id, '1.m4s');
  const reading = await media.open(0, media.byteLength);
  await recordings.remove(id);
  t.equal((await text(reading)).length, media.byteLength);
  t.throws(() => recordings.get(id), { code: 'not-found' });
  await t.rejects(recordings.media(id, '1.m4s'), { code: 'not-found' });
  t.strictSame(await readdir(recordings.directory), []);
  await mkdir(join(recordings.directory, '.deleted-cam-1'));
  await mkdir(join(recordings.directory, 'lost+found'));
  await openRecordings(t, { directory: recordings.directory });
  t.strictSame(await readdir(recordings.directory), ['lost+found'], 'what is none of ours stays');
});

t.test('one that goes on is not deleted, and one without a segment is none', async (t) => {
  const recordings = await openRecordings(t);
  const { id } = recordings.begin(facts, {}, () => undefined);
  await t.rejects(recordings.remove(id), { code: 'malformed', message: /end the recording/ });
  await recordings.finish(id);
  await openRecordings(t, { directory: recordings.directory });
  t.strictSame(await readdir(recordings.directory), []);
});

t.test('the oldest go when all weigh too much, and what is too old goes', async (t) => {
  const recordings = await openRecordings(t);
  const days = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();
  const ids = [await recorded(recordings, 3, days(9)), await recorded(recordings, 3, days(5)), await recorded(recordings, 3, days(1))];
  const { byteLength } = recordings.get(ids[0]!).sums;
  const names = (kept: Recordings): string[] => kept.list().map(({ id }) => id).reverse();
  t.strictSame(names(recordings), ids);
  t.strictSame(names(await openRecordings(t, { directory: recordings.directory, maxAgeDays: 7 })), ids.slice(1));
  t.strictSame(names(await openRecordings(t, { directory: recordings.directory, maxBytes: 2 * byteLength - 1 })), ids.slice(2));
});

t.test('a stream is recorded as the server is set, unless somebody said otherwise of it, also before a restart', async (t) => {
  const file = new JsonFile(join(await temporaryDirectory(t), 'recorded-streams.json'));
  const said = wishes(file);
  const recordings = await openRecordings(t, { wishes: said });
  t.equal(recordings.wants('cam'), false);
  recordings.wish('cam', true);
  t.strictSame([recordings.wants('cam'), recordings.wants('other')], [true, false]);
  recordings.wish('cam', false);
  recordings.wish('other', true);
  await said.close();
  const restarted = await openRecordings(t, { wishes: wishes(file, true) });
  t.strictSame(['cam', 'other', 'third'].map((stream) => restarted.wants(stream)), [false, true, true], 'what was said stays, whatever the server is set to');
  await writeFile(file.path, '{"record":{"cam":1}}');
  t.throws(() => wishes(file), /recorded-streams\.json: expected which streams are recorded/);
});
