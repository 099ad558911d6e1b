import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { waitUntil } from '../../test/helpers/programs.js';
import { quantile, sleep } from '../bench/clock.js';
import { describeMachine } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { within, type Scope } from '../bench/scope.js';
import { sizeOf } from '../load/process-size.js';
import type { HistoryOptions, HistoryReady } from './history-server.js';
import { browsers, RewoundPage, type BrowserName, type Look } from './rewound-page.js';

/** Its sound has a whole number of frames in it. */
const loopSeconds = 64;
const rate = 25;
const stream = 'history';
/** A place is right where its picture is within this. */
const placeAtMostSeconds = 0.5;
/** After *back to live* the delay may be so much more than it was at first. */
const laterAtMostSeconds = 0.5;

/** Where somebody goes: a share of the window from its beginning, or the live edge. */
const visits = [
  { name: 'live at first', to: 'live' },
  { name: 'the beginning', to: 0 },
  { name: 'the middle', to: 0.5 },
  { name: 'back to live', to: 'live' },
  { name: 'three quarters', to: 0.75 },
  { name: 'back to live again', to: 'live' },
] as const;

interface Row {
  readonly name: string;
  readonly thereAfterSeconds: number;
  /** The picture's time less the place's, the largest. */
  readonly errorSeconds: number;
  /** By the picture, p50. */
  readonly behindSeconds: number;
  readonly longestStandstillSeconds: number;
  readonly stalls: number;
  readonly heapMiB: number | undefined;
  readonly serverMiB: number;
}

async function startHistory(scope: Scope, options: HistoryOptions): Promise<HistoryReady & { pid: number }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'history-server.ts'), JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  scope.teardown(async () => {
    child.stdin.end();
    await gone;
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), gone.then(() => Promise.reject(new Error('expected the server to start, but it ended')))])) as [string];
  return { ...(JSON.parse(line) as HistoryReady), pid: child.pid ?? 0 };
}

/** From -half to half a round: the pictures do not say which round it is. */
const withinRound = (seconds: number): number => seconds - Math.round(seconds / loopSeconds) * loopSeconds;

/** How far the picture is from where the player says that it is. */
const errorOf = ([, number, positionSeconds]: Look, startedAtMs: number): number => withinRound(number / rate - (positionSeconds - startedAtMs / 1000));

/** How long ago the picture was captured; of a place further back than a round what the player says helps. */
function behindOf([atMs, number, positionSeconds]: Look, startedAtMs: number): number {
  const told = atMs / 1000 - positionSeconds;
  return told + withinRound((atMs - startedAtMs) / 1000 - number / rate - told);
}

function longestStandstill(looks: readonly Look[]): number {
  let [longest, since] = [0, looks[0]?.[0] ?? 0];
  for (const [index, [atMs, number]] of looks.entries()) {
    if (number !== looks[index - 1]?.[1]) since = atMs;
    longest = Math.max(longest, atMs - since);
  }
  return longest / 1000;
}

