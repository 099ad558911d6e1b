import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { canvasRate } from '../../test/helpers/canvas-publisher.js';
import { waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { NumberedPublisher, rate as cardRate } from './numbered-publisher.js';
import { PagePublisher } from './page-publisher.js';
import { stillRunning, TwoNodes } from './two-nodes.js';
import { byHlsJs, bySocket, byVlc, epochMs, PlainHls, type Watching } from './watching.js';

/**
 * Kills the node that has the broadcast again and again, says what its viewers saw through the proxy, and fails where that is more than `bounds`: `npm run chaos:nodes -- --kills 20`.
 * `--publisher webcodecs` or `mediarecorder`: a page in Chromium sends, instead of the SDK's socket alone; it does not capture every picture that is drawn.
 */
const stream = 'chaos';
/** Between the kills nothing is amiss for so long at least. */
const calmMs = 8000;
const recoveryTimeoutMs = 40_000;
/** What fails the run, beyond what a lease takes: on a machine that does nothing else about a fifth of it is seen. */
const bounds = {
  /** For the publisher to be back when the lease is over. */
  publisherMs: 10_000,
  /** For who watches to see something new when the publisher is back. */
  viewerMs: 10_000,
  /** Pictures that nobody gets, beyond those that were drawn while the publisher was away. */
  lostMs: 6000,
  /** Pictures that come again: what had come of the segment in which the node died. */
  againMs: 5000,
} as const;

type Publishing = Pick<NumberedPublisher, 'connectedAtMs' | 'ended' | 'drawnAtMs' | 'end'>;

interface Kill {
  readonly atMs: number;
  /** Until the publisher was taken by the other node. */
  readonly publisherAwayMs: number;
  readonly epoch: string | null;
  readonly left: number;
  readonly faults: readonly string[];
}

async function killOwner(nodes: TwoNodes, publisher: Publishing, hls: PlainHls, watching: readonly Watching[]): Promise<Kill> {
  const owner = await nodes.owner(stream);
  const atMs = epochMs();
  const encoders = await nodes.kill(owner);
  const restarting = nodes.restart(owner);
  const backAtMs = await waitUntil('the publisher is back', () => (publisher.ended === undefined ? publisher.connectedAtMs.find((at) => at > atMs) : 0), recoveryTimeoutMs);
  if (publisher.ended !== undefined) throw new Error(`the broadcast is over: ${publisher.ended}`);
  await restarting;
  const still: string[] = [];
  for (const each of watching) {
    const goesOn = async (): Promise<boolean> => ((await each.moved()).at(-1) ?? 0) > backAtMs + 1000;
    await waitUntil('it moves', goesOn, recoveryTimeoutMs, 250).catch(async () => {
      still.push(`${each.name} stands still`);
      if (each.state) console.log(await each.state());
    });
  }
  await sleep(calmMs);
  const faults = [...(await nodes.unclean(stream)), ...still];
  const [first, last] = [hls.playlists[0]?.text ?? '', hls.playlists.at(-1)?.text ?? ''];
  for (const frozen of [/#EXT-X-TARGETDURATION:\d+/, /PART-TARGET=[\d.]+/, /#EXT-X-SERVER-CONTROL:.*/]) {
    if (frozen.exec(first)?.[0] !== frozen.exec(last)?.[0]) faults.push(`${frozen.exec(first)?.[0]} became ${frozen.exec(last)?.[0]}`);
  }
  return { atMs, publisherAwayMs: backAtMs - atMs, epoch: await nodes.redis.client.get(`onair:{${stream}}:epoch`), left: (await stillRunning(encoders)).length, faults };
}

/** The longest time without anything new that begins or ends behind the kill and before the next one. */
function stillMs(moved: readonly number[], fromMs: number, untilMs: number): number {
  let longest = 0;
  let last = moved.findLast((at) => at <= fromMs) ?? fromMs;
  for (const at of [...moved.filter((each) => each > fromMs && each < untilMs), untilMs]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

/** How many pictures are missing in front of each number behind a hole. */
function holes(numbers: readonly number[]): { readonly before: number; readonly pictures: number }[] {
  return numbers.map((before, at) => ({ before, pictures: at === 0 ? 0 : before - (numbers[at - 1] ?? 0) - 1 })).filter(({ pictures }) => pictures > 0);
}

/** How many came again after later ones. */
function cameAgain(numbers: readonly number[]): number {
  let highest = -1;
  return numbers.filter((number) => number < (highest = Math.max(highest, number))).length;
}

interface Column {
  readonly name: string;
  readonly moved: readonly number[];
  /** Undefined where only movement is known. */
  readonly numbers: readonly number[] | undefined;
}

/** What one kill cost each of those who watch, and where that was more than it may be. */
function judge({ atMs, publisherAwayMs }: Kill, untilMs: number, leaseMs: number, { columns, publisher, rate }: { readonly columns: readonly Column[]; readonly publisher: Publishing; readonly rate: number }): { readonly cells: readonly string[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const limit = (what: string, isMs: number, mostMs: number): void => {
    if (isMs > mostMs) faults.push(`${what}: ${(isMs / 1000).toFixed(1)} s, at most ${(mostMs / 1000).toFixed(1)} s`);
  };
  limit('publisher away', publisherAwayMs, leaseMs + bounds.publisherMs);
  const cells = columns.flatMap(({ name, moved, numbers }) => {
    const still = stillMs(moved, atMs, untilMs);
    limit(`${name} still`, still, publisherAwayMs + bounds.viewerMs);
    const cell = `${(still / 1000).toFixed(1)} s`;
    if (!numbers) return [cell];
    const missing = holes(numbers).filter(({ before }) => publisher.drawnAtMs(before) > atMs && publisher.drawnAtMs(before) <= untilMs);
    const lost = missing.reduce((sum, { pictures }) => sum + pictures, 0);
    limit(`${name} lost`, (lost / rate) * 1000, publisherAwayMs + bounds.lostMs);
    return [cell, String(lost)];
  });
  return { cells, faults };
}

async function chaos(t: Teardown, kills: number, leaseMs: number, players: readonly string[], by: string): Promise<boolean> {
  const nodes = await TwoNodes.start(t, { CLUSTER_LEASE_SECONDS: String(leaseMs / 1000) });
  const isCard = by === 'socket';
  const rate = isCard ? cardRate : canvasRate;
  const publisher: Publishing = isCard
    ? await NumberedPublisher.open(t, `${nodes.base.replace('http', 'ws')}/live/${stream}/publish`, nodes.key)
    : await PagePublisher.open(t, nodes.base, { key: nodes.key, stream, encoder: by });
  const index = `${nodes.base}/live/${stream}/index.m3u8`;
  const text = await waitUntil('the stream', async () => fetch(index).then((answer) => (answer.ok ? answer.text() : undefined)), 30_000);
  const hls = new PlainHls(t, new URL(text.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '', index).href);
  const watching: Watching[] = [await bySocket(t, `${nodes.base}/live/${stream}/play`), hls];
  if (players.includes('hls.js')) watching.push(await byHlsJs(t, nodes.secureBase, stream));
  if (players.includes('vlc')) watching.push(await byVlc(t, index));
  await sleep(calmMs);
  const done: Kill[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const outcome = await killOwner(nodes, publisher, hls, watching).catch((error: unknown) => console.error(error));
    // What the ones before it cost is told all the same.
    if (!outcome) break;
    done.push(outcome);
    console.log(`kill ${kill} of ${kills}: publisher away ${(outcome.publisherAwayMs / 1000).toFixed(1)} s; ${outcome.faults.join('; ') || 'all is well'}`);
  }
  const endMs = epochMs();

  // VLC shows every tenth picture.
  const columns: Column[] = await Promise.all(watching.map(async (each) => ({ name: each.name, moved: await (each.shown?.() ?? each.moved()), numbers: each.name === 'VLC' ? undefined : await each.numbers() })));
  const heads = ['kill', 'publisher away', 'drawn meanwhile', ...columns.flatMap(({ name, numbers }) => [`${name} still`, ...(numbers ? ['lost'] : [])]), 'epoch', 'ffmpeg left', 'faults'];
  console.log(`\n| ${heads.join(' | ')} |\n${'|---'.repeat(heads.length)}|`);
  let isWell = done.length === kills;
  for (const [row, kill] of done.entries()) {
    const { publisherAwayMs, epoch, left } = kill;
    const judged = judge(kill, done[row + 1]?.atMs ?? endMs, leaseMs, { columns, publisher, rate });
    const faults = [...kill.faults, ...judged.faults];
    isWell &&= faults.length + left === 0;
    console.log(`| ${[row + 1, `${(publisherAwayMs / 1000).toFixed(1)} s`, Math.round((publisherAwayMs / 1000) * rate), ...judged.cells, epoch, left, faults.join('; ') || 'none'].join(' | ')} |`);
  }
  for (const { name, numbers } of columns) {
    if (!numbers) continue;
    const again = cameAgain(numbers);
    console.log(`\n${name}: ${numbers.length} pictures, ${again} came again, ${holes(numbers).length} holes`);
    isWell &&= (again / rate) * 1000 <= kills * bounds.againMs;
  }
  const sequences = hls.playlists.map(({ mediaSequence }) => mediaSequence);
  const discontinuities = hls.playlists.map(({ discontinuitySequence = 0 }) => discontinuitySequence);
  const falls = [sequences, discontinuities].map((all) => all.filter((each, at) => at > 0 && each < (all[at - 1] ?? 0)).length);
  console.log(`Media sequence ${sequences[0]} to ${sequences.at(-1)}, fell ${falls[0]} times; discontinuity sequence ${discontinuities[0]} to ${discontinuities.at(-1)}, fell ${falls[1]} times`);
  console.log(`HLS, no browser: refused ${[...hls.refusals].map(([status, times]) => `${status} ${times} times`).join(', ') || 'never'}; segments listed and never had: ${hls.missed.length}`);
  await publisher.end();
  return isWell && falls.every((times) => times === 0);
}

const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' }, lease: { type: 'string', default: '10' }, players: { type: 'string', default: 'hls.js,vlc' }, publisher: { type: 'string', default: 'socket' } } });
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) throw new Error('expected a whole number: --kills 20');
const endings: (() => unknown)[] = [];
const isWell = await chaos({ teardown: (end) => void endings.push(end) }, kills, Number(values.lease) * 1000, values.players.split(','), values.publisher).catch((error: unknown) => {
  console.error(error);
  return false;
});
for (const end of endings.reverse()) await end();
process.exit(isWell ? 0 : 1);
