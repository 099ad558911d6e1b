import { seededRandom } from '../../test/helpers/seeded-random.js';
import { EventQueue } from './event-queue.js';

/**
 * What the directory is asked. Assumed:
 * - Each stream is held by one node, which renews its lease every third of it; each node says what it has at the same times, and
 *   at each start and end (`src/cluster/redis-directory.ts`). Nodes began at different moments.
 * - How far a stream is its node writes down at each closed segment, one for each of its `segmentSeconds`.
 * - Each node asks once a second whether anything is new of what all share (`src/cluster/shared-state.ts`), and nothing is.
 * - Streams start and end at random, `streamMinutes` long on average, as many as there are now.
 * - `watchedElsewhere` other nodes have viewers of each stream, or all others where there are fewer; such a node asks once a second where the stream is (`src/cluster/homes.ts`).
 * - `listsPerSecond` at each node: each asks for the nodes, then for what they said, as one command each.
 */
export interface DirectoryAssumptions {
  readonly nodes: number;
  readonly streams: number;
  readonly streamMinutes: number;
  readonly leaseSeconds: number;
  readonly segmentSeconds: number;
  readonly watchedElsewhere: number;
  readonly listsPerSecond: number;
  readonly seed: number;
}

export interface DirectoryLoad {
  readonly renewalsPerSecond: number;
  readonly announcementsPerSecond: number;
  readonly notesPerSecond: number;
  readonly lookupsPerSecond: number;
  readonly listsPerSecond: number;
  readonly sharedPerSecond: number;
  /** In the tenth of a second that had most, by ten. */
  readonly commandsPerSecondAtMost: number;
}

const watchedSeconds = 20;
const lookupEveryMs = 1_000;
const sharedEveryMs = 1_000;

export async function directoryLoad(assumed: DirectoryAssumptions): Promise<DirectoryLoad> {
  const queue = new EventQueue();
  const random = seededRandom(assumed.seed);
  const counts = { renewal: 0, announcement: 0, note: 0, lookup: 0, list: 0, shared: 0 };
  const tenths = new Map<number, number>();
  const command = (kind: keyof typeof counts, times = 1): void => {
    counts[kind] += times;
    const tenth = Math.floor(queue.nowMs / 100);
    tenths.set(tenth, (tenths.get(tenth) ?? 0) + times);
  };
  const everyFrom = (periodMs: number, run: () => void): void => void queue.after(random() * periodMs, () => (run(), queue.every(periodMs, run)));

  const held = Array.from({ length: assumed.nodes }, () => 0);
  const tell = (node: number): void => {
    command('renewal', held[node]);
    command('announcement');
  };
  const change = (node: number, by: 1 | -1): void => {
    held[node] = (held[node] ?? 0) + by;
    tell(node);
  };
  const begin = (): number => {
    const node = Math.floor(random() * assumed.nodes);
    const lastsMs = -Math.log(1 - random()) * assumed.streamMinutes * 60_000;
    queue.after(lastsMs, () => {
      change(node, -1);
      // As one ends another begins: their number stays.
      change(begin(), 1);
    });
    return node;
  };
  for (let stream = 0; stream < assumed.streams; stream += 1) {
    const node = begin();
    held[node] = (held[node] ?? 0) + 1;
    // As one ends another begins.
    everyFrom(assumed.segmentSeconds * 1000, () => command('note'));
    for (let other = 0; other < Math.min(assumed.watchedElsewhere, assumed.nodes - 1); other += 1) everyFrom(lookupEveryMs, () => command('lookup'));
  }
  for (let node = 0; node < assumed.nodes; node += 1) {
    everyFrom((assumed.leaseSeconds * 1000) / 3, () => tell(node));
    everyFrom(sharedEveryMs, () => command('shared'));
    if (assumed.listsPerSecond > 0) everyFrom(1000 / assumed.listsPerSecond, () => command('list', 2));
  }
  await queue.run(watchedSeconds * 1000, 1000);
  const perSecond = (kind: keyof typeof counts): number => counts[kind] / watchedSeconds;
  return {
    renewalsPerSecond: perSecond('renewal'),
    announcementsPerSecond: perSecond('announcement'),
    notesPerSecond: perSecond('note'),
    lookupsPerSecond: perSecond('lookup'),
    listsPerSecond: perSecond('list'),
    sharedPerSecond: perSecond('shared'),
    commandsPerSecondAtMost: 10 * Math.max(0, ...tenths.values()),
  };
}
