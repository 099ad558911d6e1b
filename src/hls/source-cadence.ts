import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type Track } from '../fmp4/init-segment.js';

/** Gaps up to this make a regular source: 15 % of 0.334 s, by which a part may fall short (RFC 8216bis §4.4.4.9). */
const regularGapSeconds = 0.0501;
/** A hiccup now and then does not make a source irregular: the segmenter absorbs it. */
const regularShare = 0.9;

/** Of the usual gap. */
const steadyDeviation = 0.25;

/** How regular a source is: what the part target depends on. */
export class SourceCadence {
  readonly #lead: Track | undefined;
  readonly #gapsSeconds: number[] = [];
  #previous: { readonly startSeconds: number; readonly samples: number } | undefined;
  #samples = 0;

  constructor(tracks: readonly Track[]) {
    this.#lead = leadOf(tracks);
  }

  push(fragment: Fragment): void {
    for (const run of fragment.runs) {
      if (run.trackId !== this.#lead?.trackId || run.sampleCount === 0) continue;
      const startSeconds = run.baseMediaDecodeTime / this.#lead.timescale;
      if (this.#previous) {
        const gap = (startSeconds - this.#previous.startSeconds) / this.#previous.samples;
        for (let sample = 0; sample < this.#previous.samples; sample++) this.#gapsSeconds.push(gap);
      }
      this.#previous = { startSeconds, samples: run.sampleCount };
      this.#samples += run.sampleCount;
    }
  }

  /** Short parts for a regular source, longer ones for one whose frames lie far apart. */
  get partTargetSeconds(): number {
    const gaps = this.#gapsSeconds.toSorted((a, b) => a - b);
    const typical = gaps[Math.floor(gaps.length * regularShare)] ?? 0;
    return typical <= regularGapSeconds ? 0.334 : 0.5;
  }

  /**
   * Frames a second of the picture, a whole number where it is as good as one; undefined without a picture.
   * @param durationSeconds how long the samples last, for a picture that stood still
   */
  frameRate(durationSeconds: number): number | undefined {
    if (this.#lead?.kind !== 'video' || durationSeconds <= 0) return undefined;
    const gaps = this.#steadyGaps();
    const seconds = gaps.reduce((sum, gap) => sum + gap, 0);
    const measured = seconds > 0 ? gaps.length / seconds : this.#samples / durationSeconds;
    const nearest = Math.round(measured);
    return nearest > 0 && Math.abs(measured - nearest) / nearest < 0.02 ? nearest : Number(measured.toFixed(3));
  }

  /** Pictures that are shown in another order come at odd moments at first: where nearly all come evenly, the others say nothing of the rate. */
  #steadyGaps(): readonly number[] {
    const median = this.#gapsSeconds.toSorted((a, b) => a - b)[this.#gapsSeconds.length >> 1] ?? 0;
    const steady = this.#gapsSeconds.filter((gap) => Math.abs(gap - median) < median * steadyDeviation);
    return steady.length >= this.#gapsSeconds.length * regularShare ? steady : this.#gapsSeconds;
  }
}
