import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { LiveError, toLiveError } from '../../src/protocol/live-error.js';
import { hungStore } from '../helpers/bad-stores.js';
import { readMediaPlaylist, type ReadPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Broadcast } from '../../src/live/broadcast.js';
import type { Directory, Lease } from '../../src/live/directory.js';
import { MemoryDirectory } from '../../src/live/memory-directory.js';
import { described, fixture, readBack, takesOf } from '../source/fixture.js';
import { filesBelow, openStudio, Publishing, recording, turns, until } from './fake-studio.js';
import { SlowDirectory } from './slow-directory.js';

const allFrames = takesOf(recording).takes.flatMap(({ frames }) => described(frames));

async function playlistOf({ presentation }: Broadcast): Promise<ReadPlaylist> {
  const { body } = await presentation.lead.mediaPlaylist({}, () => () => undefined);
  if (!(body instanceof Encoded)) throw new Error('expected a playlist');
  return readMediaPlaylist(body.identity.toString());
}

t.test('a broadcast is starting until its first playlist is there, then live, and ended at its end', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  t.equal(broadcast.state, 'starting');
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(20);
  await until(() => broadcast.presentation.timing === undefined);
  t.strictSame(publishing.told, ['recording']);
  t.equal(broadcast.state, 'starting', 'two seconds without the keyframe that closes the first segment');
  transcoder.pictures(1);
  await until(() => broadcast.state === 'live');
  t.strictSame(publishing.told, ['recording', 'live']);
  t.equal((await playlistOf(broadcast)).segments[0]?.durationSeconds, 2);
  t.strictSame(studio.broadcasts.list(), [broadcast]);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.equal(broadcast.state, 'ended');
  t.strictSame(publishing.messages.at(-1), { type: 'ended', message: 'The broadcast is over.' });
  t.ok((await playlistOf(broadcast)).hasEnded);
  t.strictSame(readBack(Buffer.concat(transcoder.written)), allFrames, 'every frame reached the transcoder');
});

t.test('recordings one after another are timelines of one broadcast, whose date-times never go back', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  const seen: ReadPlaylist[] = [];
  for (let round = 0; round < 3; round++) {
    void publishing.connection.write(recording);
    const transcoder = await studio.transcoder(round);
    transcoder.init();
    // Ten times faster than the wall clock: its media ends after the next recording begins.
    transcoder.pictures(45);
    await until(() => (broadcast.presentation.endTimeMs ?? 0) > 0);
    await turns(20);
    if (broadcast.presentation.lead.facts) seen.push(await playlistOf(broadcast));
  }
  publishing.connection.end();
  await broadcast.closed;
  seen.push(await playlistOf(broadcast));
  t.strictSame(violations(seen), []);
  const { segments } = seen.at(-1)!;
  t.equal(segments.filter(({ isDiscontinuity }) => isDiscontinuity).length, 2);
  for (const [index, { programDateTime = '' }] of segments.entries()) {
    const before = segments[index - 1];
    if (before) t.ok(Date.parse(programDateTime) >= Date.parse(before.programDateTime ?? '') + (before.durationSeconds ?? 0) * 1000 - 1);
  }
  t.strictSame(publishing.told, ['recording', 'live', 'recording', 'recording', 'ended']);
});

t.test('a name that is live already, a bad name and one stream too many are refused in words', async (t) => {
  const { publish } = await openStudio(t, { maxStreams: 2 });
  await publish('one');
  await t.rejects(publish('one'), { code: 'already-live', message: /"one" is live already/ });
  for (const name of ['', '../one', 'a b', 'x'.repeat(65), 'é']) await t.rejects(publish(name), { code: 'malformed' }, name);
  await publish('two');
  await t.rejects(publish('three'), { code: 'unavailable', message: /2 streams are live already/ });
});

