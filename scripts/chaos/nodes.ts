import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { NumberedPublisher } from './numbered-publisher.js';
import { stillRunning, TwoNodes } from './two-nodes.js';
import { byHlsJs, bySocket, byVlc, epochMs, PlainHls, type Watching } from './watching.js';

/**
 * Kills the node that has the broadcast again and again, and says what its viewers saw through the proxy: `npm run chaos:nodes -- --kills 20`.
 */
const stream = 'chaos';
const rate = 30;
/** Between the kills nothing is amiss for so long at least. */
const calmMs = 8000;
const recoveryTimeoutMs = 40_000;

interface Kill {
  readonly atMs: number;
  /** Until the publisher was taken by the other node. */
  readonly publisherAwayMs: number;
  readonly epoch: string | null;
  readonly left: number;
  readonly faults: readonly string[];
}

async function killOwner(nodes: TwoNodes, publisher: NumberedPublisher, hls: PlainHls, watching: readonly Watching[]): Promise<Kill> {
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

/** The holes between numbers that are longer than nothing, in pictures. */
function holes(numbers: readonly number[], step: number): number[] {
  return numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0) - step).filter((hole) => hole > 0);
}

async function chaos(t: Teardown, kills: number, lease: string, players: readonly string[]): Promise<boolean> {
  const nodes = await TwoNodes.start(t, { CLUSTER_LEASE_SECONDS: lease });
  const publisher = await NumberedPublisher.open(t, `${nodes.base.replace('http', 'ws')}/live/${stream}/publish`, nodes.key);
  const index = `${nodes.base}/live/${stream}/index.m3u8`;
  const text = await waitUntil('the stream', async () => fetch(index).then((answer) => (answer.ok ? answer.text() : undefined)), 30_000);
  const hls = new PlainHls(t, new URL(text.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '', index).href);
  const watching: Watching[] = [await bySocket(t, `${nodes.base}/live/${stream}/play`), hls];
  if (players.includes('hls.js')) watching.push(await byHlsJs(t, nodes.secureBase, stream));
  if (players.includes('vlc')) watching.push(await byVlc(t, index));
  await sleep(calmMs);
  const done: Kill[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const outcome = await killOwner(nodes, publisher, hls, watching);
    done.push(outcome);
    console.log(`kill ${kill} of ${kills}: publisher away ${(outcome.publisherAwayMs / 1000).toFixed(1)} s; ${outcome.faults.join('; ') || 'all is well'}`);
  }
  const endMs = epochMs();

  const columns = await Promise.all(watching.map(async (each) => ({ name: each.name, moved: await (each.shown?.() ?? each.moved()) })));
  console.log(`\n| kill | publisher away | ${columns.map(({ name }) => `${name} still`).join(' | ')} | epoch | ffmpeg left | faults |\n|---|---|${columns.map(() => '---|').join('')}---|---|---|`);
  for (const [row, { atMs, publisherAwayMs, epoch, left, faults }] of done.entries()) {
    const still = columns.map(({ moved }) => `${(stillMs(moved, atMs, done[row + 1]?.atMs ?? endMs) / 1000).toFixed(1)} s`);
    console.log(`| ${row + 1} | ${(publisherAwayMs / 1000).toFixed(1)} s | ${still.join(' | ')} | ${epoch} | ${left} | ${faults.join('; ') || 'none'} |`);
  }
  let isWell = done.every(({ faults, left }) => faults.length + left === 0);
  const awayPictures = done.map(({ publisherAwayMs }) => Math.round((publisherAwayMs / 1000) * rate));
  for (const each of watching) {
    const numbers = await each.numbers();
    if (!numbers || each.name === 'VLC') continue;
    const doubled = numbers.filter((number, at) => at > 0 && number <= (numbers[at - 1] ?? -1)).length;
    const found = holes(numbers, 1);
    console.log(`\n${each.name}: ${numbers.length} pictures, ${doubled} doubled or out of turn, holes of ${found.join(', ') || 'nothing'} pictures`);
    isWell &&= doubled === 0;
  }
  console.log(`\nPictures that were drawn while the publisher was away: ${awayPictures.join(', ')}`);
  const sequences = hls.playlists.map(({ mediaSequence }) => mediaSequence);
  const discontinuities = hls.playlists.map(({ discontinuitySequence = 0 }) => discontinuitySequence);
  const falls = [sequences, discontinuities].map((all) => all.filter((each, at) => at > 0 && each < (all[at - 1] ?? 0)).length);
  console.log(`Media sequence ${sequences[0]} to ${sequences.at(-1)}, fell ${falls[0]} times; discontinuity sequence ${discontinuities[0]} to ${discontinuities.at(-1)}, fell ${falls[1]} times`);
  console.log(`HLS, no browser: refused ${[...hls.refusals].map(([status, times]) => `${status} ${times} times`).join(', ') || 'never'}; segments listed and never had: ${hls.missed.length}`);
  await publisher.end();
  return isWell && falls.every((times) => times === 0);
}

const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' }, lease: { type: 'string', default: '10' }, players: { type: 'string', default: 'hls.js,vlc' } } });
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) throw new Error('expected a whole number: --kills 20');
const endings: (() => unknown)[] = [];
const isWell = await chaos({ teardown: (end) => void endings.push(end) }, kills, values.lease, values.players.split(',')).catch((error: unknown) => {
  console.error(error);
  return false;
});
for (const end of endings.reverse()) await end();
process.exit(isWell ? 0 : 1);
