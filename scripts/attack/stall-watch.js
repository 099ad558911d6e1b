// Loaded into the server's own process with `--import`: every moment in which its event loop stood still, as a line of JSON in the file
// that ONAIR_STALL_LOG names (see stalls.ts). Plain JavaScript, so that the server runs as it is shipped, without a loader.
import { appendFileSync, readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

const everyMs = 10;
const shortestMs = 15;
const logFile = process.env.ONAIR_STALL_LOG;

if (logFile !== undefined) {
  const pauses = [];
  new PerformanceObserver((list) => pauses.push(...list.getEntries())).observe({ entryTypes: ['gc'] });
  let now = look();
  setInterval(() => {
    const before = now;
    now = look();
    const after = now;
    const lateMs = after.atMs - before.atMs - everyMs;
    // What was collected is told a moment later.
    if (lateMs >= shortestMs) setTimeout(() => note(before, after, lateMs), 50).unref();
    while (pauses[0]?.startTime < after.atMs - 5000) pauses.shift();
  }, everyMs).unref();

  function note(before, after, lateMs) {
    const collectingMs = pauses.filter(({ startTime }) => startTime >= before.atMs && startTime <= after.atMs).reduce((sum, { duration }) => sum + duration, 0);
    const stall = { atMs: performance.timeOrigin + after.atMs, lateMs, ranMs: after.ranMs - before.ranMs, waitedMs: after.waitedMs - before.waitedMs, collectingMs };
    appendFileSync(logFile, `${JSON.stringify(stall)}\n`);
  }
}

/** What the scheduler counted of the main thread: its number is the process's. */
function look() {
  const [ran = 0, waited = 0] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ').map(Number);
  return { atMs: performance.now(), ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}
