import t, { type Test } from 'tap';
import { NameStore } from '../../src/cluster/name-store.js';
import { RedisDirectory } from '../../src/cluster/redis-directory.js';
import { openRedis, type RedisClient } from '../../src/cluster/redis-client.js';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { FakeBroadcast } from '../http/fake-broadcast.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { redisServer, startRedis, startSentinel, type TestRedis } from '../helpers/redis.js';

const skip = skipWithout(redisServer, 'redis-server');

interface TestNode {
  readonly directory: RedisDirectory;
  readonly names: NameStore;
  readonly warnings: string[];
  /** As if its power were cut: it says nothing any more. */
  die(): void;
}

async function join(t: Test, url: string, name: string, ttlMs = 600_000): Promise<TestNode> {
  const redis: RedisClient = openRedis(url);
  redis.on('error', () => undefined);
  await redis.connect();
  const names = new NameStore(redis, { id: `${name}-id`, url: `http://${name}:8080` }, ttlMs, 60_000);
  const warnings: string[] = [];
  const directory = new RedisDirectory({ names, ttlMs, log: { info: () => undefined, warn: (_facts, message) => warnings.push(message) } });
  t.teardown(async () => {
    await directory.close();
    redis.disconnect();
  });
  return { directory, names, warnings, die: () => redis.disconnect() };
}

function broadcastOf(stream: string): FakeBroadcast {
  const descriptions = new StreamDescriptions({ file: undefined, onFailure: () => undefined });
  return new FakeBroadcast({ stream, owner: undefined, descriptions, onEnd: () => undefined });
}

async function keysOf({ client }: TestRedis): Promise<string[]> {
  return (await client.keys('*')).sort();
}

t.test('a name is one node\'s until it is released; then another has it with the next epoch, and the first one frees nothing', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await join(t, redis.url, 'one'), await join(t, redis.url, 'other')];
  const claims = await Promise.allSettled([one.directory.claim('cam'), other.directory.claim('cam'), one.directory.claim('cam')]);
  t.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1, 'of those who ask at the same moment one gets it');
  for (const claim of claims) if (claim.status === 'fulfilled') await claim.value.release();
  const first = await one.directory.claim('cam');
  await t.rejects(other.directory.claim('cam'), { code: 'already-live', message: /"cam" is live already/ });
  await t.rejects(one.directory.claim('cam'), { code: 'already-live' });
  await first.release();
  const second = await other.directory.claim('cam');
  t.equal(second.epoch, first.epoch + 1);
  await first.release();
  await t.rejects(one.directory.claim('cam'), { code: 'already-live' });
});

t.test('a node that says nothing any more loses its names when their time is up, and is told when it comes back', { skip }, async (t) => {
  const redis = await startRedis(t);
  const one = await join(t, redis.url, 'one', 300);
  const other = await join(t, redis.url, 'other', 300);
  const lease = await one.directory.claim('cam');
  let lost = false;
  void lease.lost?.then(() => (lost = true));
  for (let renewals = 0; renewals < 3; renewals++) {
    await one.directory.tell();
    t.equal(await redis.client.get('onair:{cam}:owner'), 'one-id');
  }
  t.notOk(lost);
  one.die();
  const next = await waitUntil('the name is free', () => other.directory.claim('cam').catch(() => undefined));
  t.equal(next.epoch, lease.epoch + 1);
  const back = await join(t, redis.url, 'one');
  t.notOk(await back.names.renew({ stream: 'cam', epoch: lease.epoch, isHeld: true, isShown: true }), 'it belongs to the other one');
  await next.release();
  t.notOk(await back.names.renew({ stream: 'cam', epoch: lease.epoch, isHeld: true, isShown: true }), 'nor is it free for who had it before: the epoch is higher');
  t.equal(await redis.client.get('onair:{cam}:home'), null);
});

t.test('whoever finds its name with another node ends what it held', { skip }, async (t) => {
  const redis = await startRedis(t);
  const one = await join(t, redis.url, 'one');
  const lease = await one.directory.claim('cam');
  await redis.client.set('onair:{cam}:owner', 'other-id', 'PX', 60_000);
  await one.directory.tell();
  await lease.lost;
  t.notOk(one.directory.holds('cam'));
  t.strictSame(one.warnings, ['another node has taken the name over']);
  await lease.release();
  t.equal(await redis.client.get('onair:{cam}:owner'), 'other-id', 'and does not free it');
});

