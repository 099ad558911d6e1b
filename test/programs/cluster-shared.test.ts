import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StreamKeys } from '../../src/access/stream-keys.js';
import { openRedis } from '../../src/cluster/redis-client.js';
import { SharedState } from '../../src/cluster/shared-state.js';
import { RecordWishes } from '../../src/live/record-wishes.js';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { JsonFile } from '../../src/storage/json-file.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';
import { readFixture } from '../helpers/fixtures.js';
import { freePort } from '../helpers/free-port.js';
import { ffmpeg, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { redisServer, startRedis } from '../helpers/redis.js';
import { startServer } from '../helpers/server.js';

const skip = skipWithout(redisServer, 'redis-server');

// Each has a Redis of its own, and waits more than it works.
t.jobs = 4;

interface TestNode {
  readonly directory: string;
  readonly keys: StreamKeys;
  readonly descriptions: StreamDescriptions;
  readonly wishes: RecordWishes;
  leave(): Promise<void>;
}

/** What a node keeps, and shares with the others. */
async function startNode(t: Test, url: string, { directory: its, secret = 'the-secret-of-all-nodes', now }: { directory?: string; secret?: string; now?: () => number } = {}): Promise<TestNode> {
  const directory = its ?? (await temporaryDirectory(t));
  const redis = openRedis(url);
  redis.on('error', () => undefined);
  await redis.connect();
  const state = new SharedState({ redis, secret, intervalMs: 20, now });
  const onFailure = (error: Error): void => void t.error(error);
  const file = (name: string): JsonFile => new JsonFile(join(directory, name));
  const node = {
    keys: new StreamKeys({ dataDir: directory }),
    descriptions: new StreamDescriptions({ file: file('descriptions.json'), onFailure }),
    wishes: new RecordWishes({ file: file('wishes.json'), byDefault: false, onFailure }),
  };
  node.keys.share(state.values('key'), onFailure);
  node.descriptions.share(state.values('description'));
  node.wishes.share(state.values('wish'));
  const leave = async (): Promise<void> => {
    await state.close();
    await Promise.all([node.descriptions.close(), node.wishes.close()]);
    redis.disconnect();
  };
  t.teardown(leave);
  return { directory, ...node, leave };
}

t.test('what is kept of a stream at one node is so at every other one, also after each of them was started again', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startNode(t, redis.url), await startNode(t, redis.url)];
  const { id, key } = await one.keys.create('cam', 'for Ann');
  one.descriptions.change('cam', { title: 'Harbour' });
  other.wishes.change('cam', { record: true, private: true });
  await waitUntil('the other node knows the key', () => other.keys.match('cam', key) === id);
  t.equal(other.keys.match('dog', key), undefined, 'it is for one stream');
  t.match(other.keys.list('cam'), [{ id, label: 'for Ann' }]);
  await waitUntil('each knows what was said at the other', () => other.descriptions.get('cam').title === 'Harbour' && one.wishes.of('cam').private);
  other.descriptions.change('cam', { title: 'Harbour at night' });
  await waitUntil('what was said last counts', () => one.descriptions.get('cam').title === 'Harbour at night');
  const all = JSON.stringify([await redis.client.hgetall('onair:{~shared}:values'), await redis.client.keys('*')]);
  t.notMatch(all, new RegExp(key), 'no key is in Redis');
  for (const name of await redis.client.keys('*')) t.ok((await redis.client.pttl(name)) > 0, `${name} has an end`);

  await other.leave();
  t.ok(await one.keys.revoke('cam', id));
  one.descriptions.change('cam', { title: '' });
  const again = await startNode(t, redis.url, { directory: other.directory });
  t.equal(again.keys.match('cam', key), id, 'as it was when it left');
  await waitUntil('what was revoked meanwhile opens nothing', () => again.keys.match('cam', key) === undefined);
  await waitUntil('nor is it described any more', () => again.descriptions.get('cam').title === undefined);
  t.equal(again.wishes.of('cam').record, true);
  const third = await startNode(t, redis.url);
  await waitUntil('who comes new knows all', () => third.wishes.of('cam').private);
});

t.test('Redis goes away and comes back empty: nothing is lost, and what was said meanwhile is told then', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startNode(t, redis.url), await startNode(t, redis.url)];
  const before = await one.keys.create('cam', '');
  await waitUntil('the other node knows it', () => other.keys.match('cam', before.key));
  await redis.stop();
  const meanwhile = await one.keys.create('cam', '');
  await other.keys.revoke('cam', before.id);
  one.descriptions.change('dog', { title: 'Walk' });
  t.ok(one.keys.match('cam', meanwhile.key), 'at the node that made it');
  await redis.start();
  await waitUntil('all is known at both', () => other.keys.match('cam', meanwhile.key) && one.keys.match('cam', before.key) === undefined && other.descriptions.get('dog').title === 'Walk', 30_000);
  const third = await startNode(t, redis.url);
  await waitUntil('and in Redis', () => third.keys.match('cam', meanwhile.key) && third.descriptions.get('dog').title === 'Walk');
  t.equal(third.keys.match('cam', before.key), undefined);
});

