import t from 'tap';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import { HlsJs } from '../../../src/web/sdk/playback/hls-js.js';
import type { PlayerMode } from '../../../src/web/sdk/playback/path-choice.js';
import type { PlayedRenditions } from '../../../src/web/sdk/playback/renditions.js';
import type { PlaybackEnd, PlaybackOptions } from '../../../src/web/sdk/playback/playback.js';
import { FakeHls, loadFakeHls } from './fake-hls.js';
import { FakePage } from './fake-page.js';
import { FakeVideo, fakeBrowser } from './fake-video.js';

const hlsAddress = 'https://live.example/live/s/index.m3u8';

interface Bench {
  readonly page: FakePage;
  readonly video: FakeVideo;
  readonly path: HlsJs;
  readonly end: () => PlaybackEnd | undefined;
  readonly played: PlayedRenditions[];
  /** What the viewer wishes. */
  readonly wish: { rendition: string };
}

interface Wish {
  readonly mode?: PlayerMode;
  readonly webKit?: boolean;
}

async function bench(t: Parameters<typeof fakeBrowser>[0], open: (options: PlaybackOptions) => HlsJs, { mode = 'lowest-delay', webKit = false }: Wish = {}): Promise<Bench> {
  fakeBrowser(t);
  FakeHls.made = [];
  FakeHls.supported = true;
  const [page, video] = [new FakePage(), new FakeVideo()];
  Object.assign(page, { webKit });
  Object.assign(video, { paused: false });
  page.answers.set('/api/time', () => Response.json({ serverTimeMs: 1_000_000 + page.nowMs() }));
  const address = 'https://live.example';
  const addresses = { origin: address, stream: 's', token: undefined, play: '', hls: hlsAddress, chat: '', facts: '' };
  const played: PlayedRenditions[] = [];
  const wish = { rendition: 'auto' };
  const path = open({ video: video as unknown as HTMLVideoElement, mode, addresses, clock: new ClockOffset(), page, wishedRendition: () => wish.rendition, onRenditions: (now) => played.push(now) });
  let end: PlaybackEnd | undefined;
  void path.closed.then((how) => (end = how));
  await page.pass(10);
  return { page, video, path, end: () => end, played, wish };
}

const openHlsJs = (options: PlaybackOptions): HlsJs => new HlsJs(options, loadFakeHls);
const aLevel = { url: ['https://live.example/live/s/b1/media.m3u8'], height: 720, bitrate: 1e6 };
const hls = (): FakeHls => {
  const last = FakeHls.made.at(-1);
  if (last === undefined) throw new Error('expected an hls.js, none was made');
  return last;
};

t.test('hls.js is given the playlist and the element, and stays two parts behind the edge where parts come and the engine bears it', async (t) => {
  for (const [wish, target] of [[{}, 1], [{ webKit: true }, null], [{ mode: 'smooth' }, null]] as const) {
    const { path } = await bench(t, openHlsJs, wish);
    t.strictSame(hls().calls, [`load ${hlsAddress}`, 'attach']);
    hls().loadLevel(0.5);
    t.equal(hls().targetLatency, target, JSON.stringify(wish));
    t.equal(hls().config.lowLatencyMode, !('mode' in wish));
    t.equal(hls().config.liveDurationInfinity, true, 'a live stream has no duration that changes with each playlist');
    path.close();
  }
});

