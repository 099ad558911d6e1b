import { liveStreamUrls } from '../../../src/protocol/urls.js';
import { launchChromium } from '../../../test/helpers/chromium.js';
import { quantile, sleep } from '../clock.js';
import { distantOrigin } from '../distant-line.js';
import { amountFigure, ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { besideBefore } from '../sections/section.js';
import { ServerUnderTest } from '../server-under-test.js';
import { glassLatency, type GlassLatency } from './glass-latency.js';
import { NumberedBroadcast } from './numbered-broadcast.js';
import { NumberedPlayer } from './numbered-player.js';

export interface PlainPlayersOptions {
  /** Of each player, once it has found its place. */
  readonly seconds: number;
  /** How often each is begun anew: what its start takes is what it stays behind. */
  readonly rounds: number;
  /** `PART_SECONDS` of each server; the first is the reference where there is no earlier one. */
  readonly parts: readonly string[];
  /** A built checkout of an earlier commit: its server with what its own SDK publishes is the reference. */
  readonly before?: string | undefined;
  /** What the earlier SDK publishes is sent through the present server, too. */
  readonly crossed: boolean;
  /** Between the players and the servers; 0: none. */
  readonly roundTripMs: number;
}

interface Watched {
  readonly name: string;
  readonly hlsUrl: string;
  readonly broadcast: NumberedBroadcast;
  readonly atMost: number | undefined;
}

/** As found in pages, and how long each takes to find its place: hls.js as it comes, and told that it may catch up. */
const players = {
  'as it comes': { config: {}, settleSeconds: 3 },
  'maxLiveSyncPlaybackRate 1.5': { config: { maxLiveSyncPlaybackRate: 1.5 }, settleSeconds: 10 },
} as const;
const how = { codec: 'h264', encoder: 'webcodecs', scale: 0.5 } as const;
const stream = NumberedBroadcast.streamOf(how);

/**
 * Plain hls.js at servers with parts of different lengths, in turns: one that starts while another does is slowed down by it, and stays as
 * far behind for good.
 */
export async function measurePlainPlayers({ seconds, rounds, parts, before, crossed, roundTripMs }: PlainPlayersOptions, figures: Figure[], remarks: string[]): Promise<void> {
  await within(async (scope) => {
    const watched = [
      ...(before === undefined ? [] : await publish(scope, roundTripMs, [{ name: besideBefore, checkout: before }, ...(crossed ? parts : []).map((part) => ({ name: `the publisher of before, parts of ${part} s`, part }))])),
      ...(await publish(scope, roundTripMs, parts.map((part) => ({ name: `parts of ${part} s`, part, atMost: 0.75 })))),
    ];
    const from = roundTripMs === 0 ? '' : `, ${String(roundTripMs)} ms away and back`;
    // As a viewer's is, which was not started for this.
    const browser = await launchChromium(scope);
    for (const [kind, { config, settleSeconds }] of Object.entries(players)) {
      const seen = watched.map((): GlassLatency[] => []);
      for (let round = 0; round < rounds; round++) {
        for (const [index, { name, hlsUrl, broadcast }] of watched.entries()) {
          process.stderr.write(`plain hls.js, ${kind}, ${name}, ${String(round + 1)} of ${String(rounds)} …\n`);
          const latency = await within(async (watching) => {
            const player = await NumberedPlayer.startPlain(watching, { hlsUrl, config }, browser);
            await sleep(settleSeconds * 1000);
            const before = await player.take();
            await sleep(seconds * 1000);
            const after = await player.take();
            return glassLatency({ ...after, stalls: before.stalls + after.stalls }, await broadcast.drawnMs());
          });
          seen[index]?.push(latency);
        }
      }
      const middle = (index: number): number => quantile((seen[index] ?? []).map(({ p50Ms }) => p50Ms), 0.5);
      for (const [index, { name, atMost }] of watched.entries()) {
        const starts = seen[index] ?? [];
        const what = `Plain hls.js${from}, ${kind}, ${name}: drawn → shown`;
        const measured = { amount: middle(index), unit: 'ms', note: `of ${String(starts.length)} starts ${starts.map(({ p50Ms }) => p50Ms.toFixed(0)).join(', ')}` };
        figures.push(index === 0 ? amountFigure({ what, measured }) : ratioFigure({ what, measured, beside: { amount: middle(0), unit: 'ms' }, atMost }));
        const list = (of: (latency: GlassLatency) => string): string => starts.map(of).join(', ');
        remarks.push(`${what}: ${list(({ bufferMs }) => bufferMs.toFixed(0))} ms buffered, ${list(({ picturesPerSecond }) => picturesPerSecond.toFixed(1))} pictures/s, ${list(({ stalls }) => String(stalls))} stalls.`);
      }
    }
  });
}

interface Wish extends Pick<Watched, 'name'> {
  readonly part?: string;
  readonly checkout?: string;
  readonly atMost?: number;
}

/** Servers that are sent the very same bytes, by the SDK of the first. */
async function publish(scope: Scope, roundTripMs: number, wishes: readonly Wish[]): Promise<Watched[]> {
  const servers = await Promise.all(wishes.map(({ part, checkout }) => ServerUnderTest.start(scope, { checkout, ...(part !== undefined && { settings: { PART_SECONDS: part } }) })));
  const [first, ...others] = servers;
  if (first === undefined) throw new RangeError('expected one length of parts at least, got none');
  // Publishers and a player are to fit on the machine.
  const broadcast = await NumberedBroadcast.start(scope, first, { ...how, mirrors: others.map((server) => server.urls(stream).publishWithKey) });
  return Promise.all(
    wishes.map(async ({ name, atMost }, index): Promise<Watched> => {
      const { origin } = servers[index] ?? first;
      const { hls } = liveStreamUrls(roundTripMs === 0 ? origin : await distantOrigin(scope, origin, roundTripMs), stream);
      return { name, hlsUrl: hls, broadcast, atMost };
    }),
  );
}
