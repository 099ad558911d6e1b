import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { mean, sleep } from '../clock.js';
import { cpuMs } from '../cpu-time.js';
import { startNginx } from '../nginx.js';
import { ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { SegmentLoadCommand, segmentLoadHandlers } from '../workers/segment-load.js';
import { warmUpMs } from './section.js';

const connections = 32;
const rounds = 2;
/** A cold pass reads each file once, which takes a moment only. */
const coldRounds = 4;
const atMost = 2;

interface Origin {
  readonly pid: number;
  readonly urls: readonly string[];
}

/** Segments of recordings that are over, beside nginx with the very files: one that all ask for, and each another, in memory and not. */
export async function measureRecordedSegments(scope: Scope, server: ServerUnderTest, directory: string, seconds: number): Promise<Figure[]> {
  // Of the picture: those of the sound alone, which are beside them, are small.
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /[/]\d+\.m4s$/.test(name));
  if (names.length < connections) throw new Error(`expected ${String(connections)} recorded segments or more, found ${String(names.length)}`);
  const nginx = await startNginx(scope, { root: directory, sendfile: false });
  const origins = [
    { pid: server.pid, urls: names.map((name) => `${server.origin}/recordings/${name}`) },
    { pid: nginx.pid, urls: names.map((name) => `${nginx.origin}/${name}`) },
  ];
  const one = origins.map(({ pid, urls }) => ({ pid, urls: urls.slice(1, 2) }));
  const shared = await inTurns(one, rounds, (origin) => costOf(origin, seconds / 4));
  const warm = await inTurns(origins, rounds, (origin) => costOf(origin, seconds / 4));
  const cold = await inTurns(origins, coldRounds, (origin) => costOfColdPass(origin, names.map((name) => join(directory, name))));
  const note = 'nginx with the same files, as it is built';
  const figure = (what: string, [ours = 0, its = 0]: readonly number[], more?: string): Figure =>
    ratioFigure({ what: `CPU per Gbit of segments of recordings, ${what}`, measured: { amount: ours, unit: 'ms/Gbit', ...(more !== undefined && { note: more }) }, beside: { amount: its, unit: 'ms/Gbit', note }, atMost });
  return [
    figure('one that all ask for', shared.map((costs) => mean(costs.map(({ msPerGbit }) => msPerGbit)))),
    figure(`each another of ${String(names.length)}, in the page cache`, warm.map((costs) => mean(costs.map(({ msPerGbit }) => msPerGbit)))),
    figure('each another, from the disk', cold.map((costs) => mean(costs.map(({ msPerGbit }) => msPerGbit))), `${String(Math.round(100 * mean(cold[0]?.map(({ coldShare }) => coldShare) ?? [])))} % of the bytes came from there`),
  ];
}

interface Cost {
  readonly msPerGbit: number;
  /** How much of it the system read from the disk. */
  readonly coldShare: number;
}

/** For each of them so many costs. */
async function inTurns(origins: readonly Origin[], times: number, measure: (origin: Origin) => Promise<Cost>): Promise<Cost[][]> {
  const costs: Cost[][] = origins.map(() => []);
  for (let round = 0; round < times; round++) for (const [index, origin] of origins.entries()) costs[index]?.push(await measure(origin));
  return costs;
}

async function costOf({ pid, urls }: Origin, seconds: number): Promise<Cost> {
  return within(async (scope) => {
    const load = startWorker<typeof segmentLoadHandlers>(scope, { name: 'segment-load', command: { urls, connections } satisfies SegmentLoadCommand });
    await load.open();
    await sleep(warmUpMs / 2);
    return costWhile(pid, () => load.bytes(), () => sleep(seconds * 1000));
  });
}

async function costOfColdPass({ pid, urls }: Origin, files: readonly string[]): Promise<Cost> {
  // `dd` writes nothing here: it has what is to be written written, and lets go of the file's pages.
  for (const file of files) execFileSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
  return within(async (scope) => {
    const load = startWorker<typeof segmentLoadHandlers>(scope, { name: 'segment-load', command: { urls, connections, once: true } satisfies SegmentLoadCommand });
    return costWhile(pid, () => load.bytes(), () => load.all());
  });
}

async function costWhile(pid: number, bytes: () => Promise<number>, run: () => Promise<void>): Promise<Cost> {
  const bytesBefore = await bytes();
  const [cpuBefore, readBefore] = await Promise.all([cpuMs([pid]), readFromDisk(pid)]);
  await run();
  const [cpuAfter, bytesAfter, readAfter] = await Promise.all([cpuMs([pid]), bytes(), readFromDisk(pid)]);
  const sent = bytesAfter - bytesBefore;
  return { msPerGbit: (cpuAfter - cpuBefore) / ((sent * 8) / 1e9), coldShare: (readAfter - readBefore) / sent };
}

async function readFromDisk(pid: number): Promise<number> {
  return Number(/^read_bytes: (\d+)$/m.exec(await readFile(`/proc/${String(pid)}/io`, 'utf8'))?.[1] ?? 0);
}
