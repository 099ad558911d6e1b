/** Calls back at a steady pace, also in a hidden tab. Returns the function that stops it. */
export function startTicker(intervalMs: number, onTick: () => void): () => void {
  const worker = clockWorker(intervalMs);
  if (worker === undefined) {
    const timer = setInterval(onTick, intervalMs);
    return () => clearInterval(timer);
  }
  worker.onmessage = onTick;
  return () => worker.terminate();
}

/** A hidden tab slows timers to one a second or less; a worker's timers keep their pace. */
function clockWorker(intervalMs: number): Worker | undefined {
  const address = URL.createObjectURL(
    new Blob([`setInterval(() => postMessage(0), ${Math.round(intervalMs)})`], { type: 'text/javascript' }),
  );
  try {
    return new Worker(address);
  } catch {
    // The embedding page's content security policy may forbid workers from blobs.
    return undefined;
  } finally {
    URL.revokeObjectURL(address);
  }
}
