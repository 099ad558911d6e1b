import { EventEmitter } from 'node:events';
import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import type { Answer } from '../../src/hls/answer.js';
import { Filled, never, start, textOf, timing } from '../helpers/filled.js';
import { initSegment, videoTrack } from '../helpers/media-builder.js';
import type { ReadPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';

/** Lets everything run that waits for nothing but its turn. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('there is nothing to play before a whole segment is there', async (t) => {
  const filled = new Filled();
  filled.part();
  for (const answer of [filled.presentation.multivariant(), await filled.rendition.mediaPlaylist({}, never)]) t.match(answer, { outcome: 'not-yet', message: /not on air yet/ });
  t.equal(filled.rendition.facts, undefined);
  filled.presentation.endSegment();
  t.equal(filled.presentation.multivariant().outcome, 'multivariant');
  t.match(filled.rendition.facts, { codecs: 'avc1.42c01f', width: 640, height: 360, ...timing });
});

t.test('a part is there the moment it is listed, and a segment is its parts one after another', async (t) => {
  const run = new Filled();
  run.segments(1);
  run.part();
  const { segments } = await run.playlist();
  for (const { parts, uri } of segments) {
    const bytes = await Promise.all(parts.map(async (part) => (await run.rendition.media(part.uri, never)).body as Buffer));
    t.ok(bytes.every((each) => each.length > 0));
    if (uri !== undefined) t.strictSame((await run.rendition.media(uri, never)).body, Buffer.concat(bytes));
  }
  t.equal((await run.rendition.media('init-0.mp4', never)).outcome, 'lasting');
});

t.test('a request for a part is answered exactly when that part is published', async (t) => {
  const filled = new Filled();
  filled.segments(2);
  filled.part();
  let answered: Answer | undefined;
  void filled.rendition.mediaPlaylist({ _HLS_msn: '2', _HLS_part: '2' }, never).then((answer) => (answered = answer));
  await settled();
  t.equal(answered, undefined, 'one part is there');
  filled.part();
  await settled();
  t.equal(answered, undefined, 'two are');
  filled.part();
  await settled();
  t.match(textOf(answered!), 'URI="2.2.m4s"');
  t.equal(answered?.outcome, 'lasting');
});

t.test('a request for a segment is answered when it is whole', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  const asked = filled.rendition.mediaPlaylist({ _HLS_msn: '1' }, never);
  filled.part();
  filled.part();
  await settled();
  t.equal(filled.rendition.waiting, 1);
  filled.presentation.endSegment();
  t.match(textOf(await asked), '\n1.m4s\n');
});

t.test('a request past the last part of a segment that ends early is answered with the first part of the next', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  filled.part();
  const asked = filled.rendition.mediaPlaylist({ _HLS_msn: '1', _HLS_part: '3' }, never);
  filled.presentation.endSegment();
  await settled();
  t.equal(filled.rendition.waiting, 1, 'the end alone brings nothing');
  filled.part();
  t.match(textOf(await asked), 'URI="2.0.m4s"');
});

t.test('200 held requests are released together, with one and the same body', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  const asked = Array.from({ length: 200 }, () => filled.rendition.mediaPlaylist({ _HLS_msn: '1', _HLS_part: '0' }, never));
  await settled();
  t.equal(filled.rendition.waiting, 200);
  filled.part();
  await settled();
  t.equal(filled.rendition.waiting, 0);
  const bodies = new Set((await Promise.all(asked)).map(({ body }) => body));
  t.equal(bodies.size, 1);
});

t.test('the hinted part is waited for and then arrives whole', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  for (let round = 0; round < 6; round++) {
    const [hint] = (await filled.playlist()).preloadHints;
    const uri = hint?.URI ?? '';
    const asked = filled.rendition.media(uri, never);
    await settled();
    t.equal(filled.rendition.waiting, 1);
    filled.part();
    t.ok((await filled.playlist()).segments.some(({ parts }) => parts.some((part) => part.uri === uri)), 'the part that came is the one that was hinted');
    t.match(await asked, { outcome: 'lasting', body: Buffer });
    if (round === 3) filled.presentation.endSegment();
  }
});

t.test('a hinted part that is never made, and every other name, is not found', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  filled.part();
  const asked = filled.rendition.media('1.1.m4s', never);
  filled.presentation.endSegment();
  t.match(await asked, { outcome: 'gone' });
  for (const name of ['', '99.m4s', '2.1.m4s', '-1.m4s', 'init-1.mp4', '../init-0.mp4', '__proto__']) {
    t.equal((await filled.rendition.media(name, never)).outcome, 'to-come', name);
  }
  const last = filled.rendition.media('2.0.m4s', never);
  filled.presentation.end();
  t.equal((await last).outcome, 'gone', 'hinted when the broadcast ended');
});

t.test('a stream that stands still is told after three target durations, and holds nobody any longer', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  const asked = filled.rendition.mediaPlaylist({ _HLS_msn: '1', _HLS_part: '0' }, never);
  const hinted = filled.rendition.media('1.0.m4s', never);
  await settled();
  t.strictSame(filled.timeouts.map(({ timeoutMs }) => timeoutMs), [6000, 6000]);
  for (const { fire } of filled.timeouts) fire();
  t.match(await asked, { outcome: 'standstill', message: /stands still/ });
  t.match(await hinted, { outcome: 'to-come' });
  t.equal(filled.rendition.waiting, 0);
  t.equal((await filled.rendition.mediaPlaylist({}, never)).outcome, 'present', 'what there is can still be had');
});

t.test('a client that goes away is waited for no longer', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  const client = new EventEmitter();
  const asked = filled.rendition.mediaPlaylist({ _HLS_msn: '1' }, (giveUp) => {
    client.on('close', giveUp);
    return () => client.off('close', giveUp);
  });
  await settled();
  t.equal(filled.rendition.waiting, 1);
  client.emit('close');
  await asked;
  t.equal(filled.rendition.waiting, 0);
  t.equal(client.listenerCount('close'), 0);
});

t.test('the end answers everybody who waits, and later directives are ignored', async (t) => {
  const filled = new Filled();
  filled.segments(8);
  filled.part();
  const asked = filled.rendition.mediaPlaylist({ _HLS_msn: '9' }, never);
  filled.presentation.end();
  const ended = textOf(await asked);
  t.match(ended, /8\.m4s\n#EXT-X-ENDLIST\n$/);
  t.notMatch(ended, 'EXT-X-PRELOAD-HINT');
  for (const directives of [{ _HLS_msn: '10' }, { _HLS_msn: '99' }, { _HLS_part: '1' }, { _HLS_msn: 'x' }, { _HLS_skip: 'YES' }]) {
    t.equal(textOf(await filled.rendition.mediaPlaylist(directives, never)), ended, JSON.stringify(directives));
  }
});

t.test('an impossible request is refused in words, for as long as a held one would be', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  t.match(await filled.rendition.mediaPlaylist({ _HLS_msn: '3' }, never), { outcome: 'malformed', message: /expected _HLS_msn up to 2, got 3/ });
  t.match(await filled.rendition.mediaPlaylist({}, never), { outcome: 'present' });
});

t.test('what may yet come to be is told apart from what never will: who asks too early decides nothing for those who ask in time', async (t) => {
  const filled = new Filled();
  filled.segments(2);
  filled.part();
  const early = ['2.m4s', '2.2.m4s', '3.m4s', '3.0.m4s', 'init-1.mp4'];
  for (const name of early) t.equal((await filled.rendition.media(name, never)).outcome, 'to-come', name);
  t.equal((await filled.rendition.mediaPlaylist({ _HLS_msn: '4' }, never)).outcome, 'malformed');
  filled.part();
  filled.part();
  filled.presentation.endSegment();
  filled.restart(start + 10_000);
  filled.part();
  filled.presentation.endSegment();
  for (const name of early) t.equal((await filled.rendition.media(name, never)).outcome, 'lasting', name);
  t.equal((await filled.rendition.mediaPlaylist({ _HLS_msn: '3' }, never)).outcome, 'lasting');
  for (const name of ['2.3.m4s', '1.4.m4s']) t.equal((await filled.rendition.media(name, never)).outcome, 'gone', `${name} of a segment that is whole`);
  filled.presentation.end();
  for (const name of ['4.m4s', '4.0.m4s']) t.equal((await filled.rendition.media(name, never)).outcome, 'gone', `${name} after the end`);
});

t.test('what left the playlist can still be had for its own duration and that of the playlist, and is then gone from memory', async (t) => {
  const filled = new Filled();
  const statusOf = async (name: string): Promise<string> => (await filled.rendition.media(name, never)).outcome;
  filled.segments(6);
  t.equal((await filled.playlist()).mediaSequence, 0);
  filled.segments(1);
  t.equal((await filled.playlist()).mediaSequence, 1, 'the oldest is no longer listed');
  for (let more = 0; more < 6; more++) {
    t.strictSame([await statusOf('0.m4s'), await statusOf('0.3.m4s')], ['lasting', 'lasting'], `${more} segments later`);
    filled.segments(1);
  }
  t.strictSame(filled.gone, [], 'two seconds of its own and twelve of the playlist are not over');
  filled.segments(1);
  t.strictSame(filled.gone, ['0.m4s']);
  t.strictSame([await statusOf('0.m4s'), await statusOf('0.0.m4s'), await statusOf('1.m4s'), await statusOf('init-0.mp4')], ['gone', 'gone', 'lasting', 'lasting']);
});

t.test('the window is measured in time: of short recordings more are listed, and each stays available as long as a long one', async (t) => {
  const filled = new Filled();
  const seen: ReadPlaylist[] = [];
  const delistedAt = new Map<number, number>();
  let [seconds, oldest] = [0, 0];
  for (let recording = 0; recording < 150; recording++) {
    filled.restart(start + recording * 700);
    filled.part(0.4);
    filled.presentation.endSegment();
    seconds += 0.4;
    const playlist = await filled.playlist();
    seen.push(playlist);
    for (; oldest < playlist.mediaSequence; oldest++) delistedAt.set(oldest, seconds);
    const listedSeconds = playlist.segments.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);
    if (oldest > 0) t.ok(listedSeconds >= Number(playlist.serverControl?.['HOLD-BACK']) && listedSeconds > 11.9, `${listedSeconds} s`);
    for (const uri of filled.gone.splice(0).filter((name) => !name.startsWith('init'))) {
      t.ok(seconds - (delistedAt.get(parseInt(uri)) ?? NaN) > 0.4 + 11.9, `${uri} goes ${seconds} s after the beginning`);
    }
  }
  t.strictSame(violations(seen), []);
  t.ok(oldest > 100, `${oldest} have left the list`);
});

t.test('recordings of a few milliseconds lengthen no playlist and no memory without bound', async (t) => {
  const filled = new Filled();
  let added = 0;
  for (let recording = 0; recording < 1500; recording++) {
    filled.restart(start + recording * 50);
    filled.part(0.002);
    filled.presentation.endSegment();
    added += 2;
  }
  t.ok((await filled.playlist()).segments.length <= 250);
  t.ok(added - filled.gone.length < 1100, `${added - filled.gone.length} names are kept`);
});

t.test('an init segment stays as long as any segment needs it', async (t) => {
  const filled = new Filled();
  filled.segments(2);
  filled.restart(start + 10_000);
  filled.segments(12);
  const statuses = async (): Promise<string[]> => Promise.all(['init-0.mp4', 'init-1.mp4', '1.m4s'].map(async (name) => (await filled.rendition.media(name, never)).outcome));
  t.strictSame(await statuses(), ['lasting', 'lasting', 'lasting']);
  filled.segments(1);
  t.strictSame(await statuses(), ['gone', 'lasting', 'gone']);
  t.strictSame(filled.gone, ['0.m4s', '1.m4s', 'init-0.mp4'], 'then it leaves the disk as well');
});

t.test('init segments of timelines that never showed anything are let go with those before them', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  for (let timeline = 0; timeline < 5; timeline++) filled.restart(start + 10_000);
  filled.segments(14);
  const there = await Promise.all([0, 1, 2, 3, 4, 5].map(async (number) => (await filled.rendition.media(`init-${number}.mp4`, never)).outcome));
  t.strictSame(there, ['gone', 'gone', 'gone', 'gone', 'gone', 'lasting']);
});

t.test('a timeline that shows nothing keeps nothing, however many there are', async (t) => {
  const filled = new Filled();
  const { inits } = filled;
  filled.segments(1);
  for (let timeline = 0; timeline < 50; timeline++) filled.restart(start + 10_000);
  t.strictSame(inits, ['init-0.mp4']);
  filled.part();
  t.strictSame(inits, ['init-0.mp4', 'init-50.mp4']);
});

t.test('a restart is a discontinuity, counted when it leaves the playlist; no playlist breaks a rule on the way', async (t) => {
  const filled = new Filled();
  const seen: ReadPlaylist[] = [];
  const look = async (): Promise<void> => void seen.push(await filled.playlist());
  filled.segments(7);
  await look();
  filled.restart(start + 20_000);
  filled.restart(start + 21_000);
  for (let segment = 0; segment < 12; segment++) {
    for (let part = 0; part < 4; part++) {
      filled.part();
      await look();
    }
    filled.presentation.endSegment();
    await look();
    if (segment === 3) filled.presentation.markDiscontinuity();
  }
  filled.presentation.end();
  await look();
  t.strictSame(violations(seen), []);
  t.equal(seen[0]?.discontinuitySequence, 0);
  t.equal(seen.at(-1)?.discontinuitySequence, 2, 'one for the restart, one for the hole');
  const discontinuities = new Set(seen.flatMap(({ segments }) => segments.filter(({ isDiscontinuity }) => isDiscontinuity).map(({ sequenceNumber }) => sequenceNumber)));
  t.strictSame([...discontinuities], [7, 11]);
  t.equal(seen.findLast(({ segments }) => segments.some(({ sequenceNumber }) => sequenceNumber === 7))?.segments.find(({ sequenceNumber }) => sequenceNumber === 7)?.mapUri, 'init-2.mp4');
});

t.test('a burst of heavy media is forgotten by BANDWIDTH when it has left the playlist', async (t) => {
  const filled = new Filled();
  filled.segments(2);
  const before = filled.rendition.facts?.peakBitsPerSecond ?? NaN;
  filled.part(0.002);
  filled.presentation.endSegment();
  const peak = filled.rendition.facts?.peakBitsPerSecond ?? NaN;
  t.ok(peak > before && peak < before * 1.5, `${before} becomes ${peak}`);
  filled.segments(12);
  t.ok((filled.rendition.facts?.peakBitsPerSecond ?? NaN) < peak);
});

t.test('dates that no longer join, since the source paused, are a discontinuity at the next segment, and none is said otherwise afterwards', async (t) => {
  const timeline = { init: readInitSegment(initSegment([videoTrack])), captureTimeMs: start };
  const filled = new Filled();
  filled.presentation.startTimeline(timeline);
  const seen: ReadPlaylist[] = [];
  for (let part = 0; part < 24; part++) {
    if (part === 6) timeline.captureTimeMs += 40;
    if (part === 14) timeline.captureTimeMs += 60_000;
    filled.part();
    if (part % 4 === 3) filled.presentation.endSegment();
    if (filled.rendition.playable) seen.push(await filled.playlist());
  }
  t.strictSame(violations(seen), []);
  const dates = seen.at(-1)?.segments.map(({ programDateTime = '', isDiscontinuity }) => [Date.parse(programDateTime) - start, isDiscontinuity]);
  t.strictSame(dates, [[0, false], [2000, false], [4040, false], [6040, false], [68_040, true], [70_040, false]], 'a slow correction joins');
});

t.test('a playlist is written and gzipped once, however many ask for it', async (t) => {
  const filled = new Filled();
  filled.segments(1);
  const [first, second] = await Promise.all([filled.rendition.mediaPlaylist({}, never), filled.rendition.mediaPlaylist({ _HLS_msn: '0' }, never)]);
  t.equal(first.body, second.body);
  filled.part();
  t.not((await filled.rendition.mediaPlaylist({}, never)).body, first.body);
});
