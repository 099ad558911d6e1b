/** So much media is looked at as one. */
const stretchSeconds = 2;
/** What is late by as much as before is not catching up. */
const steadyMs = 100;

/**
 * Tells a source that paused from a line that was slow. After a pause all media comes late for good; what waited in a slow line
 * comes faster than it was recorded, until nothing waits any more.
 */
export class PauseWatch {
  #startSeconds: number | undefined;
  #leastMs = Infinity;
  #beforeMs = Infinity;

  /**
   * Media has come.
   * @param latenessMs how much later than was expected
   * @returns by how much everything is late, at the end of two stretches that agree about it
   */
  arrived(mediaSeconds: number, latenessMs: number): number | undefined {
    this.#startSeconds ??= mediaSeconds;
    this.#leastMs = Math.min(this.#leastMs, latenessMs);
    if (mediaSeconds - this.#startSeconds < stretchSeconds) return undefined;
    const [beforeMs, nowMs] = [this.#beforeMs, this.#leastMs];
    this.#startSeconds = mediaSeconds;
    this.#beforeMs = nowMs;
    this.#leastMs = Infinity;
    return Math.abs(nowMs - beforeMs) < steadyMs ? Math.min(nowMs, beforeMs) : undefined;
  }
}
