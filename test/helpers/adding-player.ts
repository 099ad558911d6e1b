import { numberOf } from '../../src/fmp4/fragment-numbers.js';
import type { Fragment } from '../../src/fmp4/fragment.js';

/** Reads decode times as VLC 3 does: where a number does not follow the one before; else it adds up durations, in each track. */
export class AddingPlayer {
  /** The furthest that it had a sample from its decode time, in ticks. */
  worstTicks = 0;
  #last = -1;
  readonly #reached = new Map<number, number>();

  push(fragment: Fragment): void {
    const number = numberOf(fragment);
    const reads = number !== this.#last + 1;
    this.#last = number;
    for (const { trackId, baseMediaDecodeTime, duration, sampleCount } of fragment.runs) {
      if (sampleCount === 0) continue;
      const time = reads ? baseMediaDecodeTime : (this.#reached.get(trackId) ?? 0);
      this.worstTicks = Math.max(this.worstTicks, Math.abs(time - baseMediaDecodeTime));
      this.#reached.set(trackId, time + duration);
    }
  }
}
