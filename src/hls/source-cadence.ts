import type { Fragment } from '../fmp4/fragment.js';
import type { Track } from '../fmp4/init-segment.js';

/** How regular a source is: what the part target depends on. */
export class SourceCadence {
  readonly #lead: Track | undefined;
  #previous: number | undefined;
  #first = 0;
  #samples = 0;
  #lastSampleCount = 1;
  #longestGapSeconds = 0;

  constructor(tracks: readonly Track[]) {
    this.#lead = tracks.find((track) => track.kind === 'video') ?? tracks[0];
  }

  push(fragment: Fragment): void {
    for (const run of fragment.runs) {
      if (run.trackId !== this.#lead?.trackId) continue;
      const start = run.baseMediaDecodeTime / this.#lead.timescale;
      if (this.#previous === undefined) this.#first = start;
      else this.#longestGapSeconds = Math.max(this.#longestGapSeconds, (start - this.#previous) / this.#lastSampleCount);
      this.#previous = start;
      this.#lastSampleCount = Math.max(1, run.sampleCount);
      this.#samples += run.sampleCount;
    }
  }

  /**
   * A part must reach 85 % of its target (RFC 8216bis §4.4.4.9), so a gap between frames may be 15 % of it: 50 ms of
   * 0.334 s. Slower sources get longer parts.
   */
  get partTargetSeconds(): number {
    return this.#longestGapSeconds <= 0.0501 ? 0.334 : 0.5;
  }

  /** Frames a second of the picture, a whole number where it is as good as one; undefined without a picture. */
  get frameRate(): number | undefined {
    if (this.#lead?.kind !== 'video' || this.#previous === undefined || this.#previous <= this.#first) return undefined;
    const measured = (this.#samples - this.#lastSampleCount) / (this.#previous - this.#first);
    const nearest = Math.round(measured);
    return nearest > 0 && Math.abs(measured - nearest) / nearest < 0.02 ? nearest : Number(measured.toFixed(3));
  }
}
