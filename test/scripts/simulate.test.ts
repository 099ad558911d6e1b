import t from 'tap';

import { cacheMisses } from '../../scripts/simulate/cache-misses.js';
import { directoryLoad } from '../../scripts/simulate/directory-load.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { EventQueue } from '../../scripts/simulate/event-queue.js';
import { reconnectStorm } from '../../scripts/simulate/reconnect-storm.js';
import type { NameStore } from '../../src/cluster/name-store.js';
import { SharedState, type SharedStateOptions } from '../../src/cluster/shared-state.js';
import { RedisDirectory } from '../../src/cluster/redis-directory.js';
import { waitUntil } from '../helpers/programs.js';

t.test('what is planned happens in the order of its time, and at one moment in the order of the plan; what is taken back does not', async (t) => {
  const queue = new EventQueue();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${what} at ${String(queue.nowMs)}`);
  queue.after(30, note('third'));
  queue.after(10, note('first'));
  queue.after(10, note('second'));
  queue.after(20, note('never'))();
  const stop = queue.every(40, note('again'));
  await queue.run(100);
  stop();
  await queue.run(200);
  t.strictSame(happened, ['first at 10', 'second at 10', 'third at 30', 'again at 40', 'again at 80']);
});

t.test('chance is the same for the same seed, and spread evenly', (t) => {
  const [one, same, other] = [seededRandom(1), seededRandom(1), seededRandom(2)];
  const tenths = new Array<number>(10).fill(0);
  let equal = 0;
  for (let count = 0; count < 10_000; count += 1) {
    const value = one();
    if (value !== same()) t.fail('the same seed gives the same');
    if (value === other()) equal += 1;
    tenths[Math.floor(value * 10)]! += 1;
  }
  t.ok(equal < 5);
  t.ok(tenths.every((count) => count > 900 && count < 1100), tenths.join(' '));
  t.end();
});

const storm = { viewers: 300, failoverMs: 1_000, joinMs: 1, roundTripMs: 40, seed: 7 };

t.test('reconnect storm: everybody comes back once, not before the other node is there, nor all together', async (t) => {
  const { awayMs, attempts, attemptsPerSecondAtMost, givenUp } = await reconnectStorm(storm);
  t.equal(awayMs.length, storm.viewers);
  t.ok(awayMs.every((ms) => ms >= storm.failoverMs && Number.isFinite(ms)));
  t.equal(givenUp, 0);
  t.ok(attempts >= storm.viewers);
  t.ok(attemptsPerSecondAtMost < storm.viewers * 2, 'the jitter spreads them over more than half a second');
  t.strictSame(await reconnectStorm(storm), { awayMs, attempts, attemptsPerSecondAtMost, givenUp }, 'and again the same');
});

t.test('reconnect storm: a node that takes connections slowly is come back to later, and never faster than it takes them', async (t) => {
  const quick = await reconnectStorm(storm);
  const slow = await reconnectStorm({ ...storm, joinMs: 10 });
  const last = ({ awayMs }: { awayMs: readonly number[] }): number => awayMs.at(-1) ?? 0;
  t.ok(last(slow) > last(quick));
  t.ok(last(slow) >= storm.failoverMs + storm.viewers * 10 - 10);
  t.ok((await reconnectStorm({ ...storm, failoverMs: 0 })).attempts === storm.viewers, 'without a pause of the proxy each tries once');
});

const directory = { nodes: 4, streams: 200, streamMinutes: 10_000, leaseSeconds: 10, segmentSeconds: 2, watchedElsewhere: 2, listsPerSecond: 1, seed: 3 };

t.test('directory: each lease is renewed three times in its life, each watched place asked once a second, whatever the number of viewers', async (t) => {
  const load = await directoryLoad(directory);
  const near = (value: number, expected: number, what: string): unknown => t.ok(Math.abs(value - expected) < expected * 0.1, `${what}: ${String(value)}, expected ${String(expected)}`);
  near(load.renewalsPerSecond, (directory.streams * 3) / directory.leaseSeconds, 'renewals');
  near(load.announcementsPerSecond, (directory.nodes * 3) / directory.leaseSeconds, 'announcements');
  near(load.notesPerSecond, directory.streams / directory.segmentSeconds, 'notes, one a segment');
  near(load.sharedPerSecond, directory.nodes, 'questions for what is shared');
  near(load.lookupsPerSecond, directory.streams * 2, 'look-ups');
  near(load.listsPerSecond, directory.nodes * 2, 'lists');
  t.ok(load.commandsPerSecondAtMost > load.renewalsPerSecond + load.lookupsPerSecond + load.notesPerSecond);
});

t.test('directory: streams that come and go make their node say everything again', async (t) => {
  const calm = await directoryLoad(directory);
  const restless = await directoryLoad({ ...directory, streamMinutes: 1 });
  t.ok(restless.announcementsPerSecond > calm.announcementsPerSecond * 2);
});

t.test('directory: the server itself renews each lease as often as it says what it has, and no more often than is assumed', async (t) => {
  const asked = { renewals: 0, announcements: 0 };
  const answers = { claim: () => Promise.resolve(1), release: () => Promise.resolve(), withdraw: () => Promise.resolve(), others: () => Promise.resolve([]), leave: () => Promise.resolve() };
  const names = { ...answers, renew: () => Promise.resolve((asked.renewals += 1) > 0), announce: () => Promise.resolve(void (asked.announcements += 1)) };
  const leaseMs = 90;
  const redis = new RedisDirectory({ names: names as unknown as NameStore, ttlMs: leaseMs, log: { info: () => undefined, warn: () => undefined } });
  for (const stream of ['a', 'b']) await redis.claim(stream);
  Object.assign(asked, { renewals: 0, announcements: 0 });
  const startMs = performance.now();
  await waitUntil('two leases of renewals', () => asked.announcements >= 6);
  t.ok(performance.now() - startMs > leaseMs, 'three of them take a lease');
  t.equal(asked.renewals, asked.announcements * 2, 'each lease is renewed in each');
  await redis.close();
});

t.test('directory: a node asks for what is shared once a second, with one command while nothing is new', async (t) => {
  const asked: string[] = [];
  const redis = { defineCommand: () => undefined, get: (key: string) => Promise.resolve((asked.push(key), '1')), hgetall: (key: string) => Promise.resolve((asked.push(key), {})) };
  const intervalMs = 20;
  const shared = new SharedState({ redis: redis as unknown as SharedStateOptions['redis'], secret: 'of all nodes', intervalMs });
  const startMs = performance.now();
  await waitUntil('some exchanges', () => asked.length >= 6);
  await shared.close();
  t.equal(new Set(asked.slice(2)).size, 1, 'after the first time it asks whether there is anything new, and nothing else');
  t.ok(asked.length - 1 <= 1 + (performance.now() - startMs) / intervalMs, 'no more often than is assumed');
});

const cache = { viewers: 50, caches: 1, partSeconds: 0.334, segmentSeconds: 2, joinWithinSeconds: 3, freshSeconds: 1, roundTripMs: 40, seed: 5 };

t.test('cache: a playlist and a part for each part reach the node from each cache, however many watch', async (t) => {
  const [one, many, more] = [await cacheMisses({ ...cache, viewers: 1 }), await cacheMisses(cache), await cacheMisses({ ...cache, viewers: 500 })];
  // A playlist and a part each, and the facts once a second.
  const edge = 2 / cache.partSeconds + 1 / cache.freshSeconds;
  t.ok(many.missesPerSecond > edge * 0.9 && many.missesPerSecond < edge + 2, `${String(many.missesPerSecond)} of ${String(edge)}`);
  t.ok(Math.abs(more.missesPerSecond - many.missesPerSecond) < 0.5, 'ten times as many viewers change nothing');
  t.ok(more.requestsPerSecond > many.requestsPerSecond * 9);
  t.ok(many.factsPerSecond > cache.viewers / 6 && many.factsPerSecond < cache.viewers / 4, `each page asks every five seconds: ${String(many.factsPerSecond)}`);
  t.ok(more.factsMissesPerSecond <= 1 / cache.freshSeconds && more.factsMissesPerSecond > 0.8, `${String(more.factsMissesPerSecond)} of them reach the node`);
  t.ok(one.missesPerSecond === one.requestsPerSecond, 'a first viewer misses everything');
  const four = await cacheMisses({ ...cache, caches: 4 });
  t.ok(Math.abs(four.missesPerSecond / many.missesPerSecond - 4) < 0.4, 'four caches, four times as many');
});