t.test('a broadcast whose publisher has yet to connect is starting, and waits for nobody', async (t) => {
  const { publish } = await openStudio(t);
  const broadcast = await publish('cam');
  t.equal(broadcast.state, 'starting');
  const { connection } = new Publishing(broadcast);
  t.equal(broadcast.state, 'starting');
  connection.drop();
  t.equal(broadcast.state, 'waiting');
});

t.test('a lost connection leaves the broadcast waiting; its token takes it up, and nothing else does', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const first = new Publishing(broadcast);
  void first.connection.write(recording.subarray(0, 10_000));
  await studio.transcoder(0);
  first.connection.drop();
  t.equal(broadcast.state, 'waiting');
  await t.rejects(studio.publish('cam'), { code: 'already-live' }, 'the name is not free');
  await t.rejects(studio.publish('cam', { resumeToken: 'guess' }), { code: 'not-found' });
  await t.rejects(studio.publish('other', { resumeToken: broadcast.ingest.resumeToken }), { code: 'not-found' });
  const second = new Publishing(await studio.publish('cam', { resumeToken: broadcast.ingest.resumeToken }));
  t.equal(second.broadcast, broadcast, 'the same broadcast');
  t.equal(broadcast.ingest.received, 10_000);
  t.equal(broadcast.state, 'starting');
  await first.connection.write(Buffer.from('too late'));
  void second.connection.write(recording.subarray(10_000));
  second.connection.end();
  await broadcast.closed;
  t.strictSame(readBack(Buffer.concat(studio.transcoders[0]?.written ?? [])), allFrames, 'nothing lost, nothing doubled');
  await t.rejects(studio.publish('cam', { resumeToken: broadcast.ingest.resumeToken }), { code: 'not-found' }, 'over is over');
});

t.test('whoever waited in vain for its publisher says that the broadcast is over only where nobody else can have it', async (t) => {
  for (const mayBeLost of [false, true]) {
    const names = new MemoryDirectory();
    const withdrawn: string[] = [];
    const claim = async (stream: string): Promise<Lease> => {
      const lease = await names.claim(stream);
      return { ...lease, mayBeLost, handOver: async () => void withdrawn.push('handed over'), withdraw: () => (withdrawn.push('withdrawn'), lease.withdraw()) };
    };
    const directory: Directory = { claim, progressOf: async () => undefined, locate: (...asked) => names.locate(...asked), list: () => names.list() };
    const studio = await openStudio(t, { directory, resumeWindowSeconds: 0.2, chat: { maxPeople: 10, messagesPerMinute: 20 } });
    const broadcast = await studio.publish('cam');
    const publishing = new Publishing(broadcast);
    void publishing.connection.write(recording);
    const transcoder = await studio.transcoder(0);
    transcoder.init();
    transcoder.pictures(45);
    await until(() => broadcast.state === 'live');
    const told: string[] = [];
    broadcast.chat?.enter({ sink: { backlogBytes: 0, send: (text) => told.push((JSON.parse(text) as { type: string }).type), end: () => told.push('closed'), moveAway: () => told.push('away'), drop: () => told.push('dropped') }, address: '1', publisher: false });
    publishing.connection.drop();
    await broadcast.closed;
    t.strictSame(told, mayBeLost ? ['history', 'away'] : ['history', 'ended', 'closed']);
    t.equal((await playlistOf(broadcast)).hasEnded, !mayBeLost);
    t.equal((await directory.locate('cam')) === undefined, mayBeLost, 'nor is it answered for');
    t.strictSame(withdrawn, mayBeLost ? ['withdrawn', 'handed over'] : []);
    await studio.broadcasts.close();
  }
});

t.test('a connection that takes over silences the one before it', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const first = new Publishing(broadcast);
  const second = new Publishing(broadcast);
  t.ok(first.replaced);
  first.connection.end();
  first.connection.drop();
  await first.connection.write(recording);
  t.equal(broadcast.state, 'starting');
  t.equal(broadcast.ingest.received, 0);
  second.connection.end();
  await broadcast.closed;
});

