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
}

const watchedSeconds = 15;

export async function cacheMisses(assumed: CacheAssumptions): Promise<CacheLoad> {
  const queue = new EventQueue();
  const random = seededRandom(assumed.seed);
  const partMs = assumed.partSeconds * 1000;
  const caches = Array.from({ length: assumed.caches }, () => new Map<string, number>());
  let [requests, misses] = [0, 0];
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
    });
  }
  await queue.run(watchedSeconds * 1000, 1000);
  return { requestsPerSecond: requests / watchedSeconds, missesPerSecond: misses / watchedSeconds };
}
