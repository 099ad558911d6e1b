import { once } from 'node:events';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { clusterKey as key, startNode, startProcess, type NodeProcess } from '../helpers/cluster-nodes.js';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { ffmpeg, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { redisServer, startRedis } from '../helpers/redis.js';

const skip = skipWithout(redisServer, 'redis-server') || skipWithout(ffmpeg?.path, 'ffmpeg');

interface Listener {
  readonly types: string[];
  readonly closed: Promise<[number]>;
}

async function listen(t: Test, url: string): Promise<Listener> {
  const socket = new WebSocket(url);
  t.teardown(() => socket.terminate());
  const types: string[] = [];
  socket.on('message', (data: Buffer, isBinary) => void types.push(isBinary ? 'media' : (JSON.parse(String(data)) as { type: string }).type));
  const closed = once(socket, 'close') as Promise<[number]>;
  await once(socket, 'message');
  return { types, closed };
}

interface CutOff {
  readonly node: NodeProcess;
  readonly line: CuttingProxy;
  readonly publisher: TestPublisher;
}

/** Each cuts a node off for longer than its lease, and lets it come back. */
const manners = [
  {
    name: 'stands still',
    cut: ({ node }: CutOff) => node.standStill(),
    restore: ({ node }: CutOff) => node.goOn(),
    isPublisherTold: true,
  },
  {
    name: 'is cut off from Redis, and its publisher comes to another one',
    cut: ({ line, publisher }: CutOff) => {
      line.goDark();
      publisher.terminate();
    },
    restore: ({ line }: CutOff) => line.restore(),
    isPublisherTold: false,
  },
];

for (const { name, cut, restore, isPublisherTold } of manners) {
  t.test(`a node ${name}: when it comes back, its viewers are told to come again, and find the broadcast that goes on; nothing is over, and no address has two contents`, { skip }, async (t) => {
    const redis = await startRedis(t);
    const line = await CuttingProxy.listen(t, redis.url.replace('redis:', 'http:'), []);
    const [node, heir] = await Promise.all([startProcess(t, line.through(redis.url)), startNode(t, redis.url, { CLUSTER_LEASE_SECONDS: '1' })]);
    const old = `127.0.0.1:${String(node.port)}`;
    const messages = messagesOf(readFixture('chromium-h264.mkv'));
    const publisher = new TestPublisher(t, `ws://${old}/live/cam/publish?key=${key}`);
    const { broadcast, resume } = await publisher.message('ready');
    const sending = publisher.sendPaced(messages).catch(() => undefined);
    const publisherClosed = publisher.hangUp(120_000).catch(() => undefined);
    await publisher.message('live');
    const [viewer, chat] = [await listen(t, `ws://${old}/live/cam/play`), await listen(t, `ws://${old}/live/cam/chat`)];
    const playlistAt = async (origin: string): Promise<string> => (await fetch(`${origin}/live/cam/${broadcast}/media.m3u8`)).text();
    await waitUntil('it is written down how far it is', () => redis.client.get('onair:{cam}:progress'));
    const before = await waitUntil('two segments', async () => playlistAt(`http://${old}`).then((text) => (text.match(/#EXTINF/g)?.length ?? 0) >= 2 && text));

    cut({ node, line, publisher });
    // Until then whoever comes to another node is handed on to this one.
    await waitUntil('the lease is over', async () => (await redis.client.get('onair:{cam}:owner')) === null);
    const back = await waitUntil('the other one takes it', async () => {
      const attempt = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
      attempt.closed.catch(() => undefined);
      return attempt.message('ready').then((ready) => ({ attempt, ready }), () => undefined);
    }, 60_000, 200);
    t.match(back.ready, { broadcast, anew: true });
    const again = back.attempt.sendPaced(messages).catch(() => undefined);
    await back.attempt.message('live');
    restore({ node, line, publisher });

    t.equal((await viewer.closed)[0], 1012);
    t.equal((await chat.closed)[0], 1012);
    for (const { types } of [viewer, chat]) t.notOk(types.includes('ended'), 'it is not over');
    if (isPublisherTold) {
      t.match(await publisherClosed, { code: 4410 });
      t.match(publisher.messages.find(({ type }) => type === 'ended'), { code: 'taken-over' });
    }
    const found = await listen(t, `ws://${old}/live/cam/play`);
    t.equal(found.types[0], 'init', 'by the same address they are sent what goes on');
    const after = await playlistAt(`http://${old}`);
    t.notMatch(after, /#EXT-X-ENDLIST/);
    t.match(after, /#EXT-X-DISCONTINUITY-SEQUENCE:1|#EXT-X-DISCONTINUITY\n/);
    const addresses = (text: string): string[] => [...text.matchAll(/^[^#\n]+$/gm)].map(([uri]) => uri);
    t.strictSame(addresses(after).filter((uri) => addresses(before).includes(uri)), [], 'no number is used again');
    t.equal(await redis.client.get('onair:{cam}:epoch'), '2');
    const { streams } = (await (await fetch(`http://${old}/api/streams`)).json()) as { streams: { broadcast: string }[] };
    t.strictSame(streams.map((each) => each.broadcast), [broadcast], 'it is listed once');
    await back.attempt.end();
    await Promise.all([sending, again]);
  });
}

t.test('a node that is cut off from Redis says of what it does not know that it does not know it: neither that a broadcast is over whose publisher may be elsewhere, nor that one is not there', { skip }, async (t) => {
  const redis = await startRedis(t);
  const line = await CuttingProxy.listen(t, redis.url.replace('redis:', 'http:'), []);
  const settings = { CLUSTER_LEASE_SECONDS: '1' };
  const [node, heir] = await Promise.all([startNode(t, line.through(redis.url), { ...settings, RESUME_WINDOW_SECONDS: '4' }), startNode(t, redis.url, settings)]);
  const messages = messagesOf(readFixture('chromium-h264.mkv'));
  const publisher = new TestPublisher(t, node.publishUrl('cam'));
  const { broadcast, resume } = await publisher.message('ready');
  const sending = publisher.sendPaced(messages).catch(() => undefined);
  publisher.closed.catch(() => undefined);
  await publisher.message('live');
  const socketAt = (origin: string, path: string): string => `${origin.replace('http', 'ws')}/live/${path}`;
  const [viewer, chat] = [await listen(t, socketAt(node.origin, 'cam/play')), await listen(t, socketAt(node.origin, 'cam/chat'))];
  await waitUntil('it is written down how far it is', () => redis.client.get('onair:{cam}:progress'));
  line.goDark();
  publisher.terminate();
  await waitUntil('the lease is over', async () => (await redis.client.get('onair:{cam}:owner')) === null);
  await waitUntil('the other one takes it', async () => {
    const attempt = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
    attempt.closed.catch(() => undefined);
    return attempt.message('ready').then(() => true, () => false);
  }, 60_000, 200);

  for (const { closed, types } of [viewer, chat]) {
    t.equal((await closed)[0], 1012, 'when its own window is over, viewers are told to come again');
    t.notOk(types.includes('ended'));
  }
  const poster = await fetch(`${node.origin}/live/cam/poster.jpg`);
  await poster.arrayBuffer();
  t.equal(poster.status, 503, 'not even while it lets go of what it held');
  await waitUntil('it has let go of it', async () => !(await fetch(`${node.origin}/live/cam/${broadcast}/init-0.mp4`)).ok);
  for (const [method, path] of [['GET', '/live/cam/poster.jpg'], ['GET', `/live/cam/${broadcast}/init-0.mp4`], ['GET', '/live/never/stream.mp4'], ['GET', '/api/streams/cam'], ['GET', '/api/streams/never'], ['DELETE', '/api/streams/cam']] as const) {
    const answer = await fetch(node.origin + path, { method, headers: { authorization: `Bearer ${node.key}` } });
    await answer.arrayBuffer();
    t.strictSame([answer.status, answer.headers.get('retry-after'), answer.headers.get('cache-control')], [503, '1', 'no-store'], `${method} ${path}`);
  }
  t.equal((await fetch(`${node.origin}/watch/cam`)).status, 200, 'the page is the same everywhere');
  line.restore();
  await waitUntil('it knows again', async () => (await fetch(`${node.origin}/api/streams/cam`)).ok);
  t.equal((await fetch(`${node.origin}/api/streams/never`)).status, 404);
  t.match(await (await fetch(`${node.origin}/api/streams/cam`)).json(), { broadcast }, 'and it is the one that goes on');
  await sending;
});
