import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { sleep } from '../bench/clock.js';
import { cpuRates } from '../bench/cpu-time.js';
import { untilPlayable } from '../bench/live-playlist.js';
import { describeMachine, requireLinux } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { within, type Scope } from '../bench/scope.js';
import { ServerUnderTest } from '../bench/server-under-test.js';
import { startWorker } from '../bench/worker.js';
import type { PublisherCommand, publisherHandlers } from '../bench/workers/publisher.js';
import { makeLoadRecording } from './load-recording.js';
import type { LoadViewersCommand, LoadViewersTotals, loadViewersHandlers } from './load-viewers.js';
import { sizeOf } from './process-size.js';

const usage = 'npm run load -- [--publishers 50] [--viewers 2000] [--seconds 30] [--write] [--no-build]';
const root = join(import.meta.dirname, '../..');
/** One process can't read for all of them. */
const viewersPerWorker = 500;
/** What goes on before and after the measured time. */
const marginSeconds = 150;

const { values } = parseArgs({
  options: {
    publishers: { type: 'string', default: '50' },
    viewers: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '30' },
    write: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});
const [publishers, viewers, seconds] = [count('publishers', 500), count('viewers', 20_000), count('seconds', 600)];
requireLinux();
const machine = describeMachine();
if (!values['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const { rows, faults } = await within(load);
const table = formatRows([['figure', 'value'], ...rows]);
console.log(`${machine}\n\n${table}`);
if (values.write) await writePage();
if (faults.length > 0) {
  console.error(`\nexpected nothing to be lost: ${faults.join('; ')}`);
  process.exitCode = 1;
}

async function load(scope: Scope): Promise<{ rows: string[][]; faults: string[] }> {
  const recording = await makeLoadRecording(scope, seconds + marginSeconds);
  const connections = String(Math.max(5000, publishers + viewers + 100));
  const settings = { MAX_STREAMS: String(Math.max(100, publishers)), MAX_CONNECTIONS_PER_ADDRESS: connections };
  const server = await ServerUnderTest.start(scope, { settings });
  const streams = Array.from({ length: publishers }, (_, index) => server.urls(`load-${String(index)}`));
  const command: PublisherCommand = { recording, targets: streams.map(({ publishWithKey }) => ({ url: publishWithKey })) };
  const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
  await publisher.open();
  for (const { hls } of streams) await untilPlayable(hls);
  const audience = audienceOf(scope, streams.map(({ play }) => play));
  for (const worker of audience) await worker.open();

  const ffmpegs = await server.ffmpegPids();
  const audiencePids = audience.map(({ pid }) => pid);
  const [ofServer = 0, ofFfmpegs = 0, ofAudience = 0] = await cpuRates(seconds, [[server.pid], ffmpegs, audiencePids]);
  const [size, ffmpegSize] = [await sizeOf([server.pid]), await sizeOf(ffmpegs)];
  const totals = sum(await Promise.all(audience.map((worker) => worker.totals())));
  const infos = await Promise.all(streams.map(async (_, index) => infoOf(server, `load-${String(index)}`)));
  await publisher.end();
  const ended = await settled(server);

  const notLive = infos.filter(({ state }) => state !== 'live').length;
  const rows = [
    ['publishers live, of those started', `${String(publishers - notLive)} of ${String(publishers)}`],
    ['viewers connected, of those started', `${String(totals.viewers - totals.lost)} of ${String(totals.viewers)}`],
    ['measured for', `${String(seconds)} s`],
    ['ingest of one stream', `${String(Math.round(infos.reduce((all, { ingestBitsPerSecond }) => all + ingestBitsPerSecond, 0) / publishers / 1000))} kbit/s`],
    ['messages sent to viewers', `${String(totals.messages)} (${(totals.bytes / 1e6).toFixed(0)} MB)`],
    ['gaps told by the server', String(totals.gaps)],
    ['holes in decode times', String(totals.holes)],
    ['viewers who were sent nothing', String(totals.starved)],
    ['last viewer of a stream behind the first by', `${String(totals.farthestBehind)} fragments`],
    ['server: CPU', percent(ofServer)],
    ['server: RSS', `${size.rssMiB.toFixed(0)} MiB`],
    ['server: descriptors', String(size.descriptors)],
    [`ffmpeg × ${String(ffmpegs.length)}: CPU`, percent(ofFfmpegs)],
    [`ffmpeg × ${String(ffmpegs.length)}: RSS`, `${ffmpegSize.rssMiB.toFixed(0)} MiB`],
    ['viewers: CPU (not the server)', percent(ofAudience)],
    ['after the end: ffmpeg, descriptors of the server', `${String(ended.ffmpegs)}, ${String(ended.descriptors)}`],
  ];
  const { gaps, holes, starved, lost } = totals;
  const faults = Object.entries({ gaps, holes, starved, lost, notLive, 'ffmpeg left': ended.ffmpegs }).flatMap(([what, times]) => (times > 0 ? [`${what}: ${String(times)}`] : []));
  return { rows, faults };
}

function audienceOf(scope: Scope, urls: readonly string[]): ReturnType<typeof startWorker<typeof loadViewersHandlers>>[] {
  const workers = Math.min(urls.length, Math.ceil(viewers / viewersPerWorker));
  const viewersEach = Math.ceil(viewers / urls.length);
  return Array.from({ length: workers }, (_, worker) => {
    const command: LoadViewersCommand = { urls: urls.filter((_url, index) => index % workers === worker), viewersEach };
    return startWorker<typeof loadViewersHandlers>(scope, { name: '../../load/load-viewers', command });
  });
}

function sum(all: readonly LoadViewersTotals[]): LoadViewersTotals {
  const total = (pick: (totals: LoadViewersTotals) => number): number => all.reduce((result, totals) => result + pick(totals), 0);
  return {
    viewers: total((one) => one.viewers),
    messages: total((one) => one.messages),
    bytes: total((one) => one.bytes),
    gaps: total((one) => one.gaps),
    holes: total((one) => one.holes),
    starved: total((one) => one.starved),
    lost: total((one) => one.lost),
    farthestBehind: Math.max(...all.map((one) => one.farthestBehind)),
  };
}

async function infoOf(server: ServerUnderTest, stream: string): Promise<LiveStreamInfo> {
  return (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
}

/** What is left a moment after the last broadcast ended. */
async function settled(server: ServerUnderTest): Promise<{ ffmpegs: number; descriptors: number }> {
  for (let patience = 50; patience > 0 && (await server.ffmpegPids()).length > 0; patience--) await sleep(100);
  await sleep(2000);
  return { ffmpegs: (await server.ffmpegPids()).length, descriptors: (await sizeOf([server.pid])).descriptors };
}

async function writePage(): Promise<void> {
  const title = `# Load: ${String(publishers)} publishers, ${String(viewers)} viewers\n\nWritten by \`npm run load -- --write\`: publishers of H.264 and AAC that are copied (320×180, 10 pictures a second), viewers by WebSocket, all on one machine with the server.`;
  await mkdir(join(root, 'docs/benchmarks'), { recursive: true });
  await writeFile(join(root, 'docs/benchmarks/load.md'), `${title}\n\n${new Date().toISOString().slice(0, 10)} on ${machine}.\n\n${table}\n`);
  console.log('written to docs/benchmarks/load.md');
}

function percent(rate: number): string {
  return `${(rate / 10).toFixed(0)} % of a core`;
}

function count(name: 'publishers' | 'viewers' | 'seconds', max: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  console.error(`--${name}: expected an integer from 1 to ${String(max)}, got ${JSON.stringify(values[name])}\n${usage}`);
  process.exit(1);
}
