import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { sleep } from './clock.js';
import { glassLatency, type GlassLatency } from './glass/glass-latency.js';
import { NumberedBroadcast } from './glass/numbered-broadcast.js';
import { NumberedPlayer } from './glass/numbered-player.js';
import { measurePlainPlayers } from './glass/plain-players.js';
import { sentTimes, stagesOf, ViewerTap } from './glass/stages.js';
import { describeMachine, requireLinux } from './machine.js';
import { amountFigure, formatTable, ratioFigure, type Amount, type Figure } from './report.js';
import { writeResults } from './results-page.js';
import { within } from './scope.js';
import { beforeBounds, besideBefore } from './sections/section.js';
import { ServerUnderTest } from './server-under-test.js';

interface Case {
  readonly what: string;
  readonly path: 'websocket' | 'hls';
  readonly mode: 'lowest-delay' | 'smooth';
  /** Until the player has found its place. */
  readonly settleSeconds: number;
  readonly p50AtMost?: number;
  /** p50 of the prototype's chain from canvas to screen that this project began with, on a machine like this. */
  readonly prototypeMs?: number;
}

const publishers = {
  h264: { codec: 'h264', encoder: 'mediarecorder' },
  webcodecs: { codec: 'h264', encoder: 'webcodecs' },
  vp8: { codec: 'vp8', encoder: 'mediarecorder' },
} as const;

const cases: Readonly<Record<keyof typeof publishers, readonly Case[]>> = {
  h264: [
    { what: 'H.264 copied, WebSocket', path: 'websocket', mode: 'lowest-delay', settleSeconds: 8, p50AtMost: 350, prototypeMs: 395 },
    { what: 'H.264 copied, LL-HLS by hls.js', path: 'hls', mode: 'lowest-delay', settleSeconds: 8, p50AtMost: 1200, prototypeMs: 1186 },
    { what: 'H.264 copied, plain HLS by hls.js', path: 'hls', mode: 'smooth', settleSeconds: 12, prototypeMs: 6325 },
  ],
  webcodecs: [
    { what: 'H.264 by WebCodecs, WebSocket', path: 'websocket', mode: 'lowest-delay', settleSeconds: 8, p50AtMost: 250 },
    { what: 'H.264 by WebCodecs, LL-HLS by hls.js', path: 'hls', mode: 'lowest-delay', settleSeconds: 8, p50AtMost: 850 },
  ],
  vp8: [
    { what: 'VP8 transcoded, WebSocket', path: 'websocket', mode: 'lowest-delay', settleSeconds: 8, prototypeMs: 427 },
    { what: 'VP8 transcoded, LL-HLS by hls.js', path: 'hls', mode: 'lowest-delay', settleSeconds: 8 },
    { what: 'VP8 transcoded, plain HLS by hls.js', path: 'hls', mode: 'smooth', settleSeconds: 12 },
  ],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '15' },
    write: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    parts: { type: 'string', default: '0.334,0.2' },
    /** Of plain hls.js: how often each player starts, and whether what the earlier SDK publishes goes through the present server, too. */
    rounds: { type: 'string', default: '3' },
    crossed: { type: 'boolean', default: false },
    /** The same from afar, in ms. */
    'round-trip': { type: 'string', default: '0' },
    /** Of 1280 × 720: a machine that has not enough of itself for that shows nothing but its own lack. */
    scale: { type: 'string', default: '1' },
    /** Another built checkout: its server is sent the same bytes, and its player watches at the same moment. */
    before: { type: 'string' },
  },
});

