import t from 'tap';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import type { PlaybackEnd } from '../../../src/web/sdk/playback/playback.js';
import type { PlayedRenditions } from '../../../src/web/sdk/playback/renditions.js';
import { streamAddresses } from '../../../src/web/sdk/playback/addresses.js';
import { WebSocketMse } from '../../../src/web/sdk/playback/web-socket-mse.js';
import { FakeMediaSource, FakeVideo, fakeBrowser, fragment, initSegment } from './fake-video.js';
import { FakePage } from './fake-page.js';

fakeBrowser(t);

function bench(video = new FakeVideo(), wish = { rendition: 'auto' }) {
  const played: PlayedRenditions[] = [];
  const page = new FakePage();
  const ends: PlaybackEnd[] = [];
  const path = new WebSocketMse({ video: video as unknown as HTMLVideoElement, mode: 'lowest-delay', addresses: streamAddresses('https://live.example/live/s', undefined), clock: new ClockOffset(), page, wishedRendition: () => wish.rendition, onRenditions: (now) => played.push(now) });
  void path.closed.then((end) => ends.push(end));
  let sentMs = 0;
  /** What the server calls its media clock. */
  const names = { clock: '' };
  return {
    page,
    names,
    video,
    path,
    ends,
    played,
    wish,
    /** Opens a timeline at this media time. */
    init: (atMs: number, ...kinds: ('vide' | 'soun')[]): void => {
      page.socket.say({ type: 'init', mimeType: 'video/mp4; codecs="avc1.42c01f"', mediaTimeSeconds: atMs / 1000, captureTimeMs: 1_000_000 + atMs, ...(names.clock !== '' && { clock: names.clock }) });
      page.socket.sayBytes(initSegment(...kinds));
      sentMs = atMs;
    },
    /** So much of the stream in real time, ten fragments a second, played as it comes. */
    stream: async (seconds: number, fromMs = sentMs): Promise<void> => {
      sentMs = fromMs;
      for (let count = 0; count < seconds * 10; count += 1) {
        page.socket.sayBytes(fragment(sentMs, 100));
        sentMs += 100;
        await page.pass(100);
        video.advance(0.1 * video.playbackRate);
      }
    },
  };
}

