/** How long the quickest way is looked for before it is judged again. */
const windowMs = 2_000;
/** What comes after such a hole was held up with it, or is of a source that paused: only what follows tells. */
const holeMs = 500;
/** Two clocks drift apart by less than this in a window. */
const driftUs = 1_000;
/** A source that paused, as suspended sound does, stamps on from where it stopped. */
const pausedUs = 100_000;

/**
 * Media time of what a device stamped. Cameras, screens and sound count from different moments, so the quickest way from stamp to
 * arrival counts as no time at all; what takes longer was held up, and its stamp tells when it was captured.
 */
export class TrackClock {
  readonly #startedAtMs: number;
  #offsetUs: number | undefined;
  #quickestUs = Infinity;
  #windowEndsAtMs = -Infinity;
  #lastAtMs = -Infinity;

  /** @param startedAtMs media time 0, by the same clock as `nowMs` */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** @param timestampUs the device's stamp of what has just arrived */
  mediaUs(timestampUs: number, nowMs: number): number {
    const arrivalUs = (nowMs - this.#startedAtMs) * 1000 - timestampUs;
    if (nowMs - this.#lastAtMs > holeMs) this.#beginWindow(nowMs);
    this.#lastAtMs = nowMs;
    this.#quickestUs = Math.min(this.#quickestUs, arrivalUs);
    let offsetUs = Math.min(this.#offsetUs ?? arrivalUs, arrivalUs);
    if (nowMs >= this.#windowEndsAtMs) {
      const laterUs = this.#quickestUs - offsetUs;
      offsetUs += laterUs > pausedUs ? laterUs : Math.min(laterUs, driftUs);
      this.#beginWindow(nowMs);
    }
    this.#offsetUs = offsetUs;
    return timestampUs + offsetUs;
  }

  #beginWindow(nowMs: number): void {
    this.#quickestUs = Infinity;
    this.#windowEndsAtMs = nowMs + windowMs;
  }
}
