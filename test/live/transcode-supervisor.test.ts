import { mock } from 'node:test';
import t, { type Test } from 'tap';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Broadcast } from '../../src/live/broadcast.js';
import { readMediaPlaylist, type ReadPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';
import { described, entryPointsOf, eventsOf, fixture, readBack, takesOf } from '../source/fixture.js';
import { openStudio, Publishing, recording, turns, until, type Studio } from './fake-studio.js';
import type { FakeTranscoder } from './fake-transcoder.js';

const whole = fixture('chromium-vp8.webm');
const points = entryPointsOf(whole);
const pictures = eventsOf(whole).flatMap((event) => (event.type === 'frame' && event.kind === 'video' ? [event.timeSeconds] : []));
/** All frames of a recording, as ffmpeg is given them. */
const framesOf = (bytes: Uint8Array): string[] => takesOf(bytes).takes.flatMap(({ frames }) => described(frames));
const allFrames = framesOf(whole);
/** Which of them is the picture of this time. */
const indexAt = (frames: readonly string[], timeSeconds = NaN): number => frames.findIndex((frame) => frame.startsWith('video') && frame.includes(`at ${timeSeconds.toFixed(4)}`));

interface Show {
  readonly studio: Studio;
  readonly broadcast: Broadcast;
  readonly publishing: Publishing;
}

async function show(t: Test, options: Parameters<typeof openStudio>[1] = {}): Promise<Show> {
  const studio = await openStudio(t, { restartDelayMs: 0, ...options });
  const broadcast = await studio.publish('cam');
  return { studio, broadcast, publishing: new Publishing(broadcast) };
}

async function playlistOf({ presentation }: Broadcast): Promise<ReadPlaylist> {
  const { body } = await presentation.lead.mediaPlaylist({}, () => () => undefined);
  if (!(body instanceof Encoded)) throw new Error('expected a playlist');
  return readMediaPlaylist(body.identity.toString());
}

const warningsOf = ({ messages }: Publishing): IngestMessage[] => messages.filter(({ type }) => type === 'warning');
/** The frames it was given. */
const given = ({ written }: FakeTranscoder): string[] => readBack(Buffer.concat(written));

/** Until it was given as many pictures: what comes out of ffmpeg went into it, and a message may be read in several turns. */
const wasGiven = (transcoder: FakeTranscoder, pictures: number): Promise<boolean> =>
  until(() => given(transcoder).filter((frame) => frame.startsWith('video')).length >= pictures);

/** The n-th transcoder, having given its first output. */
async function started(studio: Studio, number: number, pictures: number): Promise<FakeTranscoder> {
  const transcoder = await studio.transcoder(number);
  transcoder.init();
  transcoder.pictures(pictures);
  return transcoder;
}

function startOf({ plan }: FakeTranscoder): number {
  return -Number(plan.inputOptions[plan.inputOptions.indexOf('-itsoffset') + 1]);
}

t.test('a transcoder that dies is replaced by one that begins with the first picture viewers lack', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(whole);
  const first = await studio.transcoder(0);
  first.init();
  await wasGiven(first, 100);
  first.picturesAt(pictures.slice(0, 100));
  first.die('ffmpeg was killed by SIGKILL', 'server');
  const second = await studio.transcoder(1);
  second.init();
  second.picturesAt(pictures.slice(100, 150));
  t.equal(startOf(second).toFixed(3), pictures[100]?.toFixed(3));
  t.match(second.plan.outputOptions.join(' '), /select=gte/, 'what came before is decoded and left out');
  const point = points.findLast(({ timeSeconds }) => timeSeconds < (pictures[100] ?? 0))?.timeSeconds;
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.strictSame(given(second), allFrames.slice(indexAt(allFrames, point)), 'a header, then the group of pictures');
  const { segments } = await playlistOf(broadcast);
  t.strictSame(violations([await playlistOf(broadcast)]), []);
  t.strictSame(segments.map(({ isDiscontinuity }) => isDiscontinuity).filter(Boolean), [true]);
  t.equal(new Set(segments.map(({ mapUri }) => mapUri)).size, 2);
  const border = segments.findIndex(({ isDiscontinuity }) => isDiscontinuity);
  const [before, after] = segments.slice(border - 1);
  const gapMs = Date.parse(after?.programDateTime ?? '') - Date.parse(before?.programDateTime ?? '') - (before?.durationSeconds ?? 0) * 1000;
  t.ok(Math.abs(gapMs) < 30, `date-times go on where they were: ${gapMs} ms`);
  t.match(warningsOf(publishing), [{ code: 'transcoder-restarted', message: /ffmpeg was killed by SIGKILL.*goes on/ }]);
  t.ok(publishing.told.includes('live'));
});

