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
  readonly #options: ReconnectPolicyOptions;

  constructor(options: ReconnectPolicyOptions = {}) {
    this.#options = options;
  }

  /**
   * @param attempt from 0
   * @param serverWishMs how long the server asked to be left alone (`Retry-After`): never sooner, and not all at its end
   * @returns the pause before the attempt, or undefined when it is time to give up
   */
  delayMs(attempt: number, sinceLossMs: number, serverWishMs = 0): number | undefined {
    const { firstDelayMs = 250, maxDelayMs = 5_000, giveUpAfterMs = 120_000, spread = 0.5, random = Math.random } = this.#options;
    if (sinceLossMs >= giveUpAfterMs) return undefined;
    return serverWishMs + Math.min(maxDelayMs, firstDelayMs * 2 ** attempt) * (1 - spread + spread * random());
  }
}