t.test('a publisher that does not come back in time has ended', async (t) => {
  const { publish } = await openStudio(t, { resumeWindowSeconds: 0.02 });
  const broadcast = await publish('cam');
  new Publishing(broadcast).connection.drop();
  t.equal(await broadcast.closed, null);
  t.equal(broadcast.state, 'ended');
  t.not((await publish('cam')).id, broadcast.id, 'and the name is free');
});

t.test('what ended can be watched for a while, then nothing of it is left', async (t) => {
  const studio = await openStudio(t, { endedRetentionSeconds: 0.15 });
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(50);
  publishing.connection.end();
  await broadcast.closed;
  t.equal(await studio.directory.locate('cam'), broadcast);
  t.equal(await studio.directory.locate('cam', broadcast.id), broadcast);
  t.equal(await studio.directory.locate('dog', broadcast.id), undefined, 'under its own name only');
  t.strictSame(studio.broadcasts.list(), [], 'but it does not run');
  await until(async () => (await studio.directory.locate('cam')) === undefined);
  t.equal(await studio.directory.locate('cam', broadcast.id), undefined);
  await studio.broadcasts.close();
  t.notOk((await filesBelow(studio.segmentsDirectory)).some((name) => name.endsWith('.m4s')), 'nor on disk');
});

t.test('closing tells every publisher why, ends every playlist and leaves no file', async (t) => {
  const studio = await openStudio(t);
  const streams = await Promise.all(['one', 'two'].map((name) => studio.publish(name)));
  const publishings = streams.map((broadcast) => new Publishing(broadcast));
  void publishings[0]?.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(30);
  await until(() => streams[0]?.state === 'live');
  await studio.broadcasts.close();
  t.ok(transcoder.ended);
  for (const { messages } of publishings) t.match(messages.at(-1), { type: 'ended', code: 'unavailable', message: /shutting down/ });
  t.ok((await playlistOf(streams[0]!)).hasEnded);
  await t.rejects(studio.publish('three'), { code: 'unavailable' });
  t.notOk((await filesBelow(studio.segmentsDirectory)).some((name) => name.endsWith('.m4s')));
  await studio.broadcasts.close();
});

t.test('a transcoder that dies ends the broadcast, and the publisher is told why in its words', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  const writing = publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.die('ffmpeg could not read this');
  t.match(await broadcast.closed, { code: 'unsupported-media', message: 'ffmpeg could not read this' });
  t.match(publishing.messages.at(-1), { type: 'ended', code: 'unsupported-media', message: 'ffmpeg could not read this' });
  await writing;
  await publishing.connection.write(recording);
  t.equal(studio.transcoders.length, 1);
});

t.test('bytes that are no media end the broadcast in words', async (t) => {
  const { publish } = await openStudio(t);
  const broadcast = await publish('cam');
  const publishing = new Publishing(broadcast);
  await publishing.connection.write(Buffer.from('<html><body>hello</body></html>'));
  const failure = await broadcast.closed;
  t.ok(failure instanceof LiveError);
  t.match(failure, { code: 'unsupported-media', message: /expected WebM, Matroska.*got HTML/ });
});

t.test('a write waits as long as the transcoder does not take its bytes', async (t) => {
  const studio = await openStudio(t);
  const publishing = new Publishing(await studio.publish('cam'));
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  await until(() => readBack(Buffer.concat(transcoder.written)).length === allFrames.length);
  const written = transcoder.written.length;
  transcoder.hungry = false;
  const whole = fixture('chromium-vp8.webm');
  let at = recording.length;
  let taken = 0;
  const writes = Array.from({ length: 5 }, async () => {
    at += 10_000;
    await publishing.connection.write(whole.subarray(at - 10_000, at));
    taken++;
  });
  await turns(50);
  t.equal(taken, 0);
  t.equal(transcoder.written.length, written + 1, 'only one write at a time reaches the transcoder');
  transcoder.feed();
  await Promise.all(writes);
  t.equal(taken, 5);
});