t.test('a copied picture is encoded to the end of its group only, then copied again', async (t) => {
  const mkv = fixture('chromium-h264.mkv');
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(mkv);
  (await started(studio, 0, 15)).die('ffmpeg was killed by SIGKILL', 'server');
  const bridge = await studio.transcoder(1);
  t.match(bridge.plan.tracks, [{ kind: 'video', action: 'transcode', reason: /restarted between two keyframes/ }, {}]);
  const last = await studio.transcoder(2);
  t.match(last.plan.tracks, [{ kind: 'video', action: 'copy' }, {}]);
  t.equal(startOf(last), 2.048, 'from the next keyframe on');
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  const frames = framesOf(mkv);
  const [begin, next] = entryPointsOf(mkv).filter(({ timeSeconds }) => timeSeconds > 1).map(({ timeSeconds }) => indexAt(frames, timeSeconds));
  t.strictSame(given(bridge), frames.slice(begin, next), 'not a frame beyond its group');
  t.strictSame(given(last), frames.slice(next));
  t.equal(warningsOf(publishing).length, 1, 'the second change is no failure');
});

t.test('the end of a group is waited for without holding up the messages that bring it', async (t) => {
  const mkv = fixture('chromium-h264.mkv');
  const { studio, broadcast, publishing } = await show(t);
  await publishing.connection.write(mkv.subarray(0, 60_000));
  const first = await started(studio, 0, 15);
  await until(() => given(first).length > 20);
  first.die('ffmpeg was killed by SIGKILL', 'server');
  await studio.transcoder(1);
  for (let at = 60_000; at < mkv.length; at += 1000) await publishing.connection.write(mkv.subarray(at, at + 1000));
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.equal(studio.transcoders.length, 3);
});

/** A recording with a keyframe every second, of which ffmpeg lets through only those that the test wants. */
const mkv = fixture('chromium-h264.mkv');
const mkvPoints = entryPointsOf(mkv);
const mkvPictures = eventsOf(mkv).flatMap((event) => (event.type === 'frame' && event.kind === 'video' ? [event.timeSeconds] : []));
const segmentLimit = 2.5;
const priming = 1024 / 48_000;

/** Keyframes at the beginning and two seconds later: the target duration is two seconds. */
const twoGroups = (index: number): boolean => index === 0 || mkvPictures[index] === mkvPoints[2]?.timeSeconds;

