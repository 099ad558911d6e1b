/** So far behind the best it was must the newest media be, for so long, while answers take so long too. */
const behindMs = 2_000;
const forMs = 4_000;
const slowAnswerMs = 1_000;
/** A line on which nothing comes for so long is dead, not slow: the socket looks after that. */
const deadAfterMs = 3_000;
/** Skipped by the server so often within this time, no proof is needed. */
const skips = 2;
const skipsWithinMs = 30_000;

/**
 * Notices a viewer's line that is slower than the stream: what arrives gets older and older, until the server skips. A broadcaster
 * with a slow line makes media old as well; then answers to pings, which stand in the same queue as a viewer's media, are quick.
 */
export class SlowLineWatch {
  #bestMs = Infinity;
  #sinceMs: number | undefined;
  #skippedAtMs: number[] = [];

  /** The server left fragments out. */
  skipped(nowMs: number): void {
    this.#skippedAtMs = [...this.#skippedAtMs.filter((atMs) => nowMs - atMs < skipsWithinMs), nowMs];
  }

  /**
   * @param view `edgeBehindMs`: age of the newest media, undefined while not known; `silentMs`: since media came
   * @returns whether the line is too slow for this stream
   */
  look(view: { readonly nowMs: number; readonly edgeBehindMs: number | undefined; readonly answerDelayMs: number; readonly silentMs: number }): boolean {
    if (this.#skippedAtMs.filter((atMs) => view.nowMs - atMs < skipsWithinMs).length >= skips) return true;
    if (view.edgeBehindMs === undefined) return false;
    this.#bestMs = Math.min(this.#bestMs, view.edgeBehindMs);
    const isBehind = view.edgeBehindMs - this.#bestMs > behindMs && view.answerDelayMs > slowAnswerMs && view.silentMs < deadAfterMs;
    this.#sinceMs = isBehind ? (this.#sinceMs ?? view.nowMs) : undefined;
    return this.#sinceMs !== undefined && view.nowMs - this.#sinceMs >= forMs;
  }

  /** Another connection: nothing is known of it. */
  reset(): void {
    this.#bestMs = Infinity;
    this.#sinceMs = undefined;
    this.#skippedAtMs = [];
  }
}
