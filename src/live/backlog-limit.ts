import type { InitSegment } from '../fmp4/init-segment.js';
import type { FragmentBurst } from './fragment-burst.js';

export interface BacklogLimitOptions {
  /** The bound of a viewer's memory. */
  readonly maxBytes: number;
  /** The bound of its delay. */
  readonly maxSeconds: number;
}

interface Step {
  readonly endSeconds: number;
  bytes: number;
}

/** A part of a second in which one viewer's burst stands for many of its bursts: so few steps are kept. */
const stepSeconds = 0.1;

/**
 * How much a viewer may have before it. What it has before it are always the newest bytes of the stream; so it is late by
 * more than some seconds exactly when it has more before it than came in the last seconds: one number for all viewers.
 */
export class BacklogLimit {
  readonly #options: BacklogLimitOptions;
  #steps: Step[] = [];
  #stepsBytes = 0;
  /** Since a keyframe: who joins is given it at once, and must not be called late for it. */
  #groupBytes = 0;
  /** Media that came in all, over all timelines. */
  #seconds = 0;
  #forgotSome = false;
  #leadTrackId: number | undefined;
  #timescale = 1;
  #timelineEnd: number | undefined;

  constructor(options: BacklogLimitOptions) {
    this.#options = options;
  }

  /** Media that came in all. */
  get seconds(): number {
    return this.#seconds;
  }

  /** More bytes than this before it, and a viewer is late. */
  get bytes(): number {
    // As long as all that ever came is within the seconds, nobody can be later than that.
    const late = this.#forgotSome ? Math.max(this.#stepsBytes, this.#groupBytes) : Infinity;
    return Math.min(this.#options.maxBytes, late);
  }

  /** Of the last seconds of media; 0 before there was any. */
  get bitsPerSecond(): number {
    const since = this.#forgotSome ? (this.#steps[0]?.endSeconds ?? 0) - stepSeconds : 0;
    const seconds = this.#seconds - since;
    return seconds > 0 ? (this.#stepsBytes * 8) / seconds : 0;
  }

  startTimeline({ tracks }: InitSegment): void {
    this.#leadTrackId = tracks[0]?.trackId;
    this.#timescale = tracks[0]?.timescale ?? 1;
    this.#timelineEnd = undefined;
    this.#groupBytes = 0;
  }

  passed(burst: FragmentBurst): void {
    this.#groupBytes = burst.startsWithKeyframe ? burst.byteLength : this.#groupBytes + burst.byteLength;
    this.#seconds += this.#durationOf(burst);
    const last = this.#steps.at(-1);
    this.#stepsBytes += burst.byteLength;
    if (last && this.#seconds - last.endSeconds < stepSeconds) last.bytes += burst.byteLength;
    else this.#steps.push({ endSeconds: this.#seconds, bytes: burst.byteLength });
    const oldest = this.#seconds - this.#options.maxSeconds;
    while ((this.#steps[0]?.endSeconds ?? Infinity) < oldest) {
      this.#stepsBytes -= this.#steps.shift()?.bytes ?? 0;
      this.#forgotSome = true;
    }
  }

  #durationOf({ fragments }: FragmentBurst): number {
    let seconds = 0;
    for (const { runs } of fragments) {
      const run = runs.find(({ trackId }) => trackId === this.#leadTrackId);
      if (!run) continue;
      const end = (run.baseMediaDecodeTime + run.duration) / this.#timescale;
      seconds += Math.max(0, end - (this.#timelineEnd ?? run.baseMediaDecodeTime / this.#timescale));
      this.#timelineEnd = end;
    }
    return seconds;
  }
}
