/** What segments weigh: the figures of RFC 8216bis §4.4.6.2, BANDWIDTH and AVERAGE-BANDWIDTH. */
export class BitrateMeter {
  #bits = 0;
  #seconds = 0;
  #peak = 0;

  add(bytes: number, durationSeconds: number): void {
    if (durationSeconds <= 0) return;
    this.#bits += bytes * 8;
    this.#seconds += durationSeconds;
    this.#peak = Math.max(this.#peak, (bytes * 8) / durationSeconds);
  }

  /** Of the heaviest segment so far. */
  get peakBitsPerSecond(): number {
    return this.#peak;
  }

  get averageBitsPerSecond(): number {
    return this.#seconds > 0 ? this.#bits / this.#seconds : 0;
  }
}
