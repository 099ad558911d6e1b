import t from 'tap';

import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';

t.setTimeout(120_000);
// They wait more than they work.
t.jobs = 2;

t.test('half a minute of playlists, one every 200 ms, breaks no rule, across a restart that leaves the window', async (t) => {
  const server = await startServer(t, { WINDOW_SEGMENTS: '6', ENDED_RETENTION_SECONDS: '2' });
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  const viewer = new HlsViewer(server.hlsUrl('card'));
  const listener = new HlsViewer(server.hlsUrl('card'), { variant: 1, everyMs: 1000 });
  await sendTestCard(t, publisher, { seconds: 9 });
  await sendTestCard(t, publisher, { seconds: 21, firstNumber: 1_000 });
  await publisher.end();
  await Promise.all([viewer.ended, listener.ended]);

  t.ok(viewer.playlists.length > 90, `${String(viewer.playlists.length)} playlists were taken`);
  t.strictSame(violations(viewer.playlists), []);
  t.strictSame([...multivariantViolations(viewer.multivariant)], []);
  const last = viewer.playlists.at(-1);
  t.ok(last?.hasEnded, 'the last one says that it ended');
  t.ok((last?.mediaSequence ?? 0) > 0, 'the window slid');
  t.ok((last?.discontinuitySequence ?? 0) > 0, 'the restart left the window, and was counted');
  t.notOk(viewer.playlists.slice(0, -1).some(({ hasEnded }) => hasEnded), 'and none before did');

  await t.test('what ended can be watched for a while and is then gone', async (t) => {
    const mediaUrl = await viewer.mediaUrl;
    const segmentUrl = new URL(viewer.segments.at(-1)?.uri ?? '', mediaUrl).href;
    t.equal((await fetch(segmentUrl)).status, 200, 'just after the end the media is there');
    for (const url of [server.hlsUrl('card'), mediaUrl, segmentUrl]) {
      await waitUntil(`404 for ${url}`, async () => {
        const response = await fetch(url);
        await response.arrayBuffer();
        return response.status === 404;
      });
    }
  });

  t.match(await listener.mediaUrl, /\/audio\//, 'the sound alone is there too');
  t.strictSame(violations(listener.playlists), []);
  const shapeOf = ({ segments }: HlsViewer): unknown => segments.map(({ uri, durationSeconds, isDiscontinuity, programDateTime }) => [uri, durationSeconds, isDiscontinuity, programDateTime]);
  t.strictSame(shapeOf(listener), shapeOf(viewer));
  for (const [index, { bytes }] of (await listener.timelines()).entries()) {
    const [sound, whole] = await Promise.all([bytes, (await viewer.timelines())[index]?.bytes ?? ''].map((media) => decode(t, media)));
    t.strictSame([sound?.pictures.length, sound?.loudness], [0, whole?.loudness], 'all of the sound, at the same times, without the picture');
  }
});

t.test('a name that is used again is another broadcast, and no address of the first is used again', async (t) => {
  const server = await startServer(t);
  const seen: string[][] = [];
  for (const firstNumber of [0, 500]) {
    const publisher = new TestPublisher(t, server.publishUrl('again'));
    await publisher.message('ready');
    const publishing = sendTestCard(t, publisher, { seconds: 4, firstNumber });
    await publisher.message('live');
    const viewer = new HlsViewer(server.hlsUrl('again'));
    await publishing;
    await publisher.end();
    await viewer.ended;
    const mediaUrl = await viewer.mediaUrl;
    seen.push(viewer.segments.map(({ uri = '' }) => new URL(uri, mediaUrl).href));
  }
  const [first = [], second = []] = seen;
  t.ok(first.length > 0 && second.length > 0);
  t.strictSame(second.filter((url) => first.includes(url)), []);
});