t.test('a full disk is told once, and the stream goes on from memory', async (t) => {
  const studio = await openStudio(t);
  await writeFile(join(studio.segmentsDirectory, 'live'), 'a file where a folder is wanted');
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(100);
  await until(() => publishing.told.includes('warning'));
  transcoder.pictures(50);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.equal(publishing.told.filter((type) => type === 'warning').length, 1);
  t.match(publishing.messages.find(({ type }) => type === 'warning'), { code: 'disk', message: /The live stream goes on/ });
  t.equal((await playlistOf(broadcast)).segments.length, 7, 'six of two seconds, and the last one of one');
});

t.test('a disk that never answers is told once and stops neither the broadcast, nor its end, nor the server', async (t) => {
  const studio = await openStudio(t, { openSegmentStore: () => hungStore });
  const broadcasts = await Promise.all(['one', 'two', 'three'].map((stream) => studio.publish(stream)));
  const publishings = broadcasts.map((broadcast) => new Publishing(broadcast));
  for (const [number, publishing] of publishings.entries()) {
    void publishing.connection.write(recording);
    const transcoder = await studio.transcoder(number);
    transcoder.init();
    for (let times = 0; times < 8; times++) transcoder.pictures(100);
    await until(() => publishing.told.includes('warning'));
  }
  publishings[0]?.connection.end();
  t.equal(await broadcasts[0]?.closed, null);
  const from = performance.now();
  await studio.broadcasts.close();
  t.ok(performance.now() - from < 9000, 'well within the time a stop has');
  for (const { told } of publishings) t.equal(told.filter((type) => type === 'warning').length, 1);
  t.equal(studio.warnings.filter((message) => message.includes('segments folder')).length, 3);
});

t.test('each step of the end is done, whatever the others do: one that fails is logged', async (t) => {
  const studio = await openStudio(t, { chat: { maxPeople: 10, messagesPerMinute: 10 }, endedRetentionSeconds: 0 });
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  const fails = (): never => {
    throw new Error('it does not end');
  };
  const told: string[] = [];
  const sink = { message: ({ type }: { type: string }) => told.push(type), init: () => undefined, media: () => undefined, backlogBytes: 0, end: () => told.push('end'), drop: () => undefined };
  broadcast.viewers.join(sink);
  broadcast.presentation.lead.end = fails;
  broadcast.chat!.end = fails;
  broadcast.pictures.close = async () => fails();
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
  t.strictSame(told, ['ended', 'end']);
  t.strictSame(publishing.told, ['ended']);
  t.equal(broadcast.state, 'ended');
  t.strictSame(studio.warnings, Array(3).fill('a step of the end failed'));
  await until(async () => (await studio.directory.locate('cam')) === undefined);
});

t.test('a broadcast that does not end holds up neither the stop nor the others', async (t) => {
  const studio = await openStudio(t);
  const [stuck, other] = [await studio.publish('stuck'), await studio.publish('other')];
  stuck.abort = () => new Promise(() => undefined);
  t.equal(await studio.broadcasts.abortAll(50), true);
  t.equal(await other.closed.then((failure) => failure?.code), 'unavailable');
  t.strictSame(studio.warnings, ['broadcasts did not end in time']);
  await studio.broadcasts.close();
  await t.rejects(studio.publish('late'), { code: 'unavailable' });
  await stuck.end();
});

t.test('what went wrong with a connection is logged with its cause, once', async (t) => {
  const logged: unknown[] = [];
  const studio = await openStudio(t, { log: { info: () => undefined, warn: (facts) => logged.push(facts) } });
  const broadcast = await studio.publish('cam');
  new Publishing(broadcast).connection.end(toLiveError(new Error('the cause')));
  await broadcast.closed;
  t.match(logged, [{ stream: 'cam', code: 'internal', err: { cause: { message: 'the cause' } } }]);
  t.equal(logged.length, 1);
});

