import { readdir, readFile } from 'node:fs/promises';

import { sleep } from './clock.js';

/**
 * User and system time of these processes so far, in milliseconds. Summed over their threads from schedstat: the same
 * time that /proc/PID/stat tells in steps of 10 ms, in nanoseconds.
 */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  const perProcess = await Promise.all(pids.map(processCpuMs));
  return perProcess.reduce((sum, ms) => sum + ms, 0);
}

/** What groups of processes spend while `seconds` pass, in milliseconds a second: a thousandth of a core each. */
export async function cpuRates(seconds: number, groups: readonly (readonly number[])[]): Promise<number[]> {
  const from = performance.now();
  const before = await Promise.all(groups.map(cpuMs));
  await sleep(seconds * 1000);
  const after = await Promise.all(groups.map(cpuMs));
  const passedSeconds = (performance.now() - from) / 1000;
  return after.map((ms, index) => (ms - (before[index] ?? 0)) / passedSeconds);
}

/** System calls so far by which a process wrote to files, pipes and connections; 0 where the system does not tell. */
export async function writesOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/io`, 'utf8').catch(() => '');
  return Number(/^syscw: (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function processCpuMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${String(pid)}/task`).catch(() => {
    throw new Error(`expected process ${String(pid)} to run until it was measured, but it is gone`);
  });
  const times = await Promise.all(
    tasks.map(async (task) => {
      const text = await readFile(`/proc/${String(pid)}/task/${task}/schedstat`, 'utf8').catch(() => '0'); // a thread may end while we look
      return Number(text.split(' ')[0]) / 1e6;
    }),
  );
  return times.reduce((sum, ms) => sum + ms, 0);
}