t.test('what runs is listed and found from every node; no key is without an end, and all of a stream have its name for their hash tag', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await join(t, redis.url, 'one'), await join(t, redis.url, 'other')];
  const lease = await one.directory.claim('cam');
  t.equal((await other.names.whereabouts('cam')).node, undefined, 'not before there is something to watch');
  lease.show(broadcastOf('cam'));
  await one.directory.tell();
  t.equal((await other.names.whereabouts('cam')).node, 'http://one:8080');
  t.equal((await one.names.whereabouts('cam')).node, undefined, 'which is here');
  const [listed] = await other.directory.list();
  t.match(listed?.info('https://live.example', 1935), { stream: 'cam', urls: { watch: 'https://live.example/watch/cam' } });
  t.strictSame((await one.directory.list()).map(({ stream }) => stream), ['cam']);
  t.equal(await other.directory.locate('cam'), undefined, 'it can be watched there, not here');
  const keys = await keysOf(redis);
  t.ok(keys.length >= 5, keys.join());
  for (const key of keys) {
    t.match(key, /^onair:\{(cam|~nodes)\}:/);
    t.ok((await redis.client.pttl(key)) > 0, `${key} has an end`);
  }
  t.notMatch(await Promise.all(keys.map((key) => redis.client.dump(key).then(String))), /key=|resume/);

  await lease.release();
  t.equal((await other.names.whereabouts('cam')).node, 'http://one:8080', 'the end can be watched for a while');
  lease.withdraw();
  await waitUntil('it is withdrawn', async () => (await other.names.whereabouts('cam')).node === undefined);
  await one.directory.close();
  t.strictSame(await other.directory.list(), []);
});

t.test('a name may be another node\'s when Redis could not be asked for as long as the lease lasts, and not before', { skip }, async (t) => {
  const redis = await startRedis(t);
  const one = await join(t, redis.url, 'one', 600);
  const lease = await one.directory.claim('cam');
  t.notOk(lease.mayBeLost);
  await redis.stop();
  await waitUntil('the lease is over', () => lease.mayBeLost);
  t.ok(one.directory.holds('cam'), 'it goes on all the same');
  lease.withdraw();
  t.notOk(one.directory.holds('cam'), 'what is withdrawn is asked for elsewhere, also before its lease is let go of');
  await redis.start();
  await waitUntil('it is known again', () => !lease.mayBeLost);
});

t.test('Redis goes away: what runs goes on, nothing new begins; it comes back empty: all that is held is written again', { skip }, async (t) => {
  const redis = await startRedis(t);
  const one = await join(t, redis.url, 'one');
  const lease = await one.directory.claim('cam');
  let lost = false;
  void lease.lost?.then(() => (lost = true));
  const broadcast = broadcastOf('cam');
  lease.show(broadcast);
  await one.directory.tell();
  t.ok(one.directory.reachable);
  await redis.stop();
  await one.directory.tell();
  t.notOk(one.directory.reachable);
  t.ok(one.directory.holds('cam'));
  t.strictSame(await one.directory.list(), [broadcast]);
  const asked = t.capture(one.names, 'others');
  t.strictSame([await one.directory.growing(), asked()], [[], []], 'lists of recordings do not wait for it');
  asked.restore();
  await t.rejects(one.directory.claim('other'), { code: 'unavailable', message: /the directory of the cluster can not be reached/ });
  await redis.start();
  t.strictSame(await keysOf(redis), []);
  await waitUntil('it is back', async () => {
    await one.directory.tell();
    return one.directory.reachable;
  });
  t.equal(await redis.client.get('onair:{cam}:owner'), 'one-id');
  t.equal(await redis.client.get('onair:{cam}:epoch'), String(lease.epoch));
  t.notOk(lost);
  await (await one.directory.claim('other')).release();
  t.strictSame(one.warnings, ['the directory of the cluster can not be reached: what runs goes on, nothing new begins'], 'told once');
});

t.test('a Redis Cluster takes the same keys', { skip }, async (t) => {
  const redis = await startRedis(t, ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
  await redis.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitUntil('it is ready', async () => String(await redis.client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  const one = await join(t, redis.url.replace('redis:', 'redis+cluster:'), 'one');
  const lease = await one.directory.claim('cam');
  lease.show(broadcastOf('cam'));
  await one.directory.tell();
  t.ok(one.directory.reachable);
  t.strictSame(await one.directory.list().then((all) => all.map(({ stream }) => stream)), ['cam']);
});

t.test('Sentinels that have a replica follow a Redis that died: what is held is held there, and new names can be taken', { skip }, async (t) => {
  const master = await startRedis(t);
  const replica = await startRedis(t, ['--replicaof', '127.0.0.1', new URL(master.url).port]);
  const port = await startSentinel(t, master);
  const one = await join(t, `redis+sentinel://127.0.0.1:${String(port)}/onair`, 'one');
  const lease = await one.directory.claim('cam');
  lease.show(broadcastOf('cam'));
  await one.directory.tell();
  t.equal(await master.client.get('onair:{cam}:owner'), 'one-id');
  await master.stop();
  await waitUntil('another Redis is found', async () => {
    await one.directory.tell();
    return one.directory.reachable && (await replica.client.role())[0] === 'master';
  }, 60_000);
  t.equal(await replica.client.get('onair:{cam}:owner'), 'one-id');
  t.ok(one.directory.holds('cam'));
  await (await one.directory.claim('other')).release();
});
