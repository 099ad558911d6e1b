/** One question for the server's time and its answer, all in milliseconds. */
export interface ClockSample {
  readonly sentAtMs: number;
  readonly serverTimeMs: number;
  readonly receivedAtMs: number;
}

/** Old samples are dropped: two clocks drift apart by milliseconds a minute. */
const maxSamples = 12;

/** Estimates the server's clock as NTP does: the quickest of several round trips is the least distorted one. */
export class ClockOffset {
  #samples: ClockSample[] = [];

  add(sample: ClockSample): void {
    // A clock set back in between would make a negative round trip look like the best of all.
    if (sample.receivedAtMs < sample.sentAtMs) return;
    this.#samples = [...this.#samples, sample].slice(-maxSamples);
  }

  /** Milliseconds to add to this machine's clock; undefined before the first answer. */
  get offsetMs(): number | undefined {
    const best = this.#samples.reduce<ClockSample | undefined>(
      (quickest, each) => (quickest === undefined || roundTripMs(each) < roundTripMs(quickest) ? each : quickest),
      undefined,
    );
    return best === undefined ? undefined : best.serverTimeMs - (best.sentAtMs + roundTripMs(best) / 2);
  }

  /** The server's time at a moment of this machine's clock. */
  serverTimeMs(localTimeMs: number): number | undefined {
    const offsetMs = this.offsetMs;
    return offsetMs === undefined ? undefined : localTimeMs + offsetMs;
  }
}

function roundTripMs(sample: ClockSample): number {
  return sample.receivedAtMs - sample.sentAtMs;
}

/** Asks the server for its time over HTTP, for paths that have no socket; errors leave the estimate as it is. */
export async function askServerTime(origin: string, clock: ClockOffset, signal: AbortSignal): Promise<void> {
  for (let question = 0; question < 4 && !signal.aborted; question += 1) {
    const sentAtMs = Date.now();
    try {
      const response = await fetch(`${origin}/api/time`, { signal, cache: 'no-store' });
      const answer: unknown = response.ok ? await response.json() : undefined;
      if (typeof answer !== 'object' || answer === null || !('serverTimeMs' in answer)) return;
      if (typeof answer.serverTimeMs !== 'number') return;
      // The first request may include a connection's handshakes; the quickest one wins anyway.
      clock.add({ sentAtMs, serverTimeMs: answer.serverTimeMs, receivedAtMs: Date.now() });
    } catch {
      return;
    }
  }
}