t.test('a copied picture whose next keyframe does not come in time is encoded from there on, up to the next one; nobody misses or sees twice a picture', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  const seen: unknown[] = [];
  broadcast.viewers.join({ message: () => undefined, init: () => undefined, media: ({ mp4 }) => seen.push(...new FragmentReader().push(mp4)), backlogBytes: 0, end: () => undefined, drop: () => undefined });
  const nextGroup = mkvPoints[5]?.offset ?? 0;
  const writing = publishing.connection.write(mkv.subarray(0, nextGroup));
  const first = await studio.transcoder(0);
  first.init();
  await wasGiven(first, 130);
  first.picturesAt(mkvPictures.slice(0, 130), twoGroups);
  const bridge = await studio.transcoder(1);
  t.ok(first.ended, 'the first one is told to end');
  t.match(bridge.plan.tracks, [{ kind: 'video', action: 'transcode', reason: /keyframes lie further apart than a segment may last/ }, {}]);
  const taken = mkvPictures.filter((time) => time + priming < (mkvPoints[2]?.timeSeconds ?? 0) + priming + segmentLimit - 0.001);
  t.equal(startOf(bridge).toFixed(3), mkvPictures[taken.length]?.toFixed(3), 'with the first picture that no segment had room for');
  t.equal(seen.length, taken.length, 'viewers by socket got no more than playlists');
  const rest = mkvPictures.filter((time) => time > (taken.at(-1) ?? 0) && time < (mkvPoints[5]?.timeSeconds ?? 0));
  bridge.init();
  bridge.picturesAt(rest);
  await writing;
  void publishing.connection.write(mkv.subarray(nextGroup));
  const last = await studio.transcoder(2);
  t.match(last.plan.tracks, [{ kind: 'video', action: 'copy' }, {}]);
  t.equal(startOf(last), mkvPoints[5]?.timeSeconds, 'from the next keyframe on it is copied again');
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.equal(seen.length, taken.length + rest.length);
  const playlist = await playlistOf(broadcast);
  t.strictSame(violations([playlist]), []);
  t.equal(playlist.targetDurationSeconds, 2);
  t.strictSame(warningsOf(publishing), [], 'nothing failed');
});

t.test('a picture whose keyframes lie too far apart twice within a minute is encoded for good, and its publisher is told why', async (t) => {
  const [events, logged]: [string[], Record<string, unknown>[]] = [[], []];
  const log = { info: (facts: object, message: string) => (message.includes('could not be cut') ? void logged.push({ ...facts }) : undefined), warn: () => undefined };
  const { studio, broadcast, publishing } = await show(t, { onEvent: (event) => events.push(event), log });
  const late = mkvPoints[8]?.offset ?? 0;
  const writing = publishing.connection.write(mkv.subarray(0, late - 1));
  const first = await studio.transcoder(0);
  first.init();
  await wasGiven(first, 130);
  first.picturesAt(mkvPictures.slice(0, 130), twoGroups);
  await studio.transcoder(1);
  const again = await studio.transcoder(2);
  again.init();
  await wasGiven(again, 76);
  again.picturesAt(mkvPictures.filter((time) => time >= (mkvPoints[5]?.timeSeconds ?? 0)).slice(0, 76), (index) => index === 0);
  await studio.transcoder(3);
  await writing;
  void publishing.connection.write(mkv.subarray(late - 1));
  const isForGood = (each: FakeTranscoder): boolean => {
    const picture = each.plan.tracks.find(({ kind }) => kind === 'video');
    return startOf(each) >= (mkvPoints[8]?.timeSeconds ?? 0) && picture?.action === 'transcode' && picture.reason.includes('segment may last');
  };
  t.ok(await until(() => studio.transcoders.find(isForGood)));
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.match(publishing.messages.findLast(({ type }) => type === 'recording'), { tracks: [{ kind: 'video', action: 'transcode', reason: /further apart than a segment may last/ }, {}] });
  t.strictSame(events, ['copy-refused', 'copy-refused'], 'each is counted');
  t.match(logged, [{ stream: 'cam', reason: /further apart/, atSeconds: Number, forGood: false }], 'the first is logged with its cause');
  t.equal(logged.length, 1);
});

t.test('nothing came out yet: the next one gets the recording from its first byte', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(recording);
  (await studio.transcoder(0)).die('ffmpeg could not be started', 'server');
  const second = await started(studio, 1, 30);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.strictSame(given(second), framesOf(recording));
});

t.test('after three restarts in a row the broadcast ends in words, and nobody waits for ever', async (t) => {
  for (const [fault, code] of [['server', 'internal'], ['media', 'unsupported-media']] as const) {
    const { studio, broadcast, publishing } = await show(t);
    const writing = publishing.connection.write(whole);
    for (let number = 0; number < 4; number++) (await started(studio, number, 20)).die('ffmpeg gave up: reason 7', fault);
    t.match(await broadcast.closed, { code, message: /reason 7.*failed 4 times in a row/ });
    t.match(publishing.messages.at(-1), { type: 'ended', code, message: /reason 7/ });
    t.equal(warningsOf(publishing).length, 3);
    await writing;
    t.equal(studio.transcoders.length, 4);
  }
});

