import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LineProxy } from '../../test/helpers/line-proxy.js';
import { waitUntil } from '../../test/helpers/programs.js';
import { quantile, sleep } from '../bench/clock.js';
import { glassLatency } from '../bench/glass/glass-latency.js';
import type { Seen } from '../bench/glass/numbered-player.js';
import { playerPage } from '../bench/glass/player-page.js';
import { describeMachine, requireLinux } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { writeResults } from '../bench/results-page.js';
import { within, type Scope } from '../bench/scope.js';
import { ServerUnderTest } from '../bench/server-under-test.js';
import { sizeOf } from '../load/process-size.js';
import { changingPublisherPage } from './changing-publisher.js';
import { SoakedPage, type PageSize } from './soaked-page.js';

const stream = 'soak';
/** The end may be so much later than the beginning. */
const driftAtMostMs = 100;
/** Of a page, from the first third of the rows to the last: what is measured differs by some hundred kilobytes from row to row. */
const growthAtMostMiB = 1.5;
/** From the last of the changes until the player is close to live again. */
const calmShare = 0.4;

interface Row {
  readonly minute: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of it, what the player keeps in hand. */
  readonly bufferMs: number;
  readonly picturesPerSecond: number;
  readonly stalls: number;
  readonly publisher: PageSize;
  readonly viewer: PageSize;
  readonly serverMiB: number;
}

interface Stage {
  readonly publisher: SoakedPage;
  readonly viewer: SoakedPage;
  readonly publisherLine: LineProxy;
  readonly viewerLine: LineProxy;
}

/** What happens to both pages between two rows: each source and quality, hidden phases, cuts of either line. The rest is calm. */
const happenings: readonly { readonly what: string; readonly run: (stage: Stage) => unknown }[] = [
  { what: 'camera', run: ({ publisher }) => publisher.ask('change.camera()') },
  { what: 'viewer hidden', run: ({ viewer }) => viewer.hide() },
  { what: 'light', run: ({ publisher }) => publisher.ask('change.light()') },
  { what: 'viewer shown', run: ({ viewer }) => viewer.show() },
  { what: 'publisher hidden', run: ({ publisher }) => publisher.hide() },
  { what: 'muted', run: ({ publisher }) => publisher.ask('change.mute()') },
  { what: 'viewer cut', run: ({ viewerLine }) => viewerLine.cut() },
  { what: 'unmuted', run: ({ publisher }) => publisher.ask('change.unmute()') },
  { what: 'publisher shown', run: ({ publisher }) => publisher.show() },
  { what: 'usual', run: ({ publisher }) => publisher.ask('change.usual()') },
  { what: 'publisher cut', run: ({ publisherLine }) => publisherLine.cut() },
  { what: 'numbered', run: ({ publisher }) => publisher.ask('change.numbered()') },
];

async function openStage(scope: Scope, server: ServerUnderTest): Promise<Stage> {
  const [publisherLine, viewerLine] = [await LineProxy.listen(scope, server.origin), await LineProxy.listen(scope, server.origin)];
  const publisher = await SoakedPage.open(scope, changingPublisherPage({ origin: publisherLine.origin, key: server.key, stream }));
  await waitUntil('the broadcast', () => publisher.ask<boolean>('news.includes("live")'), 60_000);
  const viewer = await SoakedPage.open(scope, playerPage({ origin: viewerLine.origin, stream, path: 'auto', mode: 'lowest-delay' }));
  await waitUntil('a picture', () => viewer.ask<boolean>('shown.length > 0'), 60_000);
  return { publisher, viewer, publisherLine, viewerLine };
}

/** What the viewer saw since it was last asked; the page keeps none of it. */
const takeSeen = `(() => { const { shown, told, stalls } = window; Object.assign(window, { shown: [], told: [], stalls: 0 }); return { shown, told, stalls }; })()`;

async function measureRow(stage: Stage, rowMs: number): Promise<Omit<Row, 'minute' | 'serverMiB'>> {
  const stepMs = (rowMs * (1 - calmShare)) / happenings.length;
  for (const { what, run } of happenings) {
    try {
      await run(stage);
    } catch (error) {
      throw new Error(`${what}: ${String(error)}; ${await describeNews(stage)}`, { cause: error });
    }
    await sleep(stepMs);
  }
  await sleep((rowMs * calmShare) / 2);
  await stage.viewer.ask(takeSeen);
  await sleep((rowMs * calmShare) / 2);
  const seen = await stage.viewer.ask<Seen>(takeSeen);
  const drawnMs = await stage.publisher.ask<number[]>('Array.from(drawnMs)');
  const [publisher, viewer] = [await stage.publisher.size(), await stage.viewer.size()];
  return { ...glassLatency(seen, drawnMs), publisher, viewer };
}

