export interface ReconnectPolicyOptions {
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Counted from the loss of the connection. */
  readonly giveUpAfterMs?: number;
  /** In [0, 1), like Math.random. */
  readonly random?: () => number;
}

/** When to try again: exponential, capped, with jitter so that the viewers and publishers of a restarted server do not all come at once. */
export class ReconnectPolicy {
  readonly #firstDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #giveUpAfterMs: number;
  readonly #random: () => number;

  constructor(options: ReconnectPolicyOptions = {}) {
    this.#firstDelayMs = options.firstDelayMs ?? 250;
    this.#maxDelayMs = options.maxDelayMs ?? 5_000;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 120_000;
    this.#random = options.random ?? Math.random;
  }

  /** @returns the pause before attempt number `attempt` (from 0), or undefined when it is time to give up */
  delayMs(attempt: number, sinceLossMs: number): number | undefined {
    if (sinceLossMs >= this.#giveUpAfterMs) return undefined;
    const ceilingMs = Math.min(this.#maxDelayMs, this.#firstDelayMs * 2 ** attempt);
    // Half fixed, half random: never at once, never all together.
    return ceilingMs / 2 + (ceilingMs / 2) * this.#random();
  }
}
