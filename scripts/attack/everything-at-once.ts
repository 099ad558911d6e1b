import { setPriority } from 'node:os';
import { join } from 'node:path';

import { temporaryDirectory } from '../../test/helpers/programs.js';
import { untilPlayable } from '../bench/live-playlist.js';
import { ServerUnderTest, type ServerOptions } from '../bench/server-under-test.js';
import { startWorker } from '../bench/worker.js';
import type { Scope } from '../bench/scope.js';
import type { PublisherCommand, publisherHandlers } from '../bench/workers/publisher.js';
import { makeLoadRecording } from '../load/load-recording.js';
import type { LoadViewersCommand, LoadViewersTotals, loadViewersHandlers } from '../load/load-viewers.js';
import type { AttackerCommand, attackerHandlers } from './attacker.js';
import { readStalls, watchStalls, type Stall } from './stalls.js';

export interface AttackResult {
  /** How often each attacked. */
  readonly counts: readonly (readonly [name: string, count: number])[];
  readonly watched: LoadViewersTotals;
  readonly stalls: readonly Stall[];
}

/** Attackers and viewers stand for other machines: where there are not enough cores for all, the server comes first. */
const othersNiceness = 10;

/** Every attack at once, while people watch by WebSocket. */
export async function everythingAtOnce(scope: Scope, { seconds, viewers, entry }: { readonly seconds: number; readonly viewers: number } & Pick<ServerOptions, 'entry'>): Promise<AttackResult> {
  const recording = await makeLoadRecording(scope, seconds + 60);
  const stallFile = join(await temporaryDirectory(scope, 'onair-attack'), 'stalls');
  const server = await ServerUnderTest.start(scope, { entry, ...watchStalls(stallFile) });
  const show = server.urls('show');
  const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: { recording, targets: [{ url: show.publishWithKey }] } satisfies PublisherCommand });
  await publisher.open();
  await untilPlayable(show.hls);
  const audience = startWorker<typeof loadViewersHandlers>(scope, { name: '../../load/load-viewers', command: { urls: [show.play], viewersEach: viewers } satisfies LoadViewersCommand });
  setPriority(audience.pid, othersNiceness);
  await audience.open();
  const made = await fetch(`${server.origin}/api/streams/evil/keys`, { method: 'POST', headers: { authorization: `Bearer ${server.key}` } });
  const { key } = (await made.json()) as { key: string };

  const begunAtMs = Date.now();
  const command: AttackerCommand = { origin: server.origin, stream: 'show', victimKey: { stream: 'evil', key }, seconds };
  const attacker = startWorker<typeof attackerHandlers>(scope, { name: '../../attack/attacker', command });
  setPriority(attacker.pid, othersNiceness);
  const counts = await attacker.counts();
  const watched = await audience.totals();
  const stalls = readStalls(stallFile, begunAtMs);
  await publisher.end();
  return { counts, watched, stalls };
}

/** What viewers noticed, in words. */
export function noticed({ gaps, holes, starved, lost, messages }: LoadViewersTotals): string[] {
  const bad = Object.entries({ gaps, holes, starved, lost }).flatMap(([what, times]) => (times > 0 ? [`${what}: ${String(times)}`] : []));
  return messages === 0 ? [...bad, 'nothing was sent at all'] : bad;
}
