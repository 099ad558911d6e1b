import { once } from 'node:events';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { NodeProof, proofHeader } from '../../src/cluster/node-proof.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import type { ViewerMessage } from '../../src/protocol/viewer-messages.js';
import { clusterKey, clusterSecret, startNode, startProcess } from '../helpers/cluster-nodes.js';
import { record } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { findProgram, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { redisServer, startRedis } from '../helpers/redis.js';
import type { TestServer } from '../helpers/server.js';

const skip = skipWithout(redisServer, 'redis-server') || skipWithout(findProgram('ffmpeg'), 'ffmpeg');
// Each has a Redis of its own, and waits more than it works; fifty viewers and their decoders are enough for one time.
t.jobs = 2;
const output = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-f', 'matroska', '-live', '1'];

/** In pieces of a tenth of a second. */
function paced(bytes: Buffer, seconds: number): { readonly atMs: number; readonly data: Buffer }[] {
  const pieces = seconds * 10;
  const length = Math.ceil(bytes.length / pieces);
  return Array.from({ length: pieces }, (_none, index) => ({ atMs: index * 100, data: bytes.subarray(index * length, (index + 1) * length) }));
}

interface SocketViewer {
  readonly messages: ViewerMessage['type'][];
  /** What came under each init segment. */
  readonly runs: Buffer[][];
  readonly closed: Promise<[number]>;
}

async function watch(t: Test, { origin }: TestServer): Promise<SocketViewer> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/live/cam/play`);
  t.teardown(() => socket.terminate());
  const viewer: SocketViewer = { messages: [], runs: [], closed: once(socket, 'close') as Promise<[number]> };
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return viewer.runs.at(-1)?.push(data);
    const { type } = JSON.parse(String(data)) as ViewerMessage;
    viewer.messages.push(type);
    if (type === 'init') viewer.runs.push([]);
  });
  await once(socket, 'open');
  return viewer;
}

/** Counts JPEG pictures that come in one answer. */
async function look(t: Test, { origin }: TestServer): Promise<{ count: number; closed: Promise<void> }> {
  const leaving = new AbortController();
  t.teardown(() => leaving.abort());
  const { body } = await fetch(`${origin}/live/cam/frames`, { signal: leaving.signal });
  const looked = { count: 0, closed: Promise.resolve() };
  looked.closed = (async () => {
    for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) looked.count += Buffer.from(bytes).toString('latin1').split('image/jpeg').length - 1;
  })();
  looked.closed.catch(() => undefined);
  return looked;
}

async function metric({ origin }: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

t.test('fifty viewers at a node that does not have the stream are one upstream at the owner, and each sees every picture, by socket, MP4 and FLV', { skip, buffered: false }, async (t) => {
  const seconds = 6;
  const recording = await record({ seconds }, output);
  const redis = await startRedis(t);
  const [here, there] = await Promise.all([startNode(t, redis.url), startNode(t, redis.url)]);
  const publisher = new TestPublisher(t, here.publishUrl('cam'));
  await publisher.message('ready');
  const pieces = paced(recording, seconds);
  const beginning = publisher.sendPaced(pieces.slice(0, 40));
  await publisher.message('live');
  await waitUntil('the other node knows', async () => (await fetch(`${there.origin}/api/streams/cam`)).ok);
  const bodies = ['stream.mp4', 'stream.flv'].map(async (name) => Buffer.from(await (await fetch(`${there.origin}/live/cam/${name}`)).arrayBuffer()));
  const sockets = await Promise.all(Array.from({ length: 48 }, () => watch(t, there)));
  await waitUntil('the owner knows how many they are', async () => (await metric(here, 'onair_viewers')) === 50);
  t.equal(await metric(here, 'onair_feeds'), 1);
  t.ok((await metric(here, 'onair_staying_connections')) < 5, 'they are no connections of the owner');
  t.strictSame([await metric(there, 'onair_relayed_streams'), await metric(there, 'onair_relayed_viewers'), await metric(here, 'onair_relayed_viewers')], [1, 50, 0]);
  const facts = (await (await fetch(`${there.origin}/api/streams/cam`)).json()) as LiveStreamInfo;
  t.match(facts, { viewers: 50, renditions: [{ id: 'source', viewers: 50 }] });
  await beginning;
  // However long it took them to come: all of them see this.
  await publisher.sendPaced(pieces.slice(40).map(({ data }, index) => ({ atMs: index * 100, data })));
  await publisher.end();

  t.strictSame([...new Set(await Promise.all(sockets.map(async ({ closed }) => (await closed)[0])))], [1000]);
  t.strictSame([...new Set(sockets.map(({ messages }) => messages.filter((type) => type !== 'clock').join()))], ['init,renditions,ended'].flatMap((words) => (sockets[0]?.messages.includes('renditions') ? words : words.replace('renditions,', ''))));
  const media = [Buffer.concat(sockets[0]?.runs[0] ?? []), Buffer.concat(sockets[47]?.runs[0] ?? []), ...(await Promise.all(bodies))];
  for (const [index, bytes] of media.entries()) {
    const { pictures } = await decode(t, bytes, ['-xerror']);
    const numbers = pictures.map(({ number }) => number);
    const first = numbers[0] ?? NaN;
    t.strictSame(numbers, Array.from({ length: seconds * 25 - first }, (_none, at) => first + at), ['a socket', 'another one', 'MP4', 'FLV'][index] ?? '');
    t.ok(first % 25 === 0 && numbers.length > 25, `from a keyframe on: ${String(first)}`);
  }
  await waitUntil('nothing is left of it', async () => (await metric(there, 'onair_relayed_streams')) === 0);
});

t.test('the owner is killed while they watch: at another node viewers keep their connections, of pictures too, and see each picture once, whatever comes again', { skip }, async (t) => {
  const seconds = 8;
  const recording = await record({ seconds }, output);
  const redis = await startRedis(t);
  const lease = { CLUSTER_LEASE_SECONDS: '1' };
  const [dying, heir, there] = await Promise.all([startProcess(t, redis.url), startNode(t, redis.url, lease), startNode(t, redis.url, lease)]);
  const publisher = new TestPublisher(t, `ws://127.0.0.1:${String(dying.port)}/live/cam/publish?key=${clusterKey}`);
  publisher.closed.catch(() => undefined);
  const { resume } = await publisher.message('ready');
  const pieces = paced(recording, seconds);
  const sending = publisher.sendPaced(pieces.slice(0, 40)).catch(() => undefined);
  await publisher.message('live');
  // The heir has viewers of its own: for them the broadcast comes to where they are.
  const viewers = await Promise.all([watch(t, there), watch(t, heir)]);
  const body = fetch(`${there.origin}/live/cam/stream.mp4`).then(async (answer) => Buffer.from(await answer.arrayBuffer()));
  const frames = await look(t, there);
  await waitUntil('they are sent something, and it is written down how far it is', async () => viewers.every(({ runs }) => (runs[0]?.length ?? 0) > 5) && frames.count > 3 && redis.client.get('onair:{cam}:progress'));
  await dying.kill();
  await sending;
  const lookedAt = frames.count;
  const back = await waitUntil('the lease is over', async () => {
    const attempt = new TestPublisher(t, `${heir.publishUrl('cam')}&resume=${resume}`);
    attempt.closed.catch(() => undefined);
    return attempt.message('ready').then(() => attempt, () => undefined);
  }, 30_000, 200);
  // As a page does: the same recording, with what had come before, at once, and then the rest.
  await back.sendPaced(pieces.map(({ data }, index) => ({ atMs: Math.max(0, index - 40) * 100, data })));
  await waitUntil('pictures of what goes on', () => frames.count > lookedAt + 3);
  await back.end();
  await frames.closed;

  for (const { closed, messages, runs } of viewers) {
    t.equal((await closed)[0], 1000, 'they stay until the end');
    t.equal(messages.filter((type) => type === 'init').length, 1);
    const numbers = (await decode(t, Buffer.concat(runs[0] ?? []), ['-xerror'])).pictures.map(({ number }) => number);
    const first = numbers[0] ?? NaN;
    t.strictSame(numbers, Array.from({ length: seconds * 25 - first }, (_none, at) => first + at), 'all of it');
  }
  const times: number[] = [];
  for (const event of new FragmentReader().push(await body)) for (const run of event.type === 'fragment' ? event.fragment.runs : []) if (run.trackId === 1) times.push(run.baseMediaDecodeTime);
  t.ok(times.length > 5 * 25, 'one file holds what was before and what comes after');
  t.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0)), 'in which time never goes back');
});

