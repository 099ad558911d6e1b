import t, { type Test } from 'tap';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import type { PlaybackEnd } from '../../../src/web/sdk/playback/playback.js';
import type { PlayedRenditions } from '../../../src/web/sdk/playback/renditions.js';
import { SeekableHls } from '../../../src/web/sdk/playback/seekable-hls.js';
import { FakeHls, loadFakeHls } from './fake-hls.js';
import { FakePage, settle } from './fake-page.js';
import { FakeVideo, fakeBrowser } from './fake-video.js';

const serverSeconds = 1000;

/** Three segments of 2 s, the last of which ended now. */
const list = { live: true, fragments: [0, 2, 4].map((start) => ({ start, duration: 2, programDateTime: (serverSeconds - 6 + start) * 1000 })) };

async function open(t: Test, recording: string | undefined, fromSeconds?: number, wish = { rendition: 'auto' }) {
  fakeBrowser(t);
  FakeHls.made = [];
  const [page, video] = [new FakePage(), new FakeVideo()];
  page.answers.set('/api/time', () => Response.json({ serverTimeMs: serverSeconds * 1000 + page.nowMs() }));
  const address = 'https://live.example';
  const addresses = { origin: address, stream: 's', recording, token: undefined, play: '', hls: `${address}/x/index.m3u8`, chat: '', facts: '' };
  const played: PlayedRenditions[] = [];
  const more = { wishedRendition: () => wish.rendition, onRenditions: (now: PlayedRenditions) => played.push(now) };
  const path = new SeekableHls({ video: video as unknown as HTMLVideoElement, mode: 'smooth', addresses, clock: new ClockOffset(), page, fromSeconds, ...more }, loadFakeHls);
  let end: PlaybackEnd | undefined;
  void path.closed.then((over) => (end = over));
  t.teardown(() => path.close());
  await settle();
  const [hls] = FakeHls.made;
  if (hls === undefined) throw new Error('expected hls.js to be made');
  return { page, video, path, hls, played, end: () => end };
}

t.test('what was live is loaded from the longer playlist, from the date that is wanted on, and plays on from there', async (t) => {
  const { path, hls, video } = await open(t, undefined, serverSeconds - 3);
  t.strictSame(hls.calls, ['load https://live.example/x/dvr.m3u8', 'attach']);
  t.equal(path.place(), undefined, 'before the playlist is there');
  hls.update(list);
  t.equal(hls.calls.at(-1), 'start 3');
  t.equal(path.place()?.positionSeconds, serverSeconds - 3, 'at once, for whoever looks at the bar');
  video.currentTime = 3;
  video.say('seeked');
  video.currentTime = 3.5;
  t.match(path.place(), { positionSeconds: serverSeconds - 2.5, startSeconds: serverSeconds - 6 });
  t.equal(path.stats().latencySeconds, 2.5);
});

t.test('who goes to the very beginning, where nothing is sought, sees the time go on, too', async (t) => {
  const { path, hls, video } = await open(t, undefined, serverSeconds - 6);
  hls.update(list);
  t.equal(hls.calls.at(-1), 'start 0');
  video.say('playing');
  video.currentTime = 1;
  t.equal(path.place()?.positionSeconds, serverSeconds - 5);
});

t.test('a recording begins at its beginning, counts from there, loads nothing while it is let go of, and does not end with its end', async (t) => {
  const { path, hls, video, end } = await open(t, 'cam-1');
  t.equal(hls.config.startPosition, 0, 'also while it grows');
  t.equal(hls.calls[0], 'load https://live.example/x/index.m3u8');
  hls.update({ ...list, live: false });
  t.strictSame(path.place(), { positionSeconds: 0, startSeconds: 0, endSeconds: 6 });
  path.suspend();
  path.seek(4);
  t.strictSame([hls.calls.slice(2), video.currentTime], [['stop', 'start'], 4], 'the picture of another place is loaded all the same');
  video.say('ended');
  await settle();
  t.equal(end(), undefined);
  hls.fail({ fatal: true, type: 'networkError', details: 'manifestLoadError', code: 404 });
  await settle();
  t.strictSame(end(), { reason: 'not-live' });
});

t.test('who goes back keeps the rendition that was chosen, and may choose another there', async (t) => {
  const wish = { rendition: '480p' };
  const { path, hls, played } = await open(t, undefined, serverSeconds - 3, wish);
  const level = (folder: string, height: number) => ({ url: [`https://live.example/x/run1/${folder}dvr.m3u8`], height, bitrate: height * 1000 });
  hls.parse([level('', 720), level('480p/', 480)]);
  t.match(played.at(-1), { renditions: [{ id: 'source', height: 720 }, { id: '480p', height: 480 }], current: '480p' });
  wish.rendition = 'source';
  path.select();
  t.equal(played.at(-1)?.current, 'source');
});