t.test('of two that said something the later one counts, whichever comes first; nobody without the secret is believed, nor is what they moved', { skip }, async (t) => {
  const redis = await startRedis(t);
  let [oneMs, otherMs] = [2000, 1000];
  const one = await startNode(t, redis.url, { now: () => oneMs });
  one.descriptions.change('cam', { title: 'Later' });
  const other = await startNode(t, redis.url, { now: () => otherMs });
  other.descriptions.change('cam', { title: 'Earlier' });
  await waitUntil('the later one counts', () => other.descriptions.get('cam').title === 'Later');
  t.equal(one.descriptions.get('cam').title, 'Later');
  [oneMs, otherMs] = [3000, 3000];

  const stranger = await startNode(t, redis.url, { secret: 'another-secret-of-somebody', now: () => 9000 });
  const { key } = await stranger.keys.create('cam', 'mine');
  stranger.descriptions.change('bird', { title: 'Mine' });
  const { id, key: own } = await one.keys.create('dog', '');
  await waitUntil('it is in Redis', async () => (await redis.client.hlen('onair:{~shared}:values')) >= 4);
  await waitUntil('what was said after it is known', () => other.keys.match('dog', own));
  t.equal(other.keys.match('cam', key), undefined);
  t.strictSame(other.descriptions.get('bird'), {});
  const said = await redis.client.hget('onair:{~shared}:values', `key:${id}`);
  await redis.client.hset('onair:{~shared}:values', 'key:0011223344556677', said ?? '', 'description:fish', 'nonsense');
  await redis.client.incr('onair:{~shared}:version');
  one.descriptions.change('cat', { title: 'After it' });
  await waitUntil('what came after it is known', () => other.descriptions.get('cat').title === 'After it');
  t.equal(other.keys.list('dog').length, 1);
  t.strictSame(other.descriptions.get('fish'), {});
});

t.test('two servers with one Redis and one object store: a stream is set up at one, published to the other with the key that was made, and its recording is played and deleted at the first', { skip: skip || skipWithout(ffmpeg?.path, 'ffmpeg') }, async (t) => {
  const [redis, store] = [await startRedis(t), await FakeObjectStore.start(t)];
  const node = async (): Promise<{ readonly origin: string; readonly key: string }> => {
    const port = String(await freePort());
    return startServer(t, { PORT: port, CLUSTER_URL: redis.url, CLUSTER_SECRET: 'the-secret-of-all-nodes', NODE_URL: `http://127.0.0.1:${port}`, ...store.settings });
  };
  const [here, there] = await Promise.all([node(), node()]);
  const authorization = `Bearer ${here.key}`;
  const asJson = { authorization, 'content-type': 'application/json' };
  const made = await fetch(`${here.origin}/api/streams/cam/keys`, { method: 'POST', headers: asJson, body: '{"label":"for Ann"}' });
  const { key } = (await made.json()) as { key: string };
  t.equal((await fetch(`${here.origin}/api/streams/cam`, { method: 'PATCH', headers: asJson, body: '{"title":"Harbour","record":true}' })).status, 200);
  await waitUntil('the other one has all of it', async () => (await fetch(`${there.origin}/api/streams/cam/keys`, { headers: { authorization } }).then((answer) => answer.text())).includes('for Ann'));
  let finish!: () => void;
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(readFixture('chromium-h264.mkv').bytes);
      finish = () => controller.close();
    },
  });
  const pushing = fetch(`${there.origin}/live/cam/publish`, { method: 'PUT', headers: { authorization: `Bearer ${key}` }, body, duplex: 'half' });

  const listedAt = async ({ origin }: { readonly origin: string }): Promise<{ id: string; title?: string; state: string }[]> => ((await (await fetch(`${origin}/api/recordings`)).json()) as { recordings: { id: string; title?: string; state: string }[] }).recordings;
  const [growing] = await waitUntil('it is listed where it is not made, while it grows', async () => (await listedAt(here).then((listed) => listed.length > 0 && listed)) || undefined, 60_000);
  t.match(growing, { title: 'Harbour', state: 'recording' });
  t.match(await (await fetch(`${here.origin}/recordings/${String(growing?.id)}/index.m3u8`)).text(), /^#EXTM3U/, 'and played there');
  finish();
  t.equal((await pushing).status, 200);
  const [recording] = await waitUntil('it is over', async () => (await listedAt(here).then((listed) => listed[0]?.state === 'complete' && listed)) || undefined, 60_000);
  t.match(recording, { id: growing?.id, title: 'Harbour' });
  const address = `${here.origin}/recordings/${String(recording?.id)}`;
  const playlist = async (uri: string): Promise<string> => (await fetch(`${address}/${uri}`)).text();
  const media = /^[^#].*\.m3u8$/m.exec(await playlist('index.m3u8'))?.[0] ?? '';
  const segment = /^[^#].*\.m4s$/m.exec(await playlist(media))?.[0] ?? '';
  const bytes = Buffer.from(await (await fetch(`${address}/${segment}`)).arrayBuffer());
  t.ok(bytes.equals(store.objects.get(`some/where/${String(recording?.id)}/${segment}`)?.bytes ?? Buffer.alloc(0)), 'the segment of the other one');
  t.equal((await fetch(`${here.origin}/api/recordings/${String(recording?.id)}`, { method: 'DELETE', headers: { authorization } })).status, 204);
  await waitUntil('it is gone where it was made', async () => (await listedAt(there)).length === 0, 60_000);
});