t.test('a feed is for nodes alone: not for who knows its address, not by a request that a node hands on, and not for one that lets in others', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [here, there] = await Promise.all([startNode(t, redis.url), startNode(t, redis.url, { VIEW_KEY: 'view-key-of-sixteen-characters' })]);
  const path = '/nodes/feed/cam?version=1&rules=x';
  const { host } = new URL(here.origin);
  const statusOf = async (headers: Record<string, string>): Promise<number> => {
    const socket = new WebSocket(`ws://${host}${path}`, { headers });
    t.teardown(() => socket.terminate());
    return Number(/\d{3}/.exec(String(await once(socket, 'open').catch((error: unknown) => error)))?.[0]);
  };
  const client = { address: '198.51.100.7', protocol: 'http' } as const;
  const signed = (method: string, secret = clusterSecret): Record<string, string> => ({ [proofHeader]: new NodeProof(secret).sign({ method, url: path, host }, client) });
  t.equal(await statusOf({}), 404);
  t.equal(await statusOf(signed('GET')), 401, 'what is handed on for a client is proved otherwise');
  t.equal(await statusOf(signed('FEED', 'another-secret-of-somebody')), 401);
  t.equal(await statusOf(signed('FEED')), 400, 'of a node with other rules');
  t.equal((await fetch(`${here.origin}${path}`)).status, 404);

  // So this one hands viewers on, one by one, and the owner judges them.
  const publisher = new TestPublisher(t, here.publishUrl('cam'));
  const sending = publisher.sendPaced(paced(await record({ seconds: 3 }, output), 3));
  await publisher.message('live');
  const viewer = await waitUntil('somebody may watch', () => watch(t, there).catch(() => undefined));
  await waitUntil('it is sent something', () => (viewer.runs[0]?.length ?? 0) > 0);
  t.strictSame([await metric(here, 'onair_feeds'), await metric(there, 'onair_relayed_viewers')], [0, 0]);
  await sending;
  await publisher.end();
  t.equal((await viewer.closed)[0], 1000);
});
