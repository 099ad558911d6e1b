import t from 'tap';
import { streamAddresses } from '../../../src/web/sdk/playback/addresses.js';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import { NativeHls } from '../../../src/web/sdk/playback/native-hls.js';
import type { PlaybackEnd } from '../../../src/web/sdk/playback/playback.js';
import { FakePage, settle } from './fake-page.js';
import { FakeVideo } from './fake-video.js';

/** An element that plays HLS by itself. */
class HlsVideo extends FakeVideo {
  edgeSeconds = 0;
  startDate = new Date(NaN);
  asked: string[] = [];

  override set src(url: string) {
    this.asked.push(url);
  }

  override canPlayType(): string {
    return 'maybe';
  }

  get seekable(): Pick<TimeRanges, 'length' | 'start' | 'end'> {
    return { length: 1, start: () => 0, end: () => this.edgeSeconds };
  }

  getStartDate(): Date {
    return this.startDate;
  }
}

function bench(video: FakeVideo) {
  const page = new FakePage();
  page.answers.set('/api/time', () => new Response(JSON.stringify({ serverTimeMs: 1_000_000 + page.nowMs() })));
  const ends: PlaybackEnd[] = [];
  const path = new NativeHls({ video: video as unknown as HTMLVideoElement, mode: 'lowest-delay', addresses: streamAddresses('https://live.example/live/s', undefined), clock: new ClockOffset(), page, wishedRendition: () => 'auto', onRenditions: () => undefined });
  void path.closed.then((end) => ends.push(end));
  return { page, path, ends };
}

t.test('where the browser does not play HLS it has failed at once', async (t) => {
  const { page, ends } = bench(new FakeVideo());
  await settle();
  t.same(ends, [{ reason: 'failed', failure: { code: 'path-unsupported' } }]);
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('it tells how far behind it is by the server’s clock, which it asks for again and again', async (t) => {
  const video = new HlsVideo();
  const { page, path } = bench(video);
  await page.pass(0);
  t.same(video.asked, ['https://live.example/live/s/index.m3u8']);
  t.equal(path.stats().latencySeconds, undefined, 'before a date is known');
  video.startDate = new Date(1_000_000);
  video.currentTime = 7;
  await page.pass(10_000);
  t.equal(path.stats().latencySeconds, 3);
  const asked = page.asked.length;
  await page.pass(300_000);
  t.ok(page.asked.length > asked);
  path.close();
});

t.test('a page that comes back goes to the live edge when it is far behind, not for a little, and not while it is paused', async (t) => {
  const video = new HlsVideo();
  const { path } = bench(video);
  video.edgeSeconds = 100;
  path.resume();
  t.equal(video.currentTime, 0, 'paused');
  await video.play();
  video.currentTime = 90;
  path.resume();
  t.equal(video.currentTime, 90, 'near enough');
  video.currentTime = 20;
  path.resume();
  t.equal(video.currentTime, 96);
  path.close();
});

t.test('its end is said once, in words where it failed, and leaves nothing behind', async (t) => {
  for (const [end, expected] of [
    [(video: HlsVideo) => video.say('ended'), { reason: 'ended' }],
    [(video: HlsVideo) => Object.assign(video, { error: { message: '', code: 4 } }).say('error'), { reason: 'failed', failure: { code: 'media-error', detail: 'media error 4' } }],
  ] as const) {
    const video = new HlsVideo();
    const { page, path, ends } = bench(video);
    await page.pass(0);
    end(video);
    path.close();
    await settle();
    t.same(ends, [expected]);
    t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
  }
});
