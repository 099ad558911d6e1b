import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { clusterKey, startNode, startProcess } from '../helpers/cluster-nodes.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { record } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { ffmpeg, findProgram, skipWithout, startOwned, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { redisServer, startRedis } from '../helpers/redis.js';
import { RtmpClient } from '../helpers/rtmp-client.js';

const skip = skipWithout(redisServer, 'redis-server') || skipWithout(findProgram('ffmpeg'), 'ffmpeg');
// Each has a Redis of its own, and waits more than it works.
t.jobs = 2;
t.setTimeout(90_000);
const output = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-f', 'matroska', '-live', '1'];

t.test('an encoder publishes by RTMP at one node, and all of it is watched at another one; there the name is taken', { skip }, async (t) => {
  const seconds = 6;
  const file = join(await temporaryDirectory(t), 'numbered.mkv');
  await writeFile(file, await record({ seconds }, output));
  const redis = await startRedis(t);
  const [here, there] = await Promise.all([startNode(t, redis.url, { RTMP_PORT: '0', DRAIN_SECONDS: '1' }), startNode(t, redis.url, { RTMP_PORT: '0', DRAIN_SECONDS: '1' })]);
  const viewer = new HlsViewer(there.hlsUrl('cam'));
  const pace = (ffmpeg?.major ?? 0) >= 5 ? ['-readrate', '1'] : ['-re'];
  startOwned(t, 'ffmpeg', ['-v', 'error', '-nostdin', ...pace, '-i', file, '-c', 'copy', '-f', 'flv', here.rtmpUrl('cam')]);
  await viewer.mediaUrl;
  const socket = new WebSocket(`${there.origin.replace('http', 'ws')}/live/cam/play`);
  t.teardown(() => socket.terminate());
  const media: Buffer[] = [];
  const over = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('message', (data: Buffer, isBinary) => isBinary && media.push(data));
  const rtmpPort = Number(new URL(there.rtmpUrl('cam').replace('rtmp', 'http')).port);
  const other = new RtmpClient(t, rtmpPort);
  t.match(await other.publish(`cam?key=${clusterKey}`), { code: 'NetStream.Publish.BadName', description: /live already/ }, 'an encoder at a node that does not have the name');
  await viewer.ended;
  t.equal(await over, 1000);
  const [timeline, ...more] = await viewer.timelines();
  t.strictSame(more, []);
  const numbersOf = async (bytes: Buffer): Promise<number[]> => (await decode(t, bytes, ['-xerror'])).pictures.map(({ number }) => number);
  const [byHls, bySocket] = await Promise.all([numbersOf(timeline!.bytes), numbersOf(Buffer.concat(media))]);
  t.strictSame(byHls, Array.from({ length: seconds * 25 }, (_none, number) => number));
  t.ok(bySocket.length > 25);
  t.strictSame(bySocket, byHls.slice(-bySocket.length));
  const again = new RtmpClient(t, rtmpPort);
  t.match(await again.publish(`cam?key=${clusterKey}`), { code: 'NetStream.Publish.Start' }, 'when it is over the name is free');
});

t.test('the node of a program that pushes by HTTP is killed: with the same key it goes on at another one with the same broadcast, behind one discontinuity', { skip }, async (t) => {
  const recording = await record({ seconds: 5 }, output);
  const redis = await startRedis(t);
  const [dying, heir] = await Promise.all([startProcess(t, redis.url), startNode(t, redis.url, { CLUSTER_LEASE_SECONDS: '1', DRAIN_SECONDS: '1' })]);
  /** As `while true; do curl -T - …; sleep 1; done` does. @returns the status; 0: the connection broke off */
  const push = async (origin: string): Promise<number> => {
    const going = request(`${origin}/live/cam/publish?key=${clusterKey}`, { method: 'PUT', headers: { 'content-type': 'video/x-matroska', expect: '100-continue' } });
    t.teardown(() => going.destroy());
    const answered = new Promise<number>((resolve) => going.once('response', ({ statusCode = 0 }) => resolve(statusCode)).on('error', () => resolve(0)));
    going.once('continue', () => {
      void (async () => {
        for (let tenth = 0; tenth < 50 && !going.destroyed; tenth++) {
          going.write(recording.subarray(Math.ceil((recording.length * tenth) / 50), Math.ceil((recording.length * (tenth + 1)) / 50)));
          await sleep(100);
        }
      })();
    });
    going.flushHeaders();
    return answered;
  };
  const infoOf = async (): Promise<Partial<LiveStreamInfo>> => (await (await fetch(`${heir.origin}/api/streams/cam`)).json()) as Partial<LiveStreamInfo>;
  const first = push(`http://127.0.0.1:${String(dying.port)}`);
  await waitUntil('it is written down how far it is', () => redis.client.get('onair:{cam}:progress'));
  const { broadcast } = await infoOf();
  const playlistUrl = `${heir.origin}/live/cam/${String(broadcast)}/media.m3u8`;
  const playlist = async (): Promise<string> => (await fetch(playlistUrl)).text();
  const before = readMediaPlaylist(await playlist());
  await dying.kill();
  t.equal(await first, 0);
  const statuses: number[] = [];
  const leaving = new AbortController();
  t.teardown(() => leaving.abort());
  void (async () => {
    while (!leaving.signal.aborted) {
      statuses.push(await push(heir.origin));
      await sleep(100);
    }
  })();
  const text = await waitUntil('the playlist goes on', async () => {
    const found = await playlist();
    return found.startsWith('#EXTM3U') && readMediaPlaylist(found).segments.length > 0 && found;
  }, 30_000);
  const after = readMediaPlaylist(text);
  t.match(await infoOf(), { broadcast, state: 'live' });
  t.strictSame(statuses.filter((status) => status !== 503 && status !== 409), [], 'until the lease is over it is told to come again');
  t.ok(after.mediaSequence >= before.mediaSequence + before.segments.length, `${after.mediaSequence} behind ${before.mediaSequence} and ${before.segments.length} segments`);
  t.equal(text.match(/^#EXT-X-DISCONTINUITY$/gm)?.length, 1);
  for (const frozen of [/#EXT-X-TARGETDURATION:\d+/, /PART-TARGET=[\d.]+/, /#EXT-X-SERVER-CONTROL:.*/]) t.ok(frozen.test(text));
  t.strictSame(after.targetDurationSeconds, before.targetDurationSeconds);
});
