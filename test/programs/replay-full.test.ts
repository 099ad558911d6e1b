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

t.test('an outage longer than the replay buffer costs what was recorded before it was full last, and nothing before or after', async (t) => {
  const server = await startServer(t);
  const proxy = await CuttingProxy.listen(t, server.origin, []);
  const url = proxy.through(`ws://${new URL(server.origin).host}/live/full/publish`);
  const [first, second, third] = recordingsOf(readFixture('chromium-restart-vp8.webm'));
  if (!first || !second || !third) throw new Error('expected three recordings');
  // Each of these recordings fits in, two of them do not. Its clock is fast, so that it soon takes a silent connection for lost.
  const maxReplayBytes = Math.max(second.length, third.length) + 4 * sliceBytes;
  const publisher = await openSdkSocket(t, { url, key: server.key, hurry: 8, maxReplayBytes, maxReplaySeconds: 600 });
  const news: string[] = [];
  const timesFull = (): number => news.filter((what) => what === 'overflow').length;
  const broadcasts = new Set<string>();
  let acknowledged = 0;
  publisher.on('state', (state) => news.push(state));
  publisher.on('overflow', () => news.push('overflow'));
  publisher.on('message', (message) => {
    if (message.type === 'ready') broadcasts.add(message.broadcast);
    if (message.type === 'ack') acknowledged = message.received;
  });
  /** Gives slices until all are given or the buffer is full; answers how much that was. */
  const push = (bytes: Buffer): number => {
    const before = timesFull();
    let offset = 0;
    for (; offset < bytes.length && timesFull() === before; offset += sliceBytes) {
      publisher.push(bytes.subarray(offset, offset + sliceBytes));
    }
    return Math.min(offset, bytes.length);
  };

  await waitUntil('the server', () => publisher.connected);
  const viewer = new HlsViewer(server.hlsUrl('full'));
  const safe = push(first.subarray(0, Math.floor(first.length / 2)));
  await waitUntil('the server to have it', () => acknowledged === safe);
  proxy.goDark();
  const lost = safe + push(first.subarray(safe, safe + sliceBytes));
  await waitUntil('the outage to be noticed', () => news.includes('reconnecting'));

  push(first.subarray(lost));
  while (timesFull() < 1) push(second);
  const held = publisher.unsentBytes;
  t.equal(push(second), second.length);
  t.equal(publisher.unsentBytes, held, 'nothing is kept that has no beginning');
  publisher.beginRecording('video/webm');
  while (timesFull() < 2) push(second);
  t.strictSame(news, ['connected', 'reconnecting', 'overflow', 'overflow'], 'it is told each time');
  publisher.beginRecording('video/webm');
  const half = push(third.subarray(0, Math.floor(third.length / 2)));
  proxy.restore();
  await waitUntil('the connection', () => publisher.connected);
  push(third.subarray(half));
  publisher.end();
  t.equal(await publisher.closed, null);
  t.equal(timesFull(), 2);
  t.equal(broadcasts.size, 1, 'it is the same broadcast');

  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await Promise.all((await viewer.timelines()).map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  t.equal(timelines.length, 2, 'viewers see one discontinuity');
  const numbersIn = async (bytes: Buffer): Promise<number[]> => (await decode(t, bytes)).pictures.map(({ number }) => number);
  const [before = [], after] = timelines;
  t.strictSame(after, await numbersIn(third), 'what was recorded since the buffer was full last is there, every picture once, also what was recorded in the outage');
  t.strictSame(before, await numbersIn(first.subarray(0, lost)), 'and so is all that the connection had taken');
});
