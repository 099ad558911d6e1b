export interface TokenBucketOptions {
  /** What may be done at once. */
  readonly burst: number;
  readonly perMinute: number;
  /** Milliseconds that only move forward. */
  readonly now: () => number;
}

/** How fast something may be done: a token bucket, which fills up again evenly. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMinute: number;
  readonly #now: () => number;
  #left: number;
  #atMs: number;

  constructor({ burst, perMinute, now }: TokenBucketOptions) {
    this.#burst = burst;
    this.#perMinute = perMinute;
    this.#now = now;
    this.#left = burst;
    this.#atMs = now();
  }

  /** Whole seconds until it may be done again; 0: now. */
  get waitSeconds(): number {
    this.#fill();
    return this.#left >= 1 ? 0 : Math.ceil(((1 - this.#left) * 60) / this.#perMinute);
  }

  spend(): void {
    this.#fill();
    this.#left = Math.max(0, this.#left - 1);
  }

  #fill(): void {
    const now = this.#now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#atMs) * this.#perMinute) / 60_000);
    this.#atMs = now;
  }
}
