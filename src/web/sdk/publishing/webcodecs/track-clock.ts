/** How long the quickest way is looked for before it is judged again. */
const windowMs = 2_000;
/** Two clocks drift apart by less than this in a window. */
const driftUs = 1_000;
/** A source that paused, as suspended sound does, stamps on from where it stopped. */
const pausedUs = 100_000;
/** So late comes nothing: the source has another clock now. */
const otherClockUs = 1_000_000;

/**
 * Media time of what a device stamped. Cameras, screens and sound count from different moments, so the quickest way from stamp to
 * arrival counts as no time at all; what takes longer was held up, and its stamp tells when it was captured.
 */
export class TrackClock {
  readonly #startedAtMs: number;
  #offsetUs: number | undefined;
  #quickestUs = Infinity;
  #windowEndsAtMs = -Infinity;

  /** @param startedAtMs media time 0, by the same clock as `nowMs` */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** @param timestampUs the device's stamp of what has just arrived */
  mediaUs(timestampUs: number, nowMs: number): number {
    const arrivalUs = (nowMs - this.#startedAtMs) * 1000 - timestampUs;
    const offsetUs = this.#offsetUs ?? arrivalUs;
    this.#quickestUs = Math.min(this.#quickestUs, arrivalUs);
    if (this.#offsetUs === undefined) this.#windowEndsAtMs = nowMs + windowMs;
    if (arrivalUs < offsetUs || arrivalUs - offsetUs > otherClockUs) this.#offsetUs = arrivalUs;
    else if (nowMs < this.#windowEndsAtMs) this.#offsetUs = offsetUs;
    else {
      const laterUs = this.#quickestUs - offsetUs;
      this.#offsetUs = offsetUs + (laterUs > pausedUs ? laterUs : Math.min(laterUs, driftUs));
    }
    if (nowMs >= this.#windowEndsAtMs) {
      this.#quickestUs = Infinity;
      this.#windowEndsAtMs = nowMs + windowMs;
    }
    return timestampUs + this.#offsetUs;
  }
}
