export interface UplinkSample {
  readonly nowMs: number;
  /** Bytes given to the network since the broadcast began. */
  readonly sentBytes: number;
  /** Recorded, but not yet given to the network. */
  readonly unsentBytes: number;
  /** What the recorder was asked for. */
  readonly recordedBitsPerSecond: number;
}

const windowMs = 3_000;
const slowBacklogSeconds = 2;
const recoveredBacklogSeconds = 0.5;

/** Measures the uplink and says when it cannot follow the recorder, and when it can again: two watermarks, so that it does not flicker. */
export class UplinkWatch {
  #samples: UplinkSample[] = [];
  #slow = false;

  /** Call once a second while connected. */
  sample(sample: UplinkSample): { readonly bitsPerSecond: number; readonly change?: 'slow' | 'recovered' } {
    this.#samples = [...this.#samples.filter(({ nowMs }) => sample.nowMs - nowMs <= windowMs), sample];
    const oldest = this.#samples[0] ?? sample;
    const elapsedMs = sample.nowMs - oldest.nowMs;
    const bitsPerSecond = elapsedMs > 0 ? Math.max(0, ((sample.sentBytes - oldest.sentBytes) * 8000) / elapsedMs) : 0;
    const backlogSeconds = (sample.unsentBytes * 8) / sample.recordedBitsPerSecond;
    if (!this.#slow && backlogSeconds > slowBacklogSeconds) {
      this.#slow = true;
      return { bitsPerSecond, change: 'slow' };
    }
    if (this.#slow && backlogSeconds < recoveredBacklogSeconds) {
      this.#slow = false;
      return { bitsPerSecond, change: 'recovered' };
    }
    return { bitsPerSecond };
  }
}