async function describeNews({ publisher, viewer }: Stage): Promise<string> {
  return `the publisher: ${(await publisher.ask<string[]>('news.slice(-20)')).join(', ')}; the player: ${(await viewer.ask<string[]>('messages.slice(-20)')).join(', ')}; its paths: ${(await viewer.ask<string[]>('paths')).join(', ')}`;
}

function describe({ minute, p50Ms, p95Ms, bufferMs, picturesPerSecond, stalls, publisher, viewer, serverMiB }: Row): string[] {
  return [
    minute.toFixed(0),
    `${p50Ms.toFixed(0)} ms`,
    `${p95Ms.toFixed(0)} ms`,
    `${bufferMs.toFixed(0)} ms`,
    picturesPerSecond.toFixed(1),
    String(stalls),
    ...[publisher, viewer].flatMap(({ heapMiB, listeners, nodes }) => [`${heapMiB.toFixed(2)} MiB`, `${String(listeners)}, ${String(nodes)}`]),
    `${serverMiB.toFixed(0)} MiB`,
  ];
}

const heads = ['minute', 'drawn → shown p50', 'p95', 'in hand', 'pictures/s', 'stalls', 'publisher heap', 'listeners, nodes', 'viewer heap', 'listeners, nodes', 'server RSS'];

const medianOf = (rows: readonly Row[], read: (row: Row) => number): number => quantile(rows.map(read), 0.5);

/** What is not as it should be, in words. */
function faultsOf(rows: readonly Row[]): string[] {
  const third = Math.max(1, Math.floor(rows.length / 3));
  const rise = (read: (row: Row) => number): number => medianOf(rows.slice(-third), read) - medianOf(rows.slice(0, third), read);
  const [drift, publisher, viewer] = [rise(({ p50Ms }) => p50Ms), rise((row) => row.publisher.heapMiB), rise((row) => row.viewer.heapMiB)];
  console.log(`From the first third of the rows to the last (medians): delay ${drift.toFixed(0)} ms (bound ${String(driftAtMostMs)}), heap of the publisher ${publisher.toFixed(2)} MiB, of the viewer ${viewer.toFixed(2)} MiB (bound ${String(growthAtMostMiB)}).`);
  return [
    ...(drift > driftAtMostMs ? [`the delay grew by ${drift.toFixed(0)} ms`] : []),
    ...(publisher > growthAtMostMiB ? [`the publisher's heap grew by ${publisher.toFixed(2)} MiB`] : []),
    ...(viewer > growthAtMostMiB ? [`the viewer's heap grew by ${viewer.toFixed(2)} MiB`] : []),
  ];
}

/** The SDK's own publisher and player in Chromium for as long as it takes to see a drift or a leak. */
async function soakWeb(minutes: number, rowMinutes: number, write: boolean): Promise<string[]> {
  const machine = describeMachine();
  console.log(`${machine}\n`);
  const rows: Row[] = [];
  const news = await within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const stage = await openStage(scope, server);
    while (rows.length < Math.max(2, minutes / rowMinutes)) {
      const measured = await measureRow(stage, rowMinutes * 60_000);
      const { rssMiB } = await sizeOf([server.pid]);
      const row = { minute: (rows.length + 1) * rowMinutes, ...measured, serverMiB: rssMiB };
      rows.push(row);
      process.stderr.write(`${describe(row).join(' | ')}\n`);
    }
    return describeNews(stage);
  });
  const body = formatRows([heads, ...rows.map(describe)]);
  console.log(`${body}\n\nThe last of what was said: ${news}\n`);
  if (write) await writeResults({ page: 'soak-web', title: `Soak of the SDK: ${String(minutes)} minutes of Publisher and Player in Chromium`, machine, body });
  return faultsOf(rows);
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, 'row-minutes': { type: 'string', default: '5' }, write: { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false } },
});

try {
  requireLinux();
  if (!values['no-build']) execFileSync('npm', ['run', 'build'], { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'ignore', 'inherit'] });
  const faults = await soakWeb(Number(values.minutes), Number(values['row-minutes']), values.write);
  if (faults.length > 0) throw new Error(faults.join('; '));
} catch (error) {
  console.error(`soak:web: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
