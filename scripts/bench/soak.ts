import { readdir, readFile } from 'node:fs/promises';

import { sleep } from './clock.js';
import { glassLatency, type GlassLatency } from './glass/glass-latency.js';
import { NumberedBroadcast } from './glass/numbered-broadcast.js';
import { NumberedPlayer } from './glass/numbered-player.js';
import { formatRows } from './report.js';
import { writeResults } from './results-page.js';
import { within } from './scope.js';
import { ServerUnderTest } from './server-under-test.js';

/** The end may be this much later than the start. */
const driftAtMostMs = 100;
/** Until the player has found its place, and the server its size. */
const settleMs = 15_000;

interface Sample {
  readonly minute: number;
  readonly latency: GlassLatency;
  readonly rssMiB: number;
  readonly descriptors: number;
}

export interface SoakOptions {
  readonly minutes: number;
  readonly write: boolean;
  readonly machine: string;
}

/** One broadcast and one WebSocket player for as long as it takes to see a drift or a leak; a row every so often. */
export async function soak({ minutes, write, machine }: SoakOptions): Promise<void> {
  const samples = await within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const broadcast = await NumberedBroadcast.start(scope, server, { codec: 'h264', encoder: 'mediarecorder' });
    // What was sent is not kept here: the page must not grow by itself.
    await broadcast.takeSent();
    const player = await NumberedPlayer.start(scope, { origin: server.origin, stream: broadcast.stream, path: 'websocket', mode: 'lowest-delay' });
    await sleep(settleMs);
    await player.take();
    const rows = Math.max(2, Math.min(12, Math.floor(minutes)));
    const taken: Sample[] = [];
    for (let row = 1; row <= rows; row++) {
      await sleep((minutes * 60_000) / rows);
      const latency = glassLatency(await player.take(), await broadcast.drawnMs());
      const sample = { minute: (minutes * row) / rows, latency, ...(await sizeOf(server.pid)) };
      taken.push(sample);
      process.stderr.write(`${describe(sample).join(', ')}\n`);
    }
    return taken;
  });
  const head = ['minute', 'drawn → shown p50', 'p95', 'pictures/s', 'stalls', 'player\'s own figure off by', 'server RSS', 'descriptors'];
  const driftMs = samples.at(-1)!.latency.p50Ms - samples[0]!.latency.p50Ms;
  const body = `${formatRows([head, ...samples.map(describe)])}\n\nFrom the first row to the last: ${driftMs.toFixed(0)} ms (bound: ${String(driftAtMostMs)} ms).`;
  console.log(`${body}\n`);
  if (write) await writeResults({ page: 'soak', title: `Soak: ${String(minutes)} minutes, H.264 copied, WebSocket`, machine, body });
  if (Math.abs(driftMs) > driftAtMostMs) throw new Error(`the latency drifted by ${driftMs.toFixed(0)} ms in ${String(minutes)} minutes`);
}

function describe({ minute, latency, rssMiB, descriptors }: Sample): string[] {
  return [
    minute.toFixed(1),
    `${latency.p50Ms.toFixed(0)} ms`,
    `${latency.p95Ms.toFixed(0)} ms`,
    latency.picturesPerSecond.toFixed(1),
    String(latency.stalls),
    `${latency.toldErrorMs.toFixed(0)} ms`,
    `${rssMiB.toFixed(0)} MiB`,
    String(descriptors),
  ];
}

async function sizeOf(pid: number): Promise<{ rssMiB: number; descriptors: number }> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const descriptors = await readdir(`/proc/${String(pid)}/fd`);
  return { rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024, descriptors: descriptors.length };
}
