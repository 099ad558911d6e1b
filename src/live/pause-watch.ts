/** So much media is looked at as one. */
const stretchSeconds = 2;
/** What is late by as much as before is neither catching up nor falling behind. */
const steadyMs = 100;
/** A shorter pause is not told from a line or a machine that was slow. */
const shortestPauseMs = 1000;

/**
 * Tells a source that paused from a line or a machine that is slow. After a pause all media comes later than before, at a stroke and
 * for good. What waited in a slow line comes faster than it was recorded, until nothing waits any more; a machine that can't keep up
 * falls behind little by little.
 */
export class PauseWatch {
  #startSeconds: number | undefined;
  /** Of the present stretch, of the one before, and of the one before that. */
  #leastMs = Infinity;
  #beforeMs = Infinity;
  #earlierMs = Infinity;

  /**
   * Media has come.
   * @param latenessMs how much later than was expected
   * @returns how long the source paused, once it is known that it did
   */
  arrived(mediaSeconds: number, latenessMs: number): number | undefined {
    this.#startSeconds ??= mediaSeconds;
    this.#leastMs = Math.min(this.#leastMs, latenessMs);
    if (mediaSeconds - this.#startSeconds < stretchSeconds) return undefined;
    const [earlierMs, beforeMs, nowMs] = [this.#earlierMs, this.#beforeMs, this.#leastMs];
    this.#startSeconds = mediaSeconds;
    this.#leastMs = Infinity;
    const pausedMs = Math.min(nowMs, beforeMs) - earlierMs;
    const hasPaused = pausedMs >= shortestPauseMs && Math.abs(nowMs - beforeMs) < steadyMs;
    this.#earlierMs = hasPaused ? nowMs - pausedMs : beforeMs;
    this.#beforeMs = hasPaused ? nowMs - pausedMs : nowMs;
    return hasPaused ? pausedMs : undefined;
  }
}
