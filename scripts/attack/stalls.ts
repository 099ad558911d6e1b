import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A moment in which the server's event loop stood still, as the kernel and V8 count it. Linux. */
export interface Stall {
  /** When it was over, ms since the epoch. */
  readonly atMs: number;
  /** How long nothing else could run. */
  readonly lateMs: number;
  /** How much of it the main thread had a core. */
  readonly ranMs: number;
  /** How much of it the main thread was ready to run, and other programs (or the server's own children) had the cores. */
  readonly waitedMs: number;
  /** How much of it V8 collected garbage. */
  readonly collectingMs: number;
}

/** What a server has to be started with to write its stalls down. */
export function watchStalls(file: string): { readonly settings: Record<string, string>; readonly nodeArgs: string[] } {
  return { settings: { ONAIR_STALL_LOG: file }, nodeArgs: ['--import', join(import.meta.dirname, 'stall-watch.js')] };
}

/** Those since a moment, ms since the epoch. */
export function readStalls(file: string, sinceMs: number): Stall[] {
  const lines = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Stall).filter(({ atMs, lateMs }) => atMs - lateMs >= sinceMs);
}

/** What is the server's own of a stall: a machine that ran something else meanwhile stood still for others as well. */
export function ownMs({ lateMs, waitedMs }: Stall): number {
  return Math.max(0, lateMs - waitedMs);
}

/** The one that measures most. */
export function longest(stalls: readonly Stall[], measure: (stall: Stall) => number): Stall {
  const none: Stall = { atMs: 0, lateMs: 0, ranMs: 0, waitedMs: 0, collectingMs: 0 };
  return stalls.reduce((most, stall) => (measure(stall) > measure(most) ? stall : most), none);
}