t.test('playlists that fail end, and the broadcast goes on without them: its publisher is told', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const publishing = new Publishing(broadcast);
  let bursts = 0;
  broadcast.viewers.join({ message: () => undefined, init: () => undefined, media: () => bursts++, backlogBytes: 0, end: () => undefined, drop: () => t.fail('a viewer was dropped') });
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(30);
  await until(() => broadcast.state === 'live');
  broadcast.presentation.lead.appendPart = () => {
    throw new Error('a fault of ours');
  };
  const before = bursts;
  for (let times = 0; times < 5; times++) {
    transcoder.pictures(30);
    await turns(3);
  }
  t.ok(bursts > before + 4);
  const { body } = await broadcast.presentation.lead.mediaPlaylist({}, () => () => undefined);
  t.match(body instanceof Encoded && body.identity.toString(), /#EXT-X-ENDLIST/);
  t.strictSame(publishing.messages.filter(({ type }) => type === 'warning').map((warning) => 'code' in warning && warning.code), ['hls-ended']);
  t.strictSame(studio.warnings, ['what takes the media failed and is let go', 'the playlists end']);
  publishing.connection.end();
  t.equal(await broadcast.closed, null);
});

t.test('of several who ask for a name at the same moment exactly one begins, and the second socket of a pair joins it', async (t) => {
  const names = new SlowDirectory();
  const studio = await openStudio(t, { directory: names });
  const asked = [studio.publish('cam', { part: 'blob' }), studio.publish('cam'), studio.publish('cam', { part: 'chunk' }), studio.publish('cam', { keyId: 'another' })];
  (await names.asked())();
  const outcomes = await Promise.allSettled(asked);
  t.strictSame(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'rejected']);
  t.equal(await asked[0], await asked[2], 'one broadcast');
  t.strictSame(studio.broadcasts.list(), [await asked[0]]);
});

t.test('a name whose claim fails is free for the next one who asks', async (t) => {
  let fails = true;
  const names = new MemoryDirectory();
  const directory: Directory = {
    claim: (stream) => (fails ? Promise.reject(new LiveError('unavailable', 'the directory is away')) : names.claim(stream)),
    progressOf: () => names.progressOf(),
    locate: (stream, broadcast) => names.locate(stream, broadcast),
    list: () => names.list(),
  };
  const studio = await openStudio(t, { directory });
  await t.rejects(studio.publish('cam'), { code: 'unavailable', message: 'the directory is away' });
  fails = false;
  t.equal((await studio.publish('cam')).state, 'starting');
});

t.test('a server that is told to stop while a name is claimed begins nothing, and lets go of the name', async (t) => {
  const names = new SlowDirectory();
  const studio = await openStudio(t, { directory: names });
  const asked = studio.publish('cam');
  const answer = await names.asked();
  t.equal(await studio.broadcasts.abortAll(), false, 'nothing runs');
  answer();
  await t.rejects(asked, { code: 'unavailable', message: /shutting down/ });
  t.strictSame(studio.broadcasts.list(), []);
  await names.names.claim('cam');
});

t.test('for a publisher that leaves while its name is claimed nothing begins; nobody is replaced by one that left while it waited for another', async (t) => {
  const names = new SlowDirectory();
  const studio = await openStudio(t, { directory: names });
  let isGone = false;
  const first = studio.broadcasts.admit('cam', { keyId: 'server' }, () => isGone);
  const answer = await names.asked();
  isGone = true;
  answer();
  await t.rejects(first, { code: 'unavailable', message: 'the publisher has gone' });
  t.strictSame(studio.broadcasts.list(), []);

  const encoder = { keyId: 'server', seemsGoneAfterMs: 0 };
  const begins = studio.publish('cam', encoder);
  const waits = studio.broadcasts.admit('cam', encoder, () => true);
  (await names.asked())();
  const publishing = new Publishing(await begins);
  await t.rejects(waits, { code: 'unavailable', message: 'the publisher has gone' });
  t.equal(publishing.replaced, false);
});

