import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import { CaptureClock, type CaptureClockOptions } from './capture-clock.js';

/** A timeline whose wall clock is known better the longer it lasts. */
export class ClockedTimeline implements Timeline {
  readonly init: InitSegment;
  readonly #clock: CaptureClock;
  readonly #startSeconds: number;
  #toldMs: number | undefined;

  /** @param options.startSeconds media time of its first frame; what else is said of the wall clock is said of that */
  constructor({ init, startSeconds, ...clock }: CaptureClockOptions & { init: InitSegment; startSeconds: number }) {
    this.init = init;
    this.#startSeconds = startSeconds;
    this.#clock = new CaptureClock(clock);
  }

  get captureTimeMs(): number {
    return this.#clock.captureTimeMs - this.#startSeconds * 1000;
  }

  /** Media was published with its time: from now on it is only corrected. */
  settle(): void {
    this.#clock.settle();
  }

  /**
   * Fragments have come.
   * @param toldCaptureTimeMs what the publisher says of its first frame, if it says anything
   */
  arrived(fragments: readonly Fragment[], toldCaptureTimeMs: number | undefined, nowMs = Date.now()): void {
    if (toldCaptureTimeMs !== undefined && toldCaptureTimeMs !== this.#toldMs) this.#clock.tell(toldCaptureTimeMs);
    this.#toldMs = toldCaptureTimeMs;
    const [lead] = this.init.tracks;
    for (const { runs } of fragments) {
      const run = runs.find(({ trackId }) => trackId === lead?.trackId);
      if (run && lead) this.#clock.arrived(run.baseMediaDecodeTime / lead.timescale - this.#startSeconds, nowMs);
    }
  }
}

/** Of a rendition: on the source's clock, as that is known better and better. @param shownLaterSeconds see `Timeline` */
export function sameClock(init: InitSegment, source: Timeline, shownLaterSeconds = 0): Timeline {
  return {
    init,
    shownLaterSeconds,
    get captureTimeMs() {
      return source.captureTimeMs;
    },
  };
}
