/** One question for the server's time and its answer, all in milliseconds. */
export interface ClockSample {
  readonly sentAtMs: number;
  readonly serverTimeMs: number;
  readonly receivedAtMs: number;
}

/** Old samples are dropped: two clocks drift apart by milliseconds a minute. */
const maxSamples = 12;
/** The server tells whole milliseconds; two clocks drift apart while samples are kept. */
const roundingMs = 5;

/** Estimates the server's clock as NTP does: the quickest of several round trips is the least distorted one. */
export class ClockOffset {
  #samples: ClockSample[] = [];

  add(sample: ClockSample): void {
    // A clock set back in between would make a negative round trip look like the best of all.
    if (sample.receivedAtMs < sample.sentAtMs) return;
    // The true offset lies within half a round trip of what each sample says. Where two can't both be right, one of the clocks
    // was set or stood still (a machine that slept): what was known before is worth nothing.
    const steady = this.#samples.filter((each) => Math.abs(offsetOf(each) - offsetOf(sample)) <= (roundTripMs(each) + roundTripMs(sample)) / 2 + roundingMs);
    this.#samples = [...steady, sample].slice(-maxSamples);
  }

  /** Milliseconds to add to this machine's clock; undefined before the first answer. */
  get offsetMs(): number | undefined {
    const best = this.#samples.reduce<ClockSample | undefined>(
      (quickest, each) => (quickest === undefined || roundTripMs(each) < roundTripMs(quickest) ? each : quickest),
      undefined,
    );
    return best === undefined ? undefined : offsetOf(best);
  }

  /** The server's time at a moment of this machine's clock. */
  serverTimeMs(localTimeMs: number): number | undefined {
    const offsetMs = this.offsetMs;
    return offsetMs === undefined ? undefined : localTimeMs + offsetMs;
  }
}

function offsetOf(sample: ClockSample): number {
  return sample.serverTimeMs - (sample.sentAtMs + roundTripMs(sample) / 2);
}

function roundTripMs(sample: ClockSample): number {
  return sample.receivedAtMs - sample.sentAtMs;
}
