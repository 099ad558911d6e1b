/** A worker that said nothing for so long is not there, or no longer: the page's own timer stands in. */
const silentMs = 1000;

/** What it stands on; tests give their own. */
export interface TickerSeams {
  readonly openWorker: (address: string) => Worker;
  readonly nowMs: () => number;
  /** @returns the function that stops it */
  readonly every: (intervalMs: number, run: () => void) => () => void;
}

const browser: TickerSeams = {
  openWorker: (address) => new Worker(address),
  nowMs: () => performance.now(),
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
};

/**
 * Calls back at a steady pace, also in a hidden tab, whose own timers are slowed to one a second or less: a worker keeps the
 * pace. Where it may not start (the page's content security policy needs `worker-src blob:`) or dies, the page's timer goes on.
 * Browsers tell of that late and by an event, or not at all, so what counts is whether ticks come.
 * @returns the function that stops it
 */
export function startTicker(intervalMs: number, onTick: () => void, { openWorker, nowMs, every }: TickerSeams = browser): () => void {
  let heardAtMs = -Infinity;
  let stopped = false;
  const worker = clockWorker(intervalMs, openWorker);
  if (worker !== undefined) {
    worker.onmessage = () => {
      if (stopped) return;
      heardAtMs = nowMs();
      onTick();
    };
    // Taken here, so that the page's own error handlers are not bothered with it.
    worker.onerror = (event) => {
      event.preventDefault();
      heardAtMs = -Infinity;
    };
  }
  const stopTimer = every(intervalMs, () => {
    if (nowMs() - heardAtMs >= silentMs) onTick();
  });
  return () => {
    stopped = true;
    stopTimer();
    worker?.terminate();
  };
}

function clockWorker(intervalMs: number, openWorker: (address: string) => Worker): Worker | undefined {
  const address = URL.createObjectURL(
    new Blob([`setInterval(() => postMessage(0), ${Math.round(intervalMs)})`], { type: 'text/javascript' }),
  );
  try {
    return openWorker(address);
  } catch {
    return undefined;
  } finally {
    URL.revokeObjectURL(address);
  }
}
