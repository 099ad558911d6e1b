import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type Track } from '../fmp4/init-segment.js';

/** RFC 8216bis §4.4.4.9: of its target a part may fall short by this. */
const mayFallShort = 0.15;
/** Parts are not made longer than this for a source whose frames lie far apart: the segmenter then closes them between frames. */
const longestPartSeconds = 0.5;
/** Times are whole milliseconds in many sources. */
const slackSeconds = 0.001;
/** A hiccup now and then does not make a source irregular: the segmenter absorbs it. */
const regularShare = 0.9;

/** Of the usual gap. */
const steadyDeviation = 0.25;

/** How regular a source is: what the part target depends on. */
export class SourceCadence {
  readonly #lead: Track | undefined;
  readonly #partSeconds: number;
  readonly #gapsSeconds: number[] = [];
  #previous: { readonly startSeconds: number; readonly samples: number } | undefined;
  #samples = 0;

  /** @param partSeconds how long parts should be */
  constructor(tracks: readonly Track[], partSeconds: number) {
    this.#lead = leadOf(tracks);
    this.#partSeconds = partSeconds;
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

  /** As wished where parts of whole frames can be as long; else the next longer one of which that is so. */
  get partTargetSeconds(): number {
    const wished = this.#partSeconds;
    const gaps = this.#gapsSeconds.toSorted((a, b) => a - b);
    const typical = gaps[Math.floor(gaps.length * regularShare)] ?? 0;
    if (typical <= wished * mayFallShort + slackSeconds / 10) return wished;
    const longest = Math.max(longestPartSeconds, wished);
    const even = this.#steadyGaps();
    const gap = even === undefined ? undefined : even.reduce((sum, each) => sum + each, 0) / even.length;
    if (gap === undefined) return Math.min(longest, upToMilliseconds(typical / mayFallShort));
    if (Math.floor((wished + slackSeconds) / gap) * gap >= wished * (1 - mayFallShort)) return wished;
    return Math.min(longest, upToMilliseconds(Math.ceil(wished / gap) * gap + slackSeconds));
  }

  /**
   * Frames a second of the picture, a whole number where it is as good as one; undefined without a picture.
   * @param durationSeconds how long the samples last, for a picture that stood still
   */
  frameRate(durationSeconds: number): number | undefined {
    if (this.#lead?.kind !== 'video' || durationSeconds <= 0) return undefined;
    const gaps = this.#steadyGaps() ?? this.#gapsSeconds;
    const seconds = gaps.reduce((sum, gap) => sum + gap, 0);
    const measured = seconds > 0 ? gaps.length / seconds : this.#samples / durationSeconds;
    const nearest = Math.round(measured);
    return nearest > 0 && Math.abs(measured - nearest) / nearest < 0.02 ? nearest : Number(measured.toFixed(3));
  }

  /**
   * Pictures that are shown in another order come at odd moments at first: where nearly all come evenly, the others say nothing of the
   * rate. Undefined where they do not.
   */
  #steadyGaps(): readonly number[] | undefined {
    const median = this.#gapsSeconds.toSorted((a, b) => a - b)[this.#gapsSeconds.length >> 1] ?? 0;
    const steady = this.#gapsSeconds.filter((gap) => Math.abs(gap - median) < median * steadyDeviation);
    return steady.length >= this.#gapsSeconds.length * regularShare && steady.length > 0 ? steady : undefined;
  }
}

function upToMilliseconds(seconds: number): number {
  return Math.ceil(seconds * 1000 - 1e-6) / 1000;
}