t.test('its levels are the renditions, called as by sockets; a wish is a level, and no wish hls.js’s own choice', async (t) => {
  const { path, played, wish } = await bench(t, openHlsJs);
  const level = (folder: string, height: number): FakeHls['levels'][number] => ({ url: [`https://live.example/live/s/b1/${folder}media.m3u8`], height, bitrate: height * 1000 });
  hls().parse([level('picture-2/', 360), level('', 720), level('picture-3/', 480)]);
  t.strictSame(hls().calls.filter((call) => call.startsWith('level')), [], 'by auto nothing is told');
  hls().switchTo(2);
  const renditions = [
    { id: 'source', height: 720, bitsPerSecond: 720_000 },
    { id: 'picture-3', height: 480, bitsPerSecond: 480_000 },
    { id: 'picture-2', height: 360, bitsPerSecond: 360_000 },
  ];
  t.strictSame(played.at(-1), { renditions, current: 'picture-3' });
  wish.rendition = 'picture-2';
  path.select();
  t.strictSame(played.at(-1), { renditions, current: 'picture-2' });
  wish.rendition = 'audio';
  path.select();
  t.ok(hls().autoLevelEnabled, 'what is not there is left to hls.js');
  path.select();
  wish.rendition = 'source';
  path.select();
  t.strictSame(hls().calls.filter((call) => call.startsWith('level')), ['level 0', 'level -1', 'level 1']);
  path.close();
  const again = await bench(t, openHlsJs);
  again.wish.rendition = 'picture-2';
  hls().parse([level('', 720), level('picture-2/', 360)]);
  t.strictSame(again.played.at(-1)?.current, 'picture-2', 'a wish from before is told at the beginning');
  again.path.close();
  const alone = await bench(t, openHlsJs);
  hls().parse([level('', 720)]);
  t.strictSame(alone.played, [], 'one is no choice');
  alone.path.close();
});

t.test('the sound alone, for which hls.js has no level beside pictures, is one more rendition: its own playlist is loaded, and that of all again', async (t) => {
  const { path, played, wish } = await bench(t, openHlsJs);
  const sound = 'https://live.example/live/s/b1/audio/media.m3u8';
  const loads = (): string[] => hls().calls.filter((call) => call.startsWith('load'));
  hls().parse([aLevel], sound);
  hls().switchTo(0);
  const renditions = [{ id: 'source', height: 720, bitsPerSecond: 1e6 }, { id: 'audio', bitsPerSecond: 64_000 }];
  t.strictSame(played.at(-1), { renditions, current: 'source' });
  wish.rendition = 'audio';
  path.select();
  path.select();
  t.strictSame(loads(), [`load ${hlsAddress}`, `load ${sound}`]);
  hls().parse([{ url: [sound], height: 0, bitrate: 0 }]);
  hls().switchTo(0);
  t.strictSame(played.at(-1), { renditions, current: 'audio' }, 'what there is to choose from stays');
  wish.rendition = 'auto';
  path.select();
  t.strictSame(loads().slice(2), [`load ${hlsAddress}`]);
  hls().parse([aLevel], sound);
  hls().switchTo(0);
  t.strictSame(played.at(-1), { renditions, current: 'source' });
  path.close();
  const again = await bench(t, openHlsJs);
  again.wish.rendition = 'audio';
  hls().parse([aLevel], sound);
  t.strictSame(loads(), [`load ${hlsAddress}`, `load ${sound}`], 'wished from before, it is loaded at the beginning');
  again.path.close();
});

t.test('its delay is the server’s time against that of the picture; its bit rate is what came; its codecs those of the level', async (t) => {
  const { page, path } = await bench(t, openHlsJs);
  t.strictSame(path.stats(), { latencySeconds: undefined, bitsPerSecond: undefined, codecs: undefined });
  hls().playingDate = new Date(1_000_000 + page.nowMs() - 2_500);
  hls().levels = [{ ...aLevel, videoCodec: 'avc1.42c01e', audioCodec: 'mp4a.40.2' }];
  for (let second = 0; second < 10; second += 1) {
    hls().buffer(125_000);
    await page.pass(1_000);
  }
  hls().playingDate = new Date(1_000_000 + page.nowMs() - 2_500);
  const { latencySeconds, bitsPerSecond, codecs } = path.stats();
  t.ok(Math.abs((latencySeconds ?? 0) - 2.5) < 0.1, String(latencySeconds));
  t.ok((bitsPerSecond ?? 0) > 7e5 && (bitsPerSecond ?? 0) < 13e5, String(bitsPerSecond));
  t.equal(codecs, 'avc1.42c01e,mp4a.40.2');
  path.close();
});

