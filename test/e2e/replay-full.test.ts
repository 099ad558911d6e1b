import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';

import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { readFixture, recordingsOf } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { waitUntil } from '../helpers/programs.js';
import { openSdkSocket } from '../helpers/sdk-publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(90_000);

const sliceBytes = 8_192;
const sliceMs = 100;

t.test('an outage longer than the replay buffer costs what was recorded in it, and nothing before or after', async (t) => {
  const server = await startServer(t);
  const proxy = await CuttingProxy.listen(t, server.origin, []);
  const url = proxy.through(`ws://${new URL(server.origin).host}/live/full/publish`);
  // Its clock runs 8 times as fast: what it takes for 16 seconds are two.
  const publisher = await openSdkSocket(t, { url, key: server.key, hurry: 8, maxReplaySeconds: 16 });
  const news: string[] = [];
  const broadcasts = new Set<string>();
  publisher.on('state', (state) => news.push(state));
  publisher.on('overflow', () => news.push('overflow'));
  publisher.on('message', (message) => {
    if (message.type === 'ready') broadcasts.add(message.broadcast);
  });
  const [first, lost, last] = recordingsOf(readFixture('chromium-restart-vp8.webm'));
  if (!first || !lost || !last) throw new Error('expected three recordings');
  const record = async (bytes: Buffer): Promise<void> => {
    for (let offset = 0; offset < bytes.length; offset += sliceBytes) {
      publisher.push(bytes.subarray(offset, offset + sliceBytes));
      await sleep(sliceMs);
    }
  };

  await waitUntil('the server', () => publisher.connected);
  const viewer = new HlsViewer(server.hlsUrl('full'));
  const half = Math.floor(first.length / 2);
  await record(first.subarray(0, half));
  proxy.goDark();
  await record(first.subarray(half));
  await record(lost);
  await waitUntil('the buffer to be full', () => news.includes('overflow'));
  t.strictSame(news, ['connected', 'reconnecting', 'overflow'], 'it was told, once');
  const held = publisher.unsentBytes;
  await record(lost);
  t.equal(publisher.unsentBytes, held, 'and nothing more is kept');
  proxy.restore();
  await waitUntil('the connection', () => publisher.connected);
  publisher.beginRecording('video/webm');
  await record(last);
  publisher.end();
  t.equal(await publisher.closed, null);
  t.equal(broadcasts.size, 1, 'it is the same broadcast');

  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await Promise.all((await viewer.timelines()).map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  t.equal(timelines.length, 2, 'viewers saw one discontinuity');
  const [sourceFirst, sourceLast] = await Promise.all([first, last].map(async (bytes) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  const [watchedFirst = [], watchedLast] = timelines;
  t.strictSame(watchedLast, sourceLast, 'what was recorded after the outage is there, every picture once');
  t.strictSame(watchedFirst, sourceFirst?.slice(0, watchedFirst.length), 'what came before it is whole up to where it broke off');
  t.ok(watchedFirst.length > (sourceFirst?.length ?? 0) / 3, `${String(watchedFirst.length)} of ${String(sourceFirst?.length)} pictures`);
});
