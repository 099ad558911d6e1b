export interface ReconnectPolicyOptions {
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Counted from the loss of the connection. */
  readonly giveUpAfterMs?: number;
  /** Which part of a pause is left to chance, 0 to 1. A half by default: never at once, never all together. */
  readonly spread?: number;
  /** In [0, 1), like Math.random. */
  readonly random?: () => number;
}

/** For the many: nearly all of a pause is chance, and it never gets long. */
export const viewerPolicy = { firstDelayMs: 1_000, maxDelayMs: 5_000, giveUpAfterMs: Infinity, spread: 1 } as const satisfies ReconnectPolicyOptions;

/** When to try again: exponential, capped, with jitter so that the viewers and publishers of a restarted server do not all come at once. */
export class ReconnectPolicy {
  readonly #firstDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #giveUpAfterMs: number;
  readonly #spread: number;
  readonly #random: () => number;

  constructor(options: ReconnectPolicyOptions = {}) {
    this.#firstDelayMs = options.firstDelayMs ?? 250;
    this.#maxDelayMs = options.maxDelayMs ?? 5_000;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 120_000;
    this.#spread = options.spread ?? 0.5;
    this.#random = options.random ?? Math.random;
  }

  /**
   * @param attempt from 0
   * @param serverWishMs how long the server asked to be left alone (`Retry-After`): never sooner, and not all at its end
   * @returns the pause before the attempt, or undefined when it is time to give up
   */
  delayMs(attempt: number, sinceLossMs: number, serverWishMs = 0): number | undefined {
    if (sinceLossMs >= this.#giveUpAfterMs) return undefined;
    const ceilingMs = Math.min(this.#maxDelayMs, this.#firstDelayMs * 2 ** attempt);
    return serverWishMs + ceilingMs * (1 - this.#spread) + ceilingMs * this.#spread * this.#random();
  }
}