t.test('a stream that is not live is told apart from one that cannot be played', async (t) => {
  const notLive = await bench(t, openHlsJs);
  hls().fail({ fatal: true, type: 'networkError', details: 'manifestLoadError', code: 404 });
  await notLive.page.pass(0);
  t.strictSame(notLive.end(), { reason: 'not-live' });
  const broken = await bench(t, openHlsJs);
  hls().fail({ fatal: true, type: 'otherError', details: 'internalException' });
  await broken.page.pass(0);
  t.strictSame(broken.end(), { reason: 'failed', failure: { code: 'hls-error', detail: 'internalException: it broke' } });
  const unsupported = await bench(t, (options) => {
    FakeHls.supported = false;
    return openHlsJs(options);
  });
  t.strictSame(unsupported.end(), { reason: 'failed', failure: { code: 'path-unsupported' } });
  const unloaded = await bench(t, (options) => new HlsJs(options, () => Promise.reject(new Error('404'))));
  t.match(unloaded.end(), { reason: 'failed', failure: { code: 'player-not-loaded', detail: '404' } });
});

t.test('what breaks is mended three times, and again once it held for half a minute; small errors are hls.js’s own', async (t) => {
  const { page, end } = await bench(t, openHlsJs);
  hls().levels = [aLevel];
  hls().fail({ fatal: false, type: 'mediaError', details: 'bufferStalled' });
  t.notOk(hls().calls.includes('recover'));
  hls().fail({ fatal: true, type: 'mediaError', details: 'bufferAppend' });
  t.equal(hls().calls.at(-1), 'recover');
  hls().fail({ fatal: true, type: 'networkError', details: 'fragLoad' });
  await page.pass(1_000);
  t.equal(hls().calls.at(-1), 'start', 'the network is asked again after a second');
  await page.pass(40_000);
  for (let failure = 0; failure < 3; failure += 1) hls().fail({ fatal: true, type: 'mediaError', details: 'bufferAppend' });
  t.equal(end(), undefined);
  hls().fail({ fatal: true, type: 'mediaError', details: 'bufferAppend' });
  await page.pass(0);
  t.match(end(), { reason: 'failed', failure: { code: 'hls-error' } });
});

t.test('a viewer who is far behind is taken to the edge; one who pauses is left alone; smooth goes there by its pace', async (t) => {
  const lowest = await bench(t, openHlsJs);
  hls().liveSyncPosition = 20;
  Object.assign(lowest.video, { readyState: 4, currentTime: 10 });
  await lowest.page.pass(250);
  t.equal(lowest.video.currentTime, 20);
  Object.assign(lowest.video, { seeking: true, currentTime: 19 });
  await lowest.page.pass(250);
  t.equal(lowest.video.currentTime, 19, 'a seek that has not far to go is not disturbed');
  Object.assign(lowest.video, { currentTime: 10 });
  await lowest.page.pass(250);
  t.equal(lowest.video.currentTime, 20, 'one that waits for what is not listed any more is');
  Object.assign(lowest.video, { seeking: false, paused: true, currentTime: 10 });
  await lowest.page.pass(1_000);
  t.equal(lowest.video.currentTime, 10);
  const smooth = await bench(t, openHlsJs, { mode: 'smooth' });
  hls().liveSyncPosition = 20;
  for (const [at, rate] of [[18, 1.03], [19.5, 1], [21, 0.97]] as const) {
    Object.assign(smooth.video, { readyState: 4, currentTime: at });
    await smooth.page.pass(250);
    t.equal(smooth.video.playbackRate, rate, `at ${String(at)}`);
  }
});

