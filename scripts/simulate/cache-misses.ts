import { seededRandom } from '../../test/helpers/seeded-random.js';
import { EventQueue } from './event-queue.js';

/**
 * Viewers of one stream by low-latency HLS behind caches. Assumed:
 * - Each follows the edge: it asks for the playlist that has the next part, and for that part, as soon as it has those of the one before.
 *   Both are answered when the part is there, and not before.
 * - Whoever joins asks for the multivariant playlist, the media playlist without a number, the initialization and the last whole segment, and joins at
 *   random within `joinWithinSeconds`.
 * - A cache collapses equal requests into one, and keeps what is addressed by a number for good: media, and playlists that name a part. The two playlists that
 *   do not are kept for `freshSeconds`, as their headers say.
 * - Each is a page of ours, which asks for the stream's facts by the SDK's own `FactsDesk`; they are kept for `freshSeconds`, too. Who watches by way of a cache is
 *   not counted, so nobody asks less often because many watch.
 * - Viewers are spread evenly over the caches, and are `roundTripMs` away, a half more or less.
 */
export interface CacheAssumptions {
  readonly viewers: number;
  readonly caches: number;
  readonly partSeconds: number;
  readonly segmentSeconds: number;
  readonly joinWithinSeconds: number;
  readonly freshSeconds: number;
  readonly roundTripMs: number;
  readonly seed: number;
}

export interface CacheLoad {
  readonly requestsPerSecond: number;
  /** Of them, those that reach the node. */
  readonly missesPerSecond: number;
  /** Of those, and of these, what asked for the facts. */
  readonly factsPerSecond: number;
  readonly factsMissesPerSecond: number;
}

/** The SDK is typed for browsers, this side for Node: what is used of it here. */
interface FactsDesk {
  follow(url: string, onFacts: () => void): { close(): void };
}
const sdk = new URL('../../src/web/sdk/', import.meta.url).href;

const watchedSeconds = 15;

export async function cacheMisses(assumed: CacheAssumptions): Promise<CacheLoad> {
  const { FactsDesk } = (await import(`${sdk}playback/facts-poll.ts`)) as { FactsDesk: new (page: object) => FactsDesk };
  const queue = new EventQueue();
  const random = seededRandom(assumed.seed);
  const partMs = assumed.partSeconds * 1000;
  const caches = Array.from({ length: assumed.caches }, () => new Map<string, number>());
  let [requests, misses] = [0, 0];
  const facts = { requests: 0, misses: 0 };
  const followers: { close(): void }[] = [];
  const ask = (cache: Map<string, number>, name: string, keepMs = Infinity): void => {
    requests += 1;
    if ((cache.get(name) ?? -Infinity) > queue.nowMs) return;
    misses += 1;
    cache.set(name, queue.nowMs + keepMs);
  };
  for (let viewer = 0; viewer < assumed.viewers; viewer += 1) {
    const cache = caches[viewer % assumed.caches] ?? new Map<string, number>();
    const follow = (): void => {
      const next = Math.floor(queue.nowMs / partMs) + 1;
      ask(cache, `playlist ${String(next)}`);
      ask(cache, `part ${String(next)}`);
      queue.after(next * partMs - queue.nowMs + assumed.roundTripMs * (0.5 + random()), follow);
    };
    queue.after(random() * assumed.joinWithinSeconds * 1000, () => {
      const segment = Math.floor(queue.nowMs / (assumed.segmentSeconds * 1000)) - 1;
      for (const name of ['multivariant', 'media']) ask(cache, name, assumed.freshSeconds * 1000);
      for (const name of ['initialization', `segment ${String(segment)}`]) ask(cache, name);
      follow();
      followers.push(new FactsDesk(page).follow('/api/streams/s', () => undefined));
    });
    const page = {
      hidden: false,
      random,
      on: () => () => undefined,
      after: (delayMs: number, run: () => void) => queue.after(delayMs, run),
      fetch: async () => {
        const before = misses;
        ask(cache, 'facts', assumed.freshSeconds * 1000);
        facts.requests += 1;
        facts.misses += misses - before;
        return new Response(JSON.stringify({ state: 'live', viewers: 0 }));
      },
    };
  }
  await queue.run(watchedSeconds * 1000, 100);
  for (const follower of followers) follower.close();
  const perSecond = (count: number): number => count / watchedSeconds;
  return { requestsPerSecond: perSecond(requests), missesPerSecond: perSecond(misses), factsPerSecond: perSecond(facts.requests), factsMissesPerSecond: perSecond(facts.misses) };
}