try {
  requireLinux();
  if (!values['no-build']) execFileSync('npm', ['run', 'build'], { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'ignore', 'inherit'] });
  const machine = describeMachine();
  console.log(`\n${machine}\n`);
  const figures: Figure[] = [];
  const remarks: string[] = [];
  for (const publisher of ['h264', 'webcodecs', 'vp8'] as const) {
    if (positionals.length === 0 || positionals.includes(publisher)) await measureBroadcast(publisher, figures, remarks);
  }
  if (positionals.length === 0 || positionals.includes('plain')) {
    const { seconds, rounds, parts, before, crossed, 'round-trip': roundTrip } = values;
    await measurePlainPlayers({ seconds: Number(seconds), rounds: Number(rounds), parts: parts.split(','), before, crossed, roundTripMs: Number(roundTrip) }, figures, remarks);
  }
  const body = `${formatTable(figures)}\n\n${remarks.map((remark) => `- ${remark}`).join('\n')}`;
  console.log(`${body}\n`);
  if (values.write) await writeResults({ page: 'latency', title: 'Glass to glass: npm run bench:latency', machine, body });
  if (figures.some(({ holds }) => !holds)) process.exitCode = 1;
} catch (error) {
  console.error(`bench:latency: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function measureBroadcast(publisher: keyof typeof publishers, figures: Figure[], remarks: string[]): Promise<void> {
  await within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const earlier = values.before === undefined ? undefined : await ServerUnderTest.start(scope, { checkout: values.before });
    const stream = NumberedBroadcast.streamOf(publishers[publisher]);
    // Two players are to fit on the machine.
    const beside = earlier && { scale: 0.5, mirrors: [earlier.urls(stream).publishWithKey] };
    const broadcast = await NumberedBroadcast.start(scope, server, { ...publishers[publisher], scale: Number(values.scale), ...beside });
    const tap = new ViewerTap(scope, server.urls(broadcast.stream).play);
    for (const each of cases[publisher]) {
      process.stderr.write(`${each.what} …\n`);
      await within(async (watching) => {
        const servers = earlier ? [server, earlier] : [server];
        const players = await Promise.all(servers.map(({ origin }) => NumberedPlayer.start(watching, { origin, stream, path: each.path, mode: each.mode })));
        await sleep(each.settleSeconds * 1000);
        await Promise.all(players.map((player) => player.take()));
        await sleep(Number(values.seconds) * 1000);
        const [seen, seenBefore] = await Promise.all(players.map((player) => player.take()));
        if (!seen) return;
        const drawnMs = await broadcast.drawnMs();
        const latency = glassLatency(seen, drawnMs);
        const measured = { amount: latency.p50Ms, unit: 'ms', note: `p95 ${latency.p95Ms.toFixed(0)}` };
        figures.push(
          amountFigure({
            what: `${each.what}: drawn → shown, p50`,
            measured,
            ...(each.prototypeMs !== undefined && { beside: { amount: each.prototypeMs, unit: 'ms', note: 'prototype' } }),
            // Two players at the same time slow each other down.
            ...(each.p50AtMost !== undefined && !earlier && { atMost: each.p50AtMost }),
          }),
        );
        if (seenBefore) figures.push(besideEarlier(measured, glassLatency(seenBefore, drawnMs)));
        remarks.push(
          `${each.what}: ${latency.picturesPerSecond.toFixed(1)} pictures/s, ${latency.bufferMs.toFixed(0)} ms buffered, ${String(latency.stalls)} stalls; ` +
            `the player's own figure is ${sign(latency.toldErrorMs)} ms off.`,
        );
        if (each.path !== 'websocket') return;
        const stages = stagesOf(seen.shown, { drawnMs, sent: await sentTimes(await broadcast.takeSent()), arrived: await tap.arrivals() });
        remarks.push(
          `${each.what}, stage by stage (means): drawn → publisher's socket ${stages.recorderMs.toFixed(0)} ms, ` +
            `→ viewer's socket ${stages.serverMs.toFixed(0)} ms, → shown ${stages.playerMs.toFixed(0)} ms.`,
        );
      });
    }
    const failures = await broadcast.failures();
    if (failures.length > 0) remarks.push(`The publisher said: ${[...new Set(failures)].join(' ')}`);
  });
}

function besideEarlier(measured: Amount, { p50Ms, p95Ms }: GlassLatency): Figure {
  return ratioFigure({ what: 'the same, beside before', measured, beside: { amount: p50Ms, unit: 'ms', note: `${besideBefore}, p95 ${p95Ms.toFixed(0)}` }, atMost: beforeBounds.many });
}

function sign(ms: number): string {
  return `${ms >= 0 ? '+' : '−'}${Math.abs(ms).toFixed(0)}`;
}
