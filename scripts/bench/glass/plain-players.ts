import { sleep } from '../clock.js';
import { amountFigure, ratioFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { besideBefore } from '../sections/section.js';
import { ServerUnderTest } from '../server-under-test.js';
import { glassLatency } from './glass-latency.js';
import { NumberedBroadcast } from './numbered-broadcast.js';
import { NumberedPlayer } from './numbered-player.js';

export interface PlainPlayersOptions {
  readonly seconds: number;
  /** `PART_SECONDS` of each server; the first is the reference where there is no earlier one. */
  readonly parts: readonly string[];
  /** A built checkout of an earlier commit: the reference, with parts as it makes them. */
  readonly before?: string | undefined;
}

/** As found in pages: hls.js as it comes, and told that it may catch up. */
const configs = { 'as it comes': {}, 'maxLiveSyncPlaybackRate 1.5': { maxLiveSyncPlaybackRate: 1.5 } } as const;
/** Whoever may catch up has done so. */
const settleSeconds = 15;

/** Servers with parts of different lengths are sent the same bytes, and watched by plain hls.js at the same time. */
export async function measurePlainPlayers({ seconds, parts, before }: PlainPlayersOptions, figures: Figure[], remarks: string[]): Promise<void> {
  await within(async (scope) => {
    const names = [...(before === undefined ? [] : [besideBefore]), ...parts.map((part) => `parts of ${part} s`)];
    const servers = before === undefined ? [] : [await ServerUnderTest.start(scope, { checkout: before })];
    for (const part of parts) servers.push(await ServerUnderTest.start(scope, { settings: { PART_SECONDS: part } }));
    const [first, ...others] = servers;
    if (first === undefined) throw new RangeError('expected one length of parts at least, got none');
    // Several players are to fit on the machine.
    const how = { codec: 'h264', encoder: 'webcodecs', scale: 0.5 } as const;
    const stream = NumberedBroadcast.streamOf(how);
    const broadcast = await NumberedBroadcast.start(scope, first, { ...how, mirrors: others.map((server) => server.urls(stream).publishWithKey) });
    for (const [name, config] of Object.entries(configs)) {
      process.stderr.write(`plain hls.js, ${name} …\n`);
      await within(async (watching) => {
        const players = await Promise.all(servers.map((server) => NumberedPlayer.startPlain(watching, { hlsUrl: server.urls(stream).hls, config })));
        await sleep(settleSeconds * 1000);
        await Promise.all(players.map((player) => player.take()));
        await sleep(seconds * 1000);
        const seen = await Promise.all(players.map((player) => player.take()));
        const drawnMs = await broadcast.drawnMs();
        const latencies = seen.map((each) => glassLatency(each, drawnMs));
        for (const [index, latency] of latencies.entries()) {
          const how = `Plain hls.js, ${name}, ${names[index] ?? ''}`;
          const what = `${how}: drawn → shown, p50`;
          const measured = { amount: latency.p50Ms, unit: 'ms', note: `p95 ${latency.p95Ms.toFixed(0)}` };
          const reference = latencies[0];
          figures.push(index === 0 || reference === undefined ? amountFigure({ what, measured }) : ratioFigure({ what, measured, beside: { amount: reference.p50Ms, unit: 'ms' }, atMost: 0.75 }));
          remarks.push(`${how}: ${latency.picturesPerSecond.toFixed(1)} pictures/s, ${latency.bufferMs.toFixed(0)} ms buffered, ${String(latency.stalls)} stalls.`);
        }
      });
    }
  });
}