async function visit(page: RewoundPage, { name, to }: (typeof visits)[number], history: HistoryReady & { pid: number }, stayMs: number): Promise<Row> {
  const wentMs = performance.now();
  const wanted = to === 'live' ? undefined : await page.ask<number>(`player.place.startSeconds + (player.place.endSeconds - player.place.startSeconds) * ${String(to)}`);
  await page.takeLooks();
  await page.ask(wanted === undefined ? 'void player.goLive()' : `void player.seek(${String(wanted)})`);
  const before: Look[] = [];
  await waitUntil(`the picture of ${name}`, async () => {
    before.push(...(await page.takeLooks()));
    const [last, previous] = [before.at(-1), before.at(-2)];
    if (!last || !previous || last[1] === previous[1] || (await page.ask<boolean>('player.state !== "playing"'))) return false;
    return to === 'live' ? page.ask<boolean>('player.atLive') : Math.abs(last[2] - (wanted ?? 0)) < 5 && Math.abs(errorOf(last, history.startedAtMs)) < placeAtMostSeconds;
  }, 60_000, 100).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)}: ${JSON.stringify(before.slice(-4))}; ${JSON.stringify(await page.ask('said.slice(-12)'))}`)));
  const thereAfterSeconds = (performance.now() - wentMs) / 1000;
  await page.takeLooks();
  await sleep(stayMs);
  const looks = await page.takeLooks();
  const errors = looks.map((look) => errorOf(look, history.startedAtMs));
  return {
    ...{ name, thereAfterSeconds },
    errorSeconds: errors.reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0),
    behindSeconds: quantile(looks.map((look) => behindOf(look, history.startedAtMs)), 0.5),
    longestStandstillSeconds: longestStandstill(looks),
    stalls: (looks.at(-1)?.[3] ?? 0) - (looks[0]?.[3] ?? 0),
    heapMiB: await page.heapMiB(),
    serverMiB: (await sizeOf([history.pid])).rssMiB,
  };
}

function describe({ name, thereAfterSeconds, errorSeconds, behindSeconds, longestStandstillSeconds, stalls, heapMiB, serverMiB }: Row): string[] {
  return [name, `${thereAfterSeconds.toFixed(1)} s`, `${errorSeconds.toFixed(2)} s`, `${behindSeconds.toFixed(2)} s`, `${longestStandstillSeconds.toFixed(2)} s`, String(stalls), heapMiB === undefined ? '–' : `${heapMiB.toFixed(1)} MiB`, `${serverMiB.toFixed(0)} MiB`];
}

function faultsOf(rows: readonly Row[]): string[] {
  const [first, ...later] = rows.filter(({ name }) => name.includes('live'));
  return [
    ...rows.filter(({ errorSeconds }) => Math.abs(errorSeconds) > placeAtMostSeconds).map(({ name, errorSeconds }) => `${name}: the picture is ${errorSeconds.toFixed(2)} s from where the player says that it is`),
    ...later.filter(({ behindSeconds }) => behindSeconds > (first?.behindSeconds ?? 0) + laterAtMostSeconds).map(({ name, behindSeconds }) => `${name}: ${behindSeconds.toFixed(2)} s behind`),
  ];
}

const { values } = parseArgs({ options: { browser: { type: 'string', default: 'chromium' }, minutes: { type: 'string', default: '10' }, hours: { type: 'string', default: '2' }, 'no-build': { type: 'boolean', default: false } } });

try {
  const browser = browsers.find((each) => each === values.browser);
  if (!browser) throw new Error(`expected --browser ${browsers.join(', ')}, got ${values.browser}`);
  if (!values['no-build']) execFileSync('npm', ['run', 'build:web'], { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'ignore', 'inherit'] });
  const faults = await rewind(browser, Number(values.minutes), Number(values.hours));
  if (faults.length > 0) throw new Error(faults.join('; '));
} catch (error) {
  console.error(`rewind: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Rounds of visits in a broadcast that goes on, with hours behind it. @returns what is not as it should be, in words */
async function rewind(browser: BrowserName, minutes: number, hours: number): Promise<string[]> {
  console.log(describeMachine());
  const rows: Row[] = [];
  const madeInMs = await within(async (scope) => {
    const history = await startHistory(scope, { stream, loopSeconds, historySeconds: hours * 3600 });
    const page = await RewoundPage.open(scope, { browser, origin: history.origin, stream });
    const rounds = Math.max(1, Math.round(minutes / 5));
    const stayMs = (minutes * 60_000) / rounds / visits.length;
    await waitUntil('a picture', async () => (await page.takeLooks()).length > 0, 60_000, 500).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)}; the player: ${JSON.stringify(await page.ask('[window.said, window.player?.state, window.player?.place]'))}`)));
    const endMs = performance.now() + minutes * 60_000;
    while (rows.length === 0 || performance.now() + stayMs < endMs) {
      const row = await visit(page, visits[rows.length % visits.length]!, history, stayMs);
      rows.push(row);
      process.stderr.write(`${describe(row).join(' | ')}\n`);
    }
    console.log(`said: ${(await page.ask<string[]>('said')).join(', ')}`);
    return history.madeInMs;
  });
  console.log(`\n${browser}, ${String(minutes)} minutes of a window of ${String(hours)} hours (made in ${(madeInMs / 1000).toFixed(0)} s):\n`);
  console.log(formatRows([['place', 'there after', 'picture less place, the most', 'behind live p50', 'longest standstill', 'stalls', 'page heap', 'server RSS'], ...rows.map(describe)]));
  return faultsOf(rows);
}