t.test('in a tab that was never shown nothing is asked for, so nothing piles up; shown, it plays', async (t) => {
  const hidden = new FakeVideo();
  hidden.opensSources = false;
  const { page, video, path, init, stream } = bench(hidden);
  await page.pass(600_000);
  t.equal(page.sockets.length, 0);
  video.source?.open();
  await page.pass(0);
  t.equal(page.sockets.length, 1);
  await video.play();
  init(5_000, 'vide');
  await stream(2);
  t.ok(video.currentTime > 1);
  path.close();
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('it begins near the end of what came first, and stays near the end', async (t) => {
  const { page, video, path, init } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  page.socket.sayBytes(fragment(0, 2_000));
  await page.pass(0);
  t.ok(video.currentTime >= 1.7, `at ${video.currentTime} of 2`);
  path.close();
});

t.test('a picture that waits before a hole, with too much in hand for its end and too little to move, goes over it', async (t) => {
  const { page, video, path, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  await stream(1);
  page.socket.sayBytes(fragment(1_200, 100));
  Object.assign(video, { currentTime: 0.82, readyState: 2 });
  await page.pass(100);
  page.socket.sayBytes(fragment(1_300, 100));
  await page.pass(100);
  t.ok(video.currentTime > 1.2, `at ${video.currentTime}`);
  path.close();
});

t.test('media of other kinds gets a source of its own, and only what follows it', async (t) => {
  const { page, video, path, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide', 'soun');
  await stream(1);
  const first = video.source;
  const sockets = page.sockets.length;
  init(10_000, 'soun');
  await page.pass(0);
  t.not(video.source, first);
  t.equal(page.sockets.length, sockets + 1, 'the server begins with the present group again');
  t.notOk(page.sockets[sockets - 1]?.isOpen);
  init(10_000, 'soun');
  await stream(1);
  t.same(first?.buffers.map((buffer) => buffer.kinds.length), [1]);
  t.same(video.source?.buffers.map((buffer) => buffer.kinds.length), [1]);
  path.close();
});

t.test('other codecs go on in the same source, but where a browser can not change them they get one of their own, which is no failure', async (t) => {
  for (const canChange of [true, false]) {
    const { page, video, path, ends, init, stream } = bench();
    await page.pass(0);
    await video.play();
    init(0, 'vide');
    await stream(1);
    const first = video.source;
    const prototype = Object.getPrototypeOf(first?.buffers[0]) as { changeType?: () => void };
    const { changeType } = prototype;
    if (!canChange) delete prototype.changeType;
    page.socket.say({ type: 'init', mimeType: 'video/mp4; codecs="avc1.4d401e"', mediaTimeSeconds: 10, captureTimeMs: 1_010_000 });
    page.socket.sayBytes(initSegment('vide'));
    await page.pass(0);
    t.equal(video.source === first, canChange);
    t.same(ends, []);
    path.close();
    Object.assign(prototype, { changeType });
  }
});

t.test('paused for long it has no line; resumed, it is at the live edge again', async (t) => {
  const { page, video, path, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  await stream(2);
  video.pause();
  path.suspend();
  t.equal(page.left.sockets, 0);
  await page.pass(60_000);
  t.equal(page.sockets.length, 1, 'nobody comes back by himself');
  await video.play();
  path.resume();
  t.equal(page.sockets.length, 2);
  init(60_000, 'vide');
  page.socket.sayBytes(fragment(60_000, 2_000));
  await page.pass(0);
  await stream(1);
  const buffered = video.buffered;
  t.ok(buffered.end(buffered.length - 1) - video.currentTime < 1, 'near the end of what there is');
  path.close();
});

t.test('an element that could be sent to AirPlay can be again afterwards', async (t) => {
  const { MediaSource } = globalThis;
  Object.assign(globalThis, { MediaSource: undefined, ManagedMediaSource: FakeMediaSource });
  t.teardown(() => Object.assign(globalThis, { MediaSource, ManagedMediaSource: undefined }));
  for (const atFirst of [false, true]) {
    const element = new FakeVideo();
    element.disableRemotePlayback = atFirst;
    const { page, video, path } = bench(element);
    await page.pass(0);
    t.equal(video.disableRemotePlayback, true);
    path.close();
    t.equal(video.disableRemotePlayback, atFirst);
  }
});

t.test('an iPhone that wants no more while it is paused is sent no more', async (t) => {
  const { page, video, path } = bench();
  await page.pass(0);
  video.source?.dispatchEvent(new Event('endstreaming'));
  t.equal(page.left.sockets, 0);
  path.resume();
  t.equal(page.left.sockets, 1);
  await video.play();
  video.source?.dispatchEvent(new Event('endstreaming'));
  t.equal(page.left.sockets, 1, 'playing, it is at the edge and has nothing to spare');
  path.close();
});

t.test('messages of a later server change nothing', async (t) => {
  const { page, video, path, ends, init, stream } = bench();
  await page.pass(0);
  await video.play();
  page.socket.say({ type: 'renditions', renditions: [], current: 'source' } as never);
  init(0, 'vide');
  page.socket.say({ type: 'gap' } as never);
  await stream(1);
  t.same(ends, []);
  t.ok(video.currentTime > 0.5);
  path.close();
});

t.test('each end has its reason', async (t) => {
  const ended = bench();
  await ended.page.pass(0);
  ended.page.socket.say({ type: 'ended' });
  await ended.page.pass(0);
  t.same(ended.ends, [{ reason: 'ended' }]);

  const broken = bench();
  await broken.page.pass(0);
  broken.video.error = { message: 'a broken frame' };
  broken.video.say('error');
  await broken.page.pass(0);
  t.same(broken.ends, [{ reason: 'failed', failure: { code: 'media-error', detail: 'a broken frame' } }]);

  const refused = bench();
  await refused.page.pass(0);
  FakeMediaSource.refuses = 'avc1';
  refused.init(0, 'vide');
  FakeMediaSource.refuses = 'nothing';
  await refused.page.pass(0);
  t.match(refused.ends, [{ reason: 'failed', failure: { code: 'codecs-unsupported' } }]);

  const skipped = bench();
  await skipped.page.pass(0);
  await skipped.video.play();
  skipped.init(0, 'vide');
  await skipped.stream(1);
  for (let count = 0; count < 2; count += 1) skipped.page.socket.say({ type: 'gap', skippedSeconds: 4 });
  await skipped.stream(1);
  t.same(skipped.ends, [{ reason: 'failed', failure: { code: 'line-too-slow' } }]);
});

t.test('a connect that hangs is not waited for: the path is back as soon as the network is', async (t) => {
  const { page, video, path, ends, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  await stream(1);
  page.socket.drop();
  await page.pass(12_000);
  t.ok(page.sockets.length > 2, 'attempts that hung were given up');
  t.same(ends, []);
  init(13_000, 'vide');
  await stream(1);
  t.ok(video.currentTime > 1.5);
  path.close();
});

t.test('opened and closed a hundred times it leaves no timer, listener or socket, at whatever stage', async (t) => {
  const video = new FakeVideo();
  for (let round = 0; round < 100; round += 1) {
    const { page, path, init } = bench(video);
    if (round % 4 > 0) await page.pass(0);
    if (round % 4 > 1) init(0, 'vide');
    if (round % 4 > 2) page.socket.drop();
    path.close();
    path.close();
    await page.pass(0);
    t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
  }
});

t.test('after many joints and lost connections the viewer is as close to live as at the start', async (t) => {
  const { page, video, path, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  const settle = async (): Promise<number> => {
    await stream(12);
    return video.buffered.end(0) - video.currentTime;
  };
  const atStart = await settle();
  for (let round = 1; round <= 20; round += 1) {
    if (round % 4 === 0) page.socket.drop();
    // The picture runs dry, and only then comes what follows.
    video.advance(1);
    video.say('waiting');
    await page.pass(round % 4 === 0 ? 1_500 : 600);
    if (round % 4 === 0) page.socket.open();
    init(round * 100_000, 'vide');
    // Meanwhile it piled up, as it does: the new recording began before the old one was at its end.
    page.socket.sayBytes(fragment(round * 100_000, 600));
    await stream(8, round * 100_000 + 600);
  }
  const atEnd = await settle();
  t.ok(atEnd <= atStart + 0.05, `${atStart.toFixed(2)} s at the start, ${atEnd.toFixed(2)} s at the end`);
  path.close();
});

t.test('a picture that stands with a little in hand, which decoders need for themselves, is given more, and a calm line takes it back', async (t) => {
  const { page, video, path, init, stream } = bench();
  await page.pass(0);
  await video.play();
  init(0, 'vide');
  const inHand = async (seconds: number): Promise<number> => {
    await stream(seconds);
    return video.buffered.end(0) - video.currentTime;
  };
  const before = await inHand(12);
  video.currentTime = video.buffered.end(0) - 0.12;
  video.say('waiting');
  await page.pass(300);
  const after = await inHand(7);
  t.ok(after > before + 0.05, `${before.toFixed(2)} s before, ${after.toFixed(2)} s after`);
  const calm = await inHand(30);
  t.ok(calm < before + 0.03, `${before.toFixed(2)} s before, ${calm.toFixed(2)} s half a minute later`);
  path.close();
});

t.test('however long the network is gone, it is waited for: a line without media is not a slow one', async (t) => {
  for (const hangs of [true, false]) {
    const { page, video, path, ends, init, stream } = bench();
    await page.pass(0);
    await video.play();
    init(0, 'vide');
    page.socket.say({ type: 'pong', sentAtMs: page.nowMs(), serverTimeMs: 1_000_000 });
    await stream(5);
    page.tell('offline');
    if (!hangs) page.socket.drop();
    await page.pass(120_000);
    t.same(ends, [], hangs ? 'without a word' : 'cut off');
    page.tell('online');
    await page.pass(0);
    page.socket.open();
    init(125_000, 'vide');
    const before = video.currentTime;
    await stream(3);
    t.ok(video.currentTime > before + 2, 'it plays on');
    path.close();
  }
});

/** What the server was told on this connection. */
const selects = (page: FakePage): unknown[] => page.socket.texts.filter(({ type }) => type === 'select');

const ladder = [
  { id: 'source', height: 720, bitsPerSecond: 3e6 },
  { id: '480p', height: 480, bitsPerSecond: 1e6 },
  { id: 'audio', bitsPerSecond: 1e5 },
];

t.test('another rendition goes on in the same buffer, each picture at its time, with other codecs too', async (t) => {
  const { page, video, path, played, wish, init, stream } = bench();
  await page.pass(0);
  page.socket.open();
  await video.play();
  const say = (current: string): void => page.socket.say({ type: 'renditions', renditions: ladder, current });
  init(5_000, 'vide', 'soun');
  say('source');
  await stream(2);
  const source = video.source;
  const offset = source?.buffers[0]?.timestampOffset;
  wish.rendition = '480p';
  path.select();
  path.select();
  t.strictSame(selects(page), [{ type: 'select', rendition: '480p' }], 'told once');
  page.socket.say({ type: 'init', mimeType: 'video/mp4; codecs="avc1.4d401e"', mediaTimeSeconds: 0, captureTimeMs: 1_000_000 });
  page.socket.sayBytes(initSegment('vide', 'soun'));
  say('480p');
  await stream(2);
  t.equal(video.source, source);
  t.equal(source?.buffers.length, 1);
  t.equal(source?.buffers[0]?.timestampOffset, offset, 'nothing moves');
  t.strictSame(played.map(({ current }) => current), ['source', '480p']);
  t.same(page.sockets.length, 1);
  path.close();
});

t.test('a wish from before is told when that rendition is there, and asked for by the address when the connection is made anew', async (t) => {
  const { page, video, path, init, stream } = bench(new FakeVideo(), { rendition: 'audio' });
  await page.pass(0);
  page.socket.open();
  await video.play();
  init(0, 'vide', 'soun');
  page.socket.say({ type: 'renditions', renditions: ladder.slice(0, 2), current: 'source' });
  t.strictSame(selects(page), []);
  page.socket.say({ type: 'renditions', renditions: ladder, current: 'source' });
  t.strictSame(selects(page), [{ type: 'select', rendition: 'audio' }]);
  await stream(1);
  init(1_000, 'soun');
  await page.pass(0);
  t.equal(page.sockets.length, 2, 'other kinds of media get a source of their own');
  t.match(page.socket.url, /\/play\?rendition=audio$/);
  init(1_000, 'soun');
  page.socket.say({ type: 'renditions', renditions: ladder, current: 'audio' });
  await stream(1);
  t.strictSame(selects(page), [], 'and is there without a word');
  t.same(video.source?.buffers.map((buffer) => buffer.kinds.length), [1]);
  path.close();
});

t.test('a line that is too slow is left to the server for as long as it has something smaller', async (t) => {
  const { page, video, path, ends, init, stream } = bench();
  await page.pass(0);
  page.socket.open();
  await video.play();
  init(0, 'vide');
  page.socket.say({ type: 'renditions', renditions: ladder, current: 'source' });
  await stream(1);
  for (let gap = 0; gap < 3; gap++) page.socket.say({ type: 'gap', skippedSeconds: 1 });
  await stream(1);
  t.strictSame(ends, []);
  page.socket.say({ type: 'renditions', renditions: ladder, current: '480p' });
  for (let gap = 0; gap < 3; gap++) page.socket.say({ type: 'gap', skippedSeconds: 1 });
  await stream(1);
  t.match(ends, [{ failure: { code: 'line-too-slow' } }]);
  path.close();
});

/** Watches for ten seconds, loses the connection for so long, and has another one; the server says that its dates are others by then. */
async function comesBack(awaySeconds: number, { clock = 'one' } = {}) {
  const all = bench();
  const { page, video, names, init, stream } = all;
  names.clock = clock;
  await page.pass(0);
  page.socket.open();
  await video.play();
  init(5_000, 'vide');
  await stream(10);
  page.socket.drop();
  for (let tenth = 0; tenth < awaySeconds * 10; tenth += 1) {
    await page.pass(100);
    video.advance(0.1);
  }
  if (!page.socket.isOpen) throw new Error('expected another connection by now');
  page.socket.open();
  page.socket.say({ type: 'init', mimeType: 'video/mp4; codecs="avc1.42c01f"', mediaTimeSeconds: 0, captureTimeMs: 1_004_000, ...(names.clock !== '' && { clock: names.clock }) });
  page.socket.sayBytes(initSegment('vide'));
  return all;
}

t.test('who lost the connection asks for what it missed, plays all of it, faster, and is at the edge again', async (t) => {
  const { page, video, path, ends, stream } = await comesBack(8);
  const asked = new URL(page.socket.url).searchParams;
  t.equal(asked.get('clock'), 'one');
  t.ok(Math.abs(Number(asked.get('from')) - 14.9) < 0.001, String(asked));
  const offset = video.source?.buffers[0]?.timestampOffset;
  const stoodAt = video.currentTime;
  // From the keyframe before it on, at once.
  for (let atMs = 14_000; atMs < 23_000; atMs += 100) page.socket.sayBytes(fragment(atMs, 100));
  await page.pass(0);
  t.equal(video.source?.buffers[0]?.timestampOffset, offset, 'each picture at its time');
  let furthest = 0;
  let fastest = 0;
  for (let count = 0; count < 600; count += 1) {
    const before = video.currentTime;
    await stream(0.1, 23_000 + count * 100);
    furthest = Math.max(furthest, video.currentTime - before);
    fastest = Math.max(fastest, video.playbackRate);
    if (count === 0) t.ok(before - stoodAt < 0.2, 'it goes on where it stood');
  }
  t.ok(furthest < 0.13, `nothing is jumped over: ${furthest.toFixed(2)} s in a tenth of a second`);
  t.equal(fastest, 1.2);
  t.ok(video.buffered.end(0) - video.currentTime < 0.5, `${(video.buffered.end(0) - video.currentTime).toFixed(2)} s in hand a minute later`);
  t.equal(video.buffered.length, 1);
  t.same(ends, []);
  path.close();
});

t.test('what was missed may come a while after the connection, from another server; too much of it is not caught up with', async (t) => {
  for (const [afterSeconds, missedSeconds, isPlayed] of [[10, 12, true], [40, 12, true], [2, 30, false]] as const) {
    const { page, video, path, stream } = await comesBack(8);
    const stoodAt = video.currentTime;
    await page.pass(afterSeconds * 1000);
    for (let atMs = 15_000; atMs < 15_000 + missedSeconds * 1000; atMs += 100) page.socket.sayBytes(fragment(atMs, 100));
    await stream(1, 15_000 + missedSeconds * 1000);
    t.equal(video.currentTime - stoodAt < 2, isPlayed, `${afterSeconds} s later ${missedSeconds} s: at ${(video.currentTime - stoodAt).toFixed(1)} s`);
    path.close();
  }
});

t.test('of a server that names no clock, and after a pause of the viewer, nothing is asked for but the edge; another clock goes behind what is there', async (t) => {
  const nameless = await comesBack(8, { clock: '' });
  t.notMatch(nameless.page.socket.url, /from=/);
  nameless.path.close();

  const { page, video, path, names, init, stream } = await comesBack(8);
  path.suspend();
  path.resume();
  t.notMatch(page.socket.url, /from=/);
  const offset = video.source?.buffers[0]?.timestampOffset ?? 0;
  const edge = video.buffered.end(0);
  page.socket.open();
  names.clock = 'another';
  init(14_000, 'vide');
  await stream(1);
  t.ok((video.source?.buffers[0]?.timestampOffset ?? 0) > offset);
  t.ok(video.buffered.end(0) > edge + 0.9);
  path.close();
});

t.test('what was missed before the connection was there is no word on the line', async (t) => {
  const { page, path, ends, init, stream } = bench();
  await page.pass(0);
  init(0, 'vide');
  for (let count = 0; count < 3; count += 1) page.socket.say({ type: 'gap', skippedSeconds: 30 });
  await stream(1);
  t.same(ends, []);
  path.close();
});
