import { loadConfig } from '../../src/config.js';
import { cacheMisses } from './cache-misses.js';
import { directoryLoad } from './directory-load.js';
import { reconnectStorm } from './reconnect-storm.js';

/**
 * What a cluster's shared parts would have to do, on paper: `npm run simulate [-- SEED]`. Each part's assumptions stand at the top of its
 * file. Durations and leases are the server's defaults; how viewers come back is the SDK's own program.
 */
const seed = Number(process.argv[2] ?? 1);
if (!Number.isInteger(seed)) throw new TypeError(`expected an integer as seed, got "${process.argv[2] ?? ''}"`);

const { PART_SECONDS: partSeconds, SEGMENT_SECONDS: segmentSeconds, CLUSTER_LEASE_SECONDS: leaseSeconds } = loadConfig({}, '/nowhere');
const number = (value: number): string => (value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString('en'));
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function print(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(`\n${title}\n\n${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}`);
}

const directoryRows: string[][] = [];
for (const [nodes, streams] of [[2, 10], [5, 100], [25, 1_000], [250, 10_000]] as const) {
  const load = await directoryLoad({ nodes, streams, streamMinutes: 60, leaseSeconds, segmentSeconds, watchedElsewhere: 2, listsPerSecond: 1, seed });
  directoryRows.push([String(nodes), number(streams), number(load.renewalsPerSecond), number(load.announcementsPerSecond), number(load.notesPerSecond), number(load.lookupsPerSecond), number(load.listsPerSecond), number(load.sharedPerSecond), number(load.commandsPerSecondAtMost)]);
}
print('Commands a second at the directory', ['nodes', 'streams', 'renewals', 'announcements', 'notes', 'look-ups', 'lists', 'what is shared', 'at most, in a tenth of a second'], directoryRows);

const stormRows: string[][] = [];
for (const [viewers, joinMs] of [[2_000, 1.5], [2_000, 5], [10_000, 1.5]] as const) {
  const { awayMs, attemptsPerSecondAtMost, attempts, givenUp } = await reconnectStorm({ viewers, failoverMs: 1_000, joinMs, roundTripMs: 40, seed });
  const share = (part: number): string => seconds(awayMs[Math.min(viewers - 1, Math.floor(viewers * part))] ?? Infinity);
  stormRows.push([number(viewers), `${String(joinMs)} ms`, share(0.5), share(0.99), share(1), number(attemptsPerSecondAtMost), (attempts / viewers).toFixed(2), number(givenUp)]);
}
print('A node dies and its viewers by WebSocket come to another', ['viewers', 'a join costs', 'half are back after', '99 %', 'all', 'attempts a second, at most', 'attempts a viewer', 'fall back to HLS'], stormRows);

const cacheRows: string[][] = [];
for (const [viewers, caches] of [[1, 1], [100, 1], [2_000, 1], [2_000, 4]] as const) {
  const load = await cacheMisses({ viewers, caches, partSeconds, segmentSeconds, joinWithinSeconds: 5, freshSeconds: 1, roundTripMs: 40, seed });
  cacheRows.push([number(viewers), String(caches), number(load.requestsPerSecond), number(load.missesPerSecond), number(load.factsPerSecond), number(load.factsMissesPerSecond)]);
}
print('Requests a second of one stream by low-latency HLS', ['viewers', 'caches', 'at the caches', 'at the node', 'of facts at the caches', 'at the node'], cacheRows);
