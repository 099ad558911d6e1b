import { quantile } from '../clock.js';
import type { Seen } from './numbered-player.js';

/** Longer than any player is behind; more is a number misread or from the round before. */
const longestMs = 60_000;

export interface GlassLatency {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly pictures: number;
  readonly picturesPerSecond: number;
  /** Buffered ahead of the picture, p50. */
  readonly bufferMs: number;
  readonly stalls: number;
  /** What the player says less what the pixels say, p50; NaN when it said nothing. */
  readonly toldErrorMs: number;
}

/** From drawn to shown, for each picture that was shown. */
export function glassLatency({ shown, told, stalls }: Seen, drawnMs: readonly number[]): GlassLatency {
  const latencies = shown.flatMap(([atMs, number]) => latencyOf(atMs, drawnMs[number]));
  const errors = told.flatMap(([atMs, latencySeconds]) => {
    const picture = shown.findLast(([shownMs]) => shownMs <= atMs);
    const [truthMs] = picture ? latencyOf(atMs, drawnMs[picture[1]]) : [];
    return latencySeconds === undefined || truthMs === undefined ? [] : [latencySeconds * 1000 - truthMs];
  });
  const seconds = ((shown.at(-1)?.[0] ?? 0) - (shown[0]?.[0] ?? 0)) / 1000;
  return {
    p50Ms: quantile(latencies, 0.5),
    p95Ms: quantile(latencies, 0.95),
    pictures: latencies.length,
    picturesPerSecond: latencies.length / seconds,
    bufferMs: quantile(shown.map(([, , bufferSeconds]) => bufferSeconds * 1000), 0.5),
    stalls,
    toldErrorMs: quantile(errors, 0.5),
  };
}

function latencyOf(atMs: number, drawnMs: number | undefined): number[] {
  const ms = atMs - (drawnMs ?? 0);
  return ms > 0 && ms < longestMs ? [ms] : [];
}
