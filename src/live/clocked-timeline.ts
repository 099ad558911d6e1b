import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/rendition.js';
import { CaptureClock, type CaptureClockOptions } from './capture-clock.js';

/** A timeline whose wall clock is known better the longer it lasts. */
export class ClockedTimeline implements Timeline {
  readonly init: InitSegment;
  readonly #clock: CaptureClock;
  #toldMs: number | undefined;

  constructor({ init, ...clock }: CaptureClockOptions & { init: InitSegment }) {
    this.init = init;
    this.#clock = new CaptureClock(clock);
  }

  get captureTimeMs(): number {
    return this.#clock.captureTimeMs;
  }

  /** Media was published with its time: from now on it is only corrected. */
  settle(): void {
    this.#clock.settle();
  }

  /**
   * Fragments have come.
   * @param toldCaptureTimeMs what the publisher says of media time 0, if it says anything
   */
  arrived(fragments: readonly Fragment[], toldCaptureTimeMs: number | undefined, nowMs = Date.now()): void {
    if (toldCaptureTimeMs !== undefined && toldCaptureTimeMs !== this.#toldMs) this.#clock.tell(toldCaptureTimeMs);
    this.#toldMs = toldCaptureTimeMs;
    const [lead] = this.init.tracks;
    for (const { runs } of fragments) {
      const run = runs.find(({ trackId }) => trackId === lead?.trackId);
      if (run && lead) this.#clock.arrived(run.baseMediaDecodeTime / lead.timescale, nowMs);
    }
  }
}
