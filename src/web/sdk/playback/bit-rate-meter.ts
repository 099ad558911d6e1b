const windowMs = 5000;

/** Bits a second over the last seconds. */
export class BitRateMeter {
  #arrivals: { atMs: number; bytes: number }[] = [];
  #sinceMs: number | undefined;

  add(bytes: number, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    this.#arrivals.push({ atMs: nowMs, bytes });
    this.#forget(nowMs);
  }

  /** Undefined for the first second: a join's burst says nothing about the stream. */
  bitsPerSecond(nowMs: number): number | undefined {
    this.#forget(nowMs);
    if (this.#sinceMs === undefined || nowMs - this.#sinceMs < 1000) return undefined;
    const bytes = this.#arrivals.reduce((sum, each) => sum + each.bytes, 0);
    return (bytes * 8 * 1000) / Math.min(windowMs, nowMs - this.#sinceMs);
  }

  #forget(nowMs: number): void {
    const firstKept = this.#arrivals.findIndex((each) => nowMs - each.atMs < windowMs);
    this.#arrivals.splice(0, firstKept < 0 ? this.#arrivals.length : firstKept);
  }
}
