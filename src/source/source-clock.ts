import type { Frame } from './source-events.js';

/** Clocks are followed by decode times: they come in order. */
type TimedFrame = Pick<Frame, 'kind' | 'decodeSeconds'>;

/** A step further than this is no pause: the device slept, or its clock was set. ffmpeg would fill it with silence. */
const longestStepSeconds = 10;
/** Pictures may come out of the order of their times by as much; beyond, the clock went back. */
const longestStepBackSeconds = 1;

/** Tells where the timestamps of a recording stop making sense. */
export class SourceClock {
  readonly #latest = new Map<Frame['kind'], number>();
  #latestOfAll = -Infinity;

  note({ kind, decodeSeconds }: TimedFrame): void {
    this.#latest.set(kind, Math.max(decodeSeconds, this.#latest.get(kind) ?? -Infinity));
    this.#latestOfAll = Math.max(decodeSeconds, this.#latestOfAll);
  }

  /** Whether the frame that follows can't belong to the same clock. A track that was silent may come back at the other's time. */
  jumpsAt({ kind, decodeSeconds }: TimedFrame): boolean {
    const own = this.#latest.get(kind);
    if (own === undefined) return false;
    return decodeSeconds < own - longestStepBackSeconds || decodeSeconds > this.#latestOfAll + longestStepSeconds;
  }
}