t.test('with less than a second in hand it catches up, too, and slows down at nothing; a joint, at which the picture stands, costs no delay afterwards', async (t) => {
  const { page, video, path } = await bench(t, openHlsJs);
  hls().loadLevel(1 / 3);
  t.equal(hls().config.liveSyncOnStallIncrease, 0, 'hls.js would keep a longer distance for good');
  const media = { from: 0, to: 20 };
  Object.defineProperty(video, 'buffered', { get: () => ({ length: 1, start: () => media.from, end: () => media.to }) });
  /** So much is in hand, for two seconds. @returns the pace then */
  const inHand = async (seconds: number): Promise<number> => {
    for (let look = 0; look < 8; look += 1) {
      Object.assign(video, { readyState: 4, currentTime: video.currentTime + 0.25 });
      media.to = video.currentTime + seconds;
      hls().liveSyncPosition = media.to - 1 / 3;
      hls().loadPart(video.currentTime < 10 ? 0 : 1);
      await page.pass(250);
    }
    return video.playbackRate;
  };
  t.equal(await inHand(0.3), 1, 'two parts from the edge');
  t.ok((await inHand(0.8)) > 1, 'half a second behind that');
  t.equal(await inHand(0.3), 1);
  media.to = video.currentTime;
  video.say('waiting');
  Object.assign(video, { currentTime: 12 });
  await inHand(0.3);
  t.ok((await inHand(0.45)) > 1, 'the next recording is as close to the edge');
  hls().loadLevel(1 / 3, false);
  t.equal(video.playbackRate, 1, 'the end is played as it is');
  path.close();
});

t.test('who would begin in segment 0, by whose parts hls.js goes round in circles, begins behind it', async (t) => {
  for (const [sync, chosen, fragments, calls] of [
    [1.6, -1, [{ sn: 0, end: 2 }], ['start 2']],
    [2.1, 1.8, [{ sn: 0, end: 2 }], ['start 2']],
    [2.4, 2.1, [{ sn: 0, end: 2 }, { sn: 1, end: 4 }], []],
    [41, 40.7, [{ sn: 20, end: 42 }], []],
  ] as const) {
    const { path } = await bench(t, openHlsJs);
    Object.assign(hls(), { liveSyncPosition: sync, startPosition: chosen });
    hls().loadLevel(1 / 3, true, fragments);
    hls().loadLevel(1 / 3, true, fragments);
    t.strictSame(hls().calls.slice(2), calls, 'once');
    path.close();
  }
});

t.test('a long pause loads nothing, also when the network fails in it; going on loads again', async (t) => {
  const { page, path } = await bench(t, openHlsJs);
  hls().levels = [aLevel];
  hls().fail({ fatal: true, type: 'networkError', details: 'fragLoad' });
  path.suspend();
  await page.pass(5_000);
  t.strictSame(hls().calls.slice(2), ['stop']);
  path.resume();
  t.equal(hls().calls.at(-1), 'start');
});

t.test('closed or ended: no timer, no question and no hls.js is left', async (t) => {
  for (const way of ['close', 'ended'] as const) {
    const { page, video, path, end } = await bench(t, openHlsJs);
    if (way === 'close') path.close();
    else video.say('ended');
    path.close();
    await page.pass(600_000);
    t.strictSame(page.left, { timers: 0, listeners: 0, sockets: 0 }, way);
    t.equal(end()?.reason, way === 'close' ? 'closed' : 'ended');
    t.equal(hls().calls.filter((call) => call === 'destroy').length, 1);
  }
});

t.test('an hls.js that asks for nothing although its playlists grow begins anew; one that asks, or waits for what it asked for, or whose viewer pauses, or whose broadcast waits does not', async (t) => {
  const { page, video, path } = await bench(t, openHlsJs);
  const loads = (): number => hls().calls.filter((call) => call.startsWith('load')).length;
  let endSn = 10;
  const listed = async (seconds: number, each: () => void = () => undefined, segmentsASecond = 0.5): Promise<number> => {
    for (let second = 0; second < seconds; second += 1) {
      hls().list(Math.floor((endSn += segmentsASecond)));
      each();
      await page.pass(1000);
    }
    return loads();
  };
  t.equal(await listed(60, () => hls().ask()()), 1, 'it asks');
  const ends = hls().ask();
  t.equal(await listed(60), 1, 'a slow line takes a minute for what it asked for');
  ends();
  t.equal(await listed(60, undefined, 0), 1, 'there is nothing new');
  Object.assign(video, { paused: true });
  t.equal(await listed(60), 1, 'it is paused');
  Object.assign(video, { paused: false });
  t.equal(await listed(14), 1);
  t.equal(await listed(4), 2, 'it stands still');
  t.equal(await listed(8), 2, 'and is given time');
  path.close();
});