t.test('what was abandoned makes room at once, though it still ends; its end takes nothing from who follows', async (t) => {
  const studio = await openStudio(t, { endedRetentionSeconds: 0 });
  const abandoned = await studio.publish('cam');
  new Publishing(abandoned).connection.drop();
  const [next, tooLate] = await Promise.allSettled([studio.publish('cam'), studio.publish('cam')]);
  if (next.status !== 'fulfilled') throw next.reason;
  t.equal(tooLate.status, 'rejected');
  await abandoned.closed;
  await until(async () => (await studio.directory.locate('cam', abandoned.id)) === undefined);
  t.equal(await studio.directory.locate('cam'), next.value);
  await t.rejects(studio.directory.claim('cam'), { code: 'already-live' });
});

t.test('a publisher that is told of the end finds the name free', async (t) => {
  const studio = await openStudio(t);
  const broadcast = await studio.publish('cam');
  const next = new Promise<Broadcast>((resolve, reject) => {
    broadcast.ingest.connect({ onMessage: ({ type }) => type === 'ended' && void studio.publish('cam').then(resolve, reject), onReplaced: () => undefined });
  });
  void broadcast.end();
  t.not((await next).id, broadcast.id);
});

t.test('as many streams begin as may, however many names are claimed at the same moment', async (t) => {
  const names = new SlowDirectory();
  const studio = await openStudio(t, { directory: names, maxStreams: 2 });
  const asked = ['one', 'two', 'three', 'four'].map((stream) => studio.publish(stream));
  for (const answer of [await names.asked(), await names.asked()]) answer();
  const outcomes = await Promise.allSettled(asked);
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
  t.equal(studio.broadcasts.list().length, 2);
});

t.test('before a stop in a cluster pages move on, encoders are let end by themselves, and nothing begins', async (t) => {
  const studio = await openStudio(t);
  const [cam, encoder] = [await studio.publish('cam'), await studio.publish('encoder', { seemsGoneAfterMs: 3000 })];
  const publishing = new Publishing(cam);
  void publishing.connection.write(recording);
  const transcoder = await studio.transcoder(0);
  transcoder.init();
  transcoder.pictures(21);
  await until(() => cam.state === 'live');
  const young = await studio.publish('young');
  const seen: string[] = [];
  const say = (what: string) => () => void seen.push(what);
  cam.viewers.join({ message: ({ type }) => type === 'ended' && seen.push(type), init: () => undefined, media: () => undefined, backlogBytes: 0, end: say('end'), away: say('away'), drop: say('drop') });
  t.equal(studio.broadcasts.leaving, undefined);

  const leaving = studio.broadcasts.leave({ lingerMs: 0, withinMs: 60_000 });
  t.match(studio.broadcasts.leaving, /about to stop/);
  t.equal(studio.broadcasts.unavailableReason, undefined, 'what is here goes on');
  await t.rejects(studio.publish('late'), { code: 'unavailable', message: /about to stop/ });
  await t.rejects(studio.publish('cam', { resumeToken: cam.ingest.resumeToken }), { code: 'unavailable' }, 'it goes on elsewhere');
  t.equal(await young.closed.then((failure) => failure?.code), 'unavailable');
  t.equal(await cam.closed, null);
  t.equal(cam.state, 'waiting', 'nobody is told that it is over');
  t.notOk(cam.presentation.lead.ended);
  t.notOk(publishing.told.includes('ended'));
  await until(async () => (await studio.directory.locate('cam')) === undefined);
  t.strictSame(seen, ['away']);
  t.strictSame(studio.broadcasts.list(), [encoder]);
  await encoder.end();
  await leaving;
  await (await studio.directory.claim('cam')).release();
});
