import { once } from 'node:events';
import t from 'tap';
import { WebSocket } from 'ws';
import { NodeProof, proofHeader } from '../../src/cluster/node-proof.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { clusterKey as key, clusterSecret as secret, startNode, startProcess } from '../helpers/cluster-nodes.js';
import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { ffmpeg, skipWithout, waitUntil } from '../helpers/programs.js';
import { RefusedUpgrade, TestPublisher } from '../helpers/publisher.js';
import { redisServer, startRedis } from '../helpers/redis.js';
import type { TestServer } from '../helpers/server.js';

const skip = skipWithout(redisServer, 'redis-server') || skipWithout(ffmpeg?.path, 'ffmpeg');

t.test('a server is killed: its publisher goes on at another one with the same broadcast, the same frozen values and higher numbers, behind one discontinuity', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [dying, heir] = await Promise.all([startProcess(t, redis.url, '4'), startNode(t, redis.url, { CLUSTER_LEASE_SECONDS: '1' })]);
  const messages = messagesOf(readFixture('chromium-h264.mkv'));
  const publisher = new TestPublisher(t, `ws://127.0.0.1:${String(dying.port)}/live/cam/publish?key=${key}`);
  const { broadcast, resume } = await publisher.message('ready');
  const sending = publisher.sendPaced(messages).catch(() => undefined);
  await publisher.message('live');
  const playlistUrl = `${heir.origin}/live/cam/${broadcast}/media.m3u8`;
  const playlist = async (): Promise<string> => (await fetch(playlistUrl)).text();
  const before = await waitUntil('two segments, through the other server', async () => (await playlist().then((text) => text.split('\n').filter((line) => line.startsWith('#EXTINF')).length >= 2 && text)) || undefined);
  const progress = await waitUntil('how far it is', () => redis.client.get('onair:{cam}:progress'));
  t.notMatch(progress, new RegExp(resume), 'the token is not in Redis');
  publisher.closed.catch(() => undefined);
  const safe = publisher.messages.flatMap((message) => (message.type === 'ack' ? [message.safe ?? -1] : []));
  t.equal(safe[0], 0, 'before the first segment another server would need all of it');
  const { bytes } = readFixture('chromium-h264.mkv');
  for (const offset of safe.filter((each) => each > 0)) t.equal(bytes.readUInt32BE(offset), 0x1f43b675, 'what another server needs begins with a cluster');
  t.ok((safe.at(-1) ?? 0) > 0);
  await dying.kill();
  await sending;
  // As by systemd, long before its lease is over.
  const restarted = await startNode(t, redis.url, { PORT: String(dying.port), CLUSTER_LEASE_SECONDS: '1' });
  const answers: { readonly status: number; readonly text: string; readonly retryAfter: string | null; readonly cache: string | null }[] = [];
  const askedUntilItGoesOn = waitUntil('the playlist goes on', async () => {
    const response = await fetch(playlistUrl);
    const text = await response.text();
    answers.push({ status: response.status, text, retryAfter: response.headers.get('retry-after'), cache: response.headers.get('cache-control') });
    return response.ok && text;
  }, 60_000, 100);
  const atRestarted: number[] = [];
  const askedAtRestarted = waitUntil('the playlist goes on at the one that was started again', async () => {
    const { status } = await fetch(`${restarted.origin}/live/cam/${broadcast}/media.m3u8`);
    atRestarted.push(status);
    return status === 200;
  }, 60_000, 100);
  const socketRefusals: number[] = [];
  const refused = waitUntil('a viewer by WebSocket is told to come again', async () => {
    await once(new WebSocket(`${heir.origin.replace('http', 'ws')}/live/cam/play`), 'open').catch((error: unknown) => socketRefusals.push(Number(/\d{3}/.exec(String(error))?.[0])));
    return socketRefusals.length > 0;
  });

  const refusals = new Set<number>();
  const back = await waitUntil('the lease is over', async () => {
    const attempt = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
    attempt.closed.catch((error: unknown) => error instanceof RefusedUpgrade && refusals.add(error.statusCode));
    return attempt.message('ready').then((ready) => ({ attempt, ready }), () => undefined);
  }, 20_000, 200);
  t.match(back.ready, { broadcast, resume, received: 0, anew: true });
  t.strictSame([...refusals].filter((status) => status !== 503), [], 'until then it is told to try again');
  const again = back.attempt.sendPaced(messages).catch(() => undefined);
  await back.attempt.message('live');
  const after = await askedUntilItGoesOn;
  t.match(after, /#EXTINF/);
  for (const { status, retryAfter, cache } of answers.slice(0, -1)) t.strictSame([status, retryAfter, cache], [503, '1', 'no-store'], 'a player that asks meanwhile is never told that there is nothing');
  await askedAtRestarted;
  t.strictSame(atRestarted.slice(0, -1).filter((status) => status !== 503), [], 'nor by the one that was started again, at which the stream still seems to be');
  await refused;
  t.strictSame([...new Set(socketRefusals)], [503]);
  for (const frozen of [/#EXT-X-TARGETDURATION:\d+/, /PART-TARGET=[\d.]+/, /#EXT-X-SERVER-CONTROL:.*/]) t.equal(frozen.exec(after)?.[0], frozen.exec(before)?.[0]);
  const sequenceOf = (text: string): number => Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  t.ok(sequenceOf(after) > sequenceOf(before) + (before.match(/#EXTINF/g)?.length ?? 0), 'no number is used again');
  t.equal(after.match(/^#EXT-X-DISCONTINUITY$/gm)?.length, 1);
  t.not(/#EXT-X-MAP:URI="([^"]+)"/.exec(after)?.[1], /#EXT-X-MAP:URI="([^"]+)"/.exec(before)?.[1]);
  t.match(await (await fetch(`${heir.origin}/api/streams/cam`)).json(), { broadcast, state: 'live' });
  t.equal(await redis.client.get('onair:{cam}:epoch'), '2');

  back.attempt.terminate();
  await again;
  const resumed = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
  const ready = await resumed.message('ready');
  t.ok(ready.received > 0 && ready.anew === undefined, 'from here on it is a broadcast like any other');
  await resumed.end();
  t.equal(await redis.client.get('onair:{cam}:progress'), null, 'nobody goes on with what has ended');
  await t.rejects(new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`).closed, /HTTP 404/);
});

t.test('a server is told to stop: its publisher goes on at another one at once, and what was acknowledged is in the last segments', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [leaving, heir] = await Promise.all([startProcess(t, redis.url, '60'), startNode(t, redis.url)]);
  const owner = `127.0.0.1:${String(leaving.port)}`;
  const messages = messagesOf(readFixture('chromium-h264.mkv'));
  const publisher = new TestPublisher(t, `ws://${owner}/live/cam/publish?key=${key}`);
  const { broadcast, resume } = await publisher.message('ready');
  const sending = publisher.sendPaced(messages).catch(() => undefined);
  await publisher.message('live');
  const viewer = new WebSocket(`ws://${owner}/live/cam/play`);
  const viewerClosed = once(viewer, 'close') as Promise<[number]>;
  await once(viewer, 'message');
  await waitUntil('it is written down', () => redis.client.get('onair:{cam}:progress'));

  const stopped = leaving.stop();
  const { code } = await publisher.hangUp(30_000);
  t.equal(code, 1012, 'the SDK goes to the next server then');
  t.notOk(publisher.messages.some(({ type }) => type === 'ended'));
  const left = await (await fetch(`http://${owner}/live/cam/${broadcast}/media.m3u8`)).text();
  t.equal((await fetch(`http://${owner}/readyz`)).status, 503);
  const refused = await fetch(`http://${owner}/live/dog/publish?key=${key}`);
  t.strictSame([refused.status, refused.headers.has('retry-after')], [503, true]);
  const back = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
  const again = back.sendPaced(messages).catch(() => undefined);
  t.match(await back.message('ready'), { broadcast, resume, received: 0, anew: true }, 'the first attempt does, and no lease is waited for');

  const acknowledged = publisher.messages.reduce((most, message) => (message.type === 'ack' ? Math.max(most, message.received) : most), 0);
  let [acknowledgedMs, sent] = [0, 0];
  for (const { atMs, data } of messages) if ((sent += data.length) <= acknowledged) acknowledgedMs = atMs;
  const leftSeconds = [...left.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
  t.match(left, /#EXT-X-MEDIA-SEQUENCE:0\n/);
  t.notMatch(left, /#EXT-X-ENDLIST/);
  t.ok(acknowledgedMs > 1000 && leftSeconds * 1000 > acknowledgedMs - 500, `${leftSeconds} s of ${acknowledgedMs} ms that were acknowledged`);

  await back.message('live');
  const after = await (await fetch(`${heir.origin}/live/cam/${broadcast}/media.m3u8`)).text();
  t.match(after, /#EXTINF/);
  t.ok(Number(/#EXT-X-MEDIA-SEQUENCE:(-?\d+)/.exec(after)?.[1]) >= (left.match(/#EXTINF/g)?.length ?? 0), 'no number is used again, though the two have leases of other lengths');
  t.equal(await redis.client.get('onair:{cam}:epoch'), '2');
  t.equal((await viewerClosed)[0], 1012, 'viewers come again, too');
  t.equal(await stopped, 0);
  back.close();
  await Promise.all([sending, again]);
});

t.test('two servers that share a Redis', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [here, there] = await Promise.all([startNode(t, redis.url, { RECORD: 'on' }), startNode(t, redis.url)]);
  const { bytes } = readFixture('chromium-h264.mkv');
  const publisher = new TestPublisher(t, here.publishUrl('cam'));
  const { broadcast, resume } = await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(readFixture('chromium-h264.mkv'))).catch(() => undefined);
  await publisher.message('live');
  await waitUntil('the other node knows', async () => (await fetch(`${there.origin}/api/streams/cam`)).ok);
  const withKey = { authorization: `Bearer ${there.key}` };
  const streamUrl = `${there.origin}/api/streams/cam`;
  const socketUrl = (server: TestServer, path: string): string => `${server.origin.replace('http', 'ws')}/live/cam/${path}`;
  const viewer = new WebSocket(socketUrl(there, 'play'));
  const viewerClosed = once(viewer, 'close') as Promise<[number]>;

  await t.test('HLS of a stream that is elsewhere: the same playlists and media, also held requests and ranges', async (t) => {
    const index = await fetch(`${there.origin}/live/cam/index.m3u8`);
    t.match(index.headers.get('content-type'), /mpegurl/);
    t.equal(index.headers.get('cache-control'), (await fetch(`${here.origin}/live/cam/index.m3u8`)).headers.get('cache-control'));
    const media = (await index.text()).split('\n').find((line) => line.endsWith('.m3u8')) ?? '';
    const playlistUrl = new URL(media, `${there.origin}/live/cam/index.m3u8`);
    const playlist = await (await fetch(playlistUrl)).text();
    const segments = playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const next = Number(/EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1]) + segments.length;
    const held = await fetch(`${playlistUrl.href}?_HLS_msn=${String(next)}&_HLS_part=1`);
    t.equal(held.status, 200);
    t.match(await held.text(), /#EXT-X-PART:/);
    for (const uri of [/EXT-X-MAP:URI="([^"]+)"/.exec(playlist)?.[1] ?? '', segments[0] ?? '']) {
      const [mine, theirs] = await Promise.all([here, there].map(async ({ origin }) => Buffer.from(await (await fetch(new URL(uri, `${origin}${playlistUrl.pathname}`))).arrayBuffer())));
      t.ok(mine && theirs && mine.length > 100 && mine.equals(theirs), uri);
    }
    const range = await fetch(new URL(segments[0] ?? '', playlistUrl), { headers: { range: 'bytes=0-9' } });
    t.strictSame([range.status, (await range.arrayBuffer()).byteLength], [206, 10]);
  });

  await t.test('the other ways to watch, facts and lists', async (t) => {
    const poster = await fetch(`${there.origin}/live/cam/poster.jpg`);
    t.strictSame([poster.status, poster.headers.get('content-type')], [200, 'image/jpeg']);
    await poster.arrayBuffer();
    for (const name of ['stream.mp4', 'stream.flv']) {
      const leave = new AbortController();
      const endless = await fetch(`${there.origin}/live/cam/${name}`, { signal: leave.signal });
      const chunk = (await endless.body!.getReader().read()) as { value?: Uint8Array };
      t.ok(chunk.value && chunk.value.length > 0, name);
      leave.abort();
    }
    const facts = await waitUntil('the viewer by WebSocket is counted', async () => {
      const info = (await (await fetch(streamUrl)).json()) as LiveStreamInfo;
      return info.viewers > 0 && info;
    });
    t.match(facts, { broadcast, urls: { watch: `${there.origin}/watch/cam` } }, 'addresses are those of the node that was asked');
    const { streams } = (await (await fetch(`${there.origin}/api/streams`)).json()) as { streams: LiveStreamInfo[] };
    t.match(streams, [{ stream: 'cam', broadcast, urls: { watch: `${there.origin}/watch/cam` } }]);
    t.equal((await fetch(`${there.origin}/live/cam/index.m3u8`, { headers: { [proofHeader]: 'x' } })).status, 401);
    t.equal((await fetch(`${there.origin}/live/dog/index.m3u8`)).status, 404);
    t.equal((await fetch(`${there.origin}/readyz`)).status, 200);
  });

  await t.test('a recording that grows elsewhere is found by the id that the facts tell, and looked at and described there', async (t) => {
    const { recordedAs = 'none' } = (await (await fetch(streamUrl)).json()) as { recordedAs?: string };
    const api = `${there.origin}/api/recordings/${recordedAs}`;
    t.match(await (await fetch(api)).json(), { id: recordedAs, stream: 'cam', state: 'recording', urls: { watch: `${there.origin}/recordings/${recordedAs}` } });
    const described = await fetch(api, { method: 'PATCH', headers: { ...withKey, 'content-type': 'application/json' }, body: '{"title":"Harbour"}' });
    t.match(await described.json(), { title: 'Harbour' });
    t.equal((await fetch(api, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"title":"Mine"}' })).status, 401, 'with the key alone');
    t.match(await (await fetch(`${there.origin}/recordings/${recordedAs}`)).text(), 'Harbour', 'its page');
    const index = await fetch(`${there.origin}/recordings/${recordedAs}/index.m3u8`);
    t.match(await index.text(), /^#EXTM3U/);
    const another = await fetch(api.replace(/.$/, (last) => (last === '0' ? '1' : '0')));
    t.equal(another.status, 404, 'what is not there either is not there');
    t.equal((await fetch(`${there.origin}/api/recordings/cam-20200101T000000Z`)).status, 404);
  });

  await t.test('one chat for all', async () => {
    const sockets = [here, there].map((server) => new WebSocket(socketUrl(server, 'chat')));
    const heard: string[] = [];
    sockets[0]?.on('message', (data: Buffer) => heard.push(String(data)));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    sockets[1]?.send(JSON.stringify({ type: 'join', name: 'Ada' }));
    sockets[1]?.send(JSON.stringify({ type: 'message', text: 'from the other node' }));
    await waitUntil('it is heard', () => heard.some((line) => line.includes('from the other node')));
    for (const socket of sockets) socket.close();
  });

  await t.test('nobody is believed but a node with the secret, and what was handed on is never handed on again', async (t) => {
    const path = '/api/streams/cam';
    const ask = (server: TestServer, signer: NodeProof, signedPath = path): Promise<Response> => {
      const said = signer.sign({ method: 'GET', url: signedPath, host: new URL(server.origin).host }, { address: '198.51.100.7', protocol: 'https' });
      return fetch(`${server.origin}${path}`, { headers: { [proofHeader]: said } });
    };
    const believed = await ask(here, new NodeProof(secret));
    t.match(await believed.json(), { urls: { watch: `${here.origin.replace('http', 'https')}/watch/cam` } });
    t.equal((await ask(here, new NodeProof('another-secret-of-somebody'))).status, 401);
    t.equal((await ask(here, new NodeProof(secret), '/api/streams/dog')).status, 401, 'a proof is for one request');
    t.equal((await ask(here, new NodeProof(secret, () => Date.now() - 120_000))).status, 401, 'and for a minute');
    t.equal((await ask(there, new NodeProof(secret))).status, 503, 'the other node does not have it, and asks nobody');
  });

  await t.test('a publisher that comes back at the other node is handed on, and what has the key ends and describes it there', async (t) => {
    await t.rejects(new TestPublisher(t, there.publishUrl('cam')).closed, /HTTP 409/, 'the name is taken in all of the cluster');
    publisher.terminate();
    await sending;
    const back = new TestPublisher(t, `${there.publishUrl('cam')}&resume=${resume}`);
    const ready = await back.message('ready');
    t.match(ready, { broadcast, urls: { watch: `${there.origin}/watch/cam` } });
    t.ok(ready.received > 0, 'it goes on where it was');
    await back.send(bytes.subarray(ready.received, ready.received + 1000));
    t.equal((await fetch(streamUrl, { method: 'DELETE' })).status, 401);
    const described = await fetch(streamUrl, { method: 'PATCH', headers: { ...withKey, 'content-type': 'application/json' }, body: JSON.stringify({ title: 'Told elsewhere' }) });
    t.match(await described.json(), { title: 'Told elsewhere' });
    t.match(await (await fetch(`${here.origin}/api/streams/cam`)).json(), { title: 'Told elsewhere' });
    t.equal((await fetch(streamUrl, { method: 'DELETE', headers: withKey })).status, 204);
    t.match(await back.message('ended'), { message: 'The broadcast is over.' });
    t.equal((await viewerClosed)[0], 1000, 'viewers see the same end');
  });

  await t.test('the next broadcast of the name begins where its publisher is; whoever has no Redis begins none', async (t) => {
    const pushed = await fetch(`${there.origin}/live/cam/publish`, { method: 'PUT', headers: withKey, body: bytes.subarray(0, 200_000) });
    t.match(await pushed.json(), { stream: 'cam' });
    t.match(await (await fetch(`${here.origin}/api/streams/cam`)).json(), { broadcast: new RegExp(`^(?!${broadcast})`), urls: { watch: `${here.origin}/watch/cam` } });
    const made = (await (await fetch(`${here.origin}/api/streams/later/keys`, { method: 'POST', headers: withKey })).json()) as { key: string };
    await waitUntil('the others are told of a key', async () => (await redis.client.exists('onair:{~shared}:values')) === 1);
    const kept = await redis.client.keys('*');
    for (const each of kept) {
      t.match(each, /^onair:\{[^}]+\}:/, 'what belongs together is at one server of a Redis Cluster');
      t.ok((await redis.client.pttl(each)) > 0, `${each} has an end`);
    }
    // What DUMP gives is compressed.
    const valueOf = async (each: string): Promise<unknown> => ({ string: () => redis.client.get(each), hash: () => redis.client.hgetall(each), zset: () => redis.client.zrange(each, '0', '-1') })[(await redis.client.type(each)) as 'string' | 'hash' | 'zset']();
    const values = JSON.stringify(await Promise.all(kept.map(valueOf)));
    t.match(values, 'key:', 'they are looked into');
    for (const each of [here.key, secret, made.key, resume]) t.notOk(values.includes(each), 'no key, token or secret is in Redis');
    await redis.stop();
    await waitUntil('it is noticed', async () => (await fetch(`${here.origin}/readyz`)).status === 503);
    const refused = await fetch(`${there.origin}/live/dog/publish`, { method: 'PUT', headers: withKey, body: bytes.subarray(0, 1000) });
    t.strictSame([refused.status, ((await refused.json()) as { code: string }).code], [503, 'unavailable']);
  });
});