t.test('ten seconds of good output make up for what failed before', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(whole);
  for (let number = 0; number < 8; number++) {
    const transcoder = await studio.transcoder(number);
    transcoder.init();
    transcoder.pictures(101);
    transcoder.die('ffmpeg was killed by SIGKILL', 'server');
  }
  await started(studio, 8, 10);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
});

t.test('bytes that make it fail again are left out, up to the next random access point', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(whole.subarray(0, 100_000));
  const first = await started(studio, 0, 15);
  const before = framesOf(whole.subarray(0, 100_000)).length;
  await until(() => given(first).length === before);
  first.die('ffmpeg could not read this', 'media');
  const second = await studio.transcoder(1);
  await until(() => given(second).length > before / 3);
  second.die('ffmpeg could not read this', 'media');
  await turns(20);
  t.equal(studio.transcoders.length, 2, 'the next one waits for such a point');
  void publishing.connection.write(whole.subarray(100_000));
  const third = await studio.transcoder(2);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  const point = points.find(({ offset }) => offset >= 100_000)?.timeSeconds;
  t.equal(startOf(third), point);
  t.strictSame(given(third), allFrames.slice(indexAt(allFrames, point)));
});

t.test('a transcoder that ends by itself before the recording does has failed', async (t) => {
  const { studio, broadcast, publishing } = await show(t);
  void publishing.connection.write(recording);
  (await started(studio, 0, 5)).stop();
  await started(studio, 1, 5);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.match(warningsOf(publishing), [{ message: /ended before the recording did/ }]);
});

/** Time stands still for whoever counts a transcoder's silence, until the test lets it pass. */
function silenceInHand(t: Test): (ms: number) => void {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  return (ms) => mock.timers.tick(ms);
}

t.test('a transcoder that takes nothing any more, or gives nothing, is replaced; its publisher waits meanwhile', async (t) => {
  const pass = silenceInHand(t);
  for (const fault of ['takes nothing', 'gives nothing'] as const) {
    const { studio, broadcast, publishing } = await show(t);
    void publishing.connection.write(recording);
    const first = await started(studio, 0, 5);
    await until(() => first.written.length > 0);
    await turns(20);
    if (fault === 'takes nothing') first.hungry = false;
    let taken = 0;
    for (let at = 20_000; at < 60_000; at += 10_000) void publishing.connection.write(whole.subarray(at, at + 10_000)).then(() => taken++);
    await turns(20);
    if (fault === 'takes nothing') t.equal(taken, 0, 'the publisher waits');
    pass(10_000);
    t.strictSame(warningsOf(publishing), [], 'not before its time');
    pass(2_000);
    const second = await started(studio, 1, 5);
    t.match(warningsOf(publishing), [{ message: /ffmpeg hung: it took .* for 10 s/ }]);
    publishing.connection.end();
    t.equal(await broadcast.closed, null);
    t.strictSame(given(second), framesOf(whole.subarray(0, 60_000)), 'and the next one gets it all');
  }
});

t.test('a transcoder that owes nothing is left alone, however long it is silent', async (t) => {
  const pass = silenceInHand(t);
  const { studio, publishing } = await show(t);
  void publishing.connection.write(recording);
  const first = await studio.transcoder(0);
  await until(() => given(first).length === framesOf(recording).length);
  await started(studio, 0, 5);
  await turns(20);
  pass(3_600_000);
  await turns(20);
  t.equal(studio.transcoders.length, 1);
  t.strictSame(warningsOf(publishing), []);
});

t.test('an end while a restart is due ends the broadcast at once, and starts nothing', async (t) => {
  const { studio, publishing } = await show(t, { restartDelayMs: 60_000 });
  void publishing.connection.write(recording);
  for (const number of [0, 1]) (await started(studio, number, 5)).die('ffmpeg was killed by SIGKILL', 'server');
  await until(() => warningsOf(publishing).length === 2);
  await studio.broadcasts.close();
  t.match(publishing.messages.at(-1), { type: 'ended', code: 'unavailable' });
  t.equal(studio.transcoders.length, 2);
});
