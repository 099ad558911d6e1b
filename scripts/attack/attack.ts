import { execFileSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine, requireLinux } from '../bench/machine.js';
import { untilPlayable } from '../bench/live-playlist.js';
import { formatRows } from '../bench/report.js';
import { within, type Scope } from '../bench/scope.js';
import { ServerUnderTest } from '../bench/server-under-test.js';
import { startWorker } from '../bench/worker.js';
import type { PublisherCommand, publisherHandlers } from '../bench/workers/publisher.js';
import { makeLoadRecording } from '../load/load-recording.js';
import type { LoadViewersCommand, LoadViewersTotals, loadViewersHandlers } from '../load/load-viewers.js';
import { attacks } from './attackers.js';

const root = join(import.meta.dirname, '../..');
const viewers = 50;
const longestStallMs = 100;
/** The server's own monitor looks so often; what it tells begins there. */
const monitorMs = 100;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, 'no-build': { type: 'boolean', default: false } } });
const seconds = Number(values.seconds);
if (!(seconds >= 1 && seconds <= 600)) {
  console.error(`--seconds: expected a number from 1 to 600, got ${JSON.stringify(values.seconds)}`);
  process.exit(1);
}
requireLinux();
if (!values['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const { rows, faults } = await within(attackAll);
console.log(`${describeMachine()}\n\n${formatRows([['figure', 'value'], ...rows])}`);
if (faults.length > 0) {
  console.error(`\nexpected viewers to notice nothing: ${faults.join('; ')}`);
  process.exitCode = 1;
}

/** Every attack at once, while people watch by WebSocket: not one of them may miss a picture. */
async function attackAll(scope: Scope): Promise<{ rows: string[][]; faults: string[] }> {
  const recording = await makeLoadRecording(scope, seconds + 60);
  const server = await ServerUnderTest.start(scope);
  const show = server.urls('show');
  const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: { recording, targets: [{ url: show.publishWithKey }] } satisfies PublisherCommand });
  await publisher.open();
  await untilPlayable(show.hls);
  const audience = startWorker<typeof loadViewersHandlers>(scope, { name: '../../load/load-viewers', command: { urls: [show.play], viewersEach: viewers } satisfies LoadViewersCommand });
  await audience.open();
  const made = await fetch(`${server.origin}/api/streams/evil/keys`, { method: 'POST', headers: { authorization: `Bearer ${server.key}` } });
  const { key } = (await made.json()) as { key: string };

  await longestStall(server);
  const signal = AbortSignal.timeout(seconds * 1000);
  setMaxListeners(0, signal); // every connection hears of the end
  const names = Object.keys(attacks);
  const counts = await Promise.all(names.map((name) => attacks[name]!({ origin: server.origin, stream: 'show', victimKey: { stream: 'evil', key }, signal })));
  const stallMs = await longestStall(server);
  const totals = await audience.totals();
  await publisher.end();

  const rows = [
    ...names.map((name, index) => [name, String(counts[index])]),
    ['viewers who watched meanwhile', String(totals.viewers - totals.lost)],
    ['messages they were sent', String(totals.messages)],
    ['gaps told, holes in decode times', `${String(totals.gaps)}, ${String(totals.holes)}`],
    ["longest stall of the server's event loop", `${stallMs.toFixed(0)} ms`],
  ];
  return { rows, faults: [...faultsOf(totals), ...(stallMs > longestStallMs ? [`a stall of ${stallMs.toFixed(0)} ms`] : [])] };
}

function faultsOf({ gaps, holes, starved, lost, messages }: LoadViewersTotals): string[] {
  const bad = Object.entries({ gaps, holes, starved, lost }).flatMap(([what, times]) => (times > 0 ? [`${what}: ${String(times)}`] : []));
  return messages === 0 ? [...bad, 'nothing was sent at all'] : bad;
}

/** Since it was asked the last time. */
async function longestStall(server: ServerUnderTest): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  const found = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
  if (found === undefined) throw new Error('expected nodejs_eventloop_lag_max_seconds among the metrics');
  return Math.max(0, Number(found) * 1000 - monitorMs);
}
