/** Told to call `giveUp` when the client has gone away, only once an answer has to wait; what it returns calls that off. */
export type WatchClient = (giveUp: () => void) => () => void;

/** Calls back after so many ms; what it returns calls that off. */
export type StartTimer = (callback: () => void, timeoutMs: number) => () => void;

interface Held {
  isOver(): boolean;
  settle(reached: boolean): void;
}

/** Requests that are held until there is more (RFC 8216bis §6.2.5.2). */
export class HeldRequests {
  readonly #startTimer: StartTimer;
  #held = new Set<Held>();

  /** @param startTimer `setTimeout` but for tests */
  constructor(startTimer: StartTimer = startTimeout) {
    this.#startTimer = startTimer;
  }

  get count(): number {
    return this.#held.size;
  }

  /** Resolves with true once `isOver` holds, which is asked at every `recheck()`; with false after `timeoutMs`, or when the client has gone. */
  hold(isOver: () => boolean, timeoutMs: number, watchClient: WatchClient): Promise<boolean> {
    if (isOver()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        this.#held.delete(held);
        stopTimer();
        unwatch();
        resolve(reached);
      };
      const giveUp = (): void => settle(false);
      const held: Held = { isOver, settle };
      this.#held.add(held);
      const stopTimer = this.#startTimer(giveUp, timeoutMs);
      let unwatch = (): void => undefined;
      // A client that is gone already gives up here and now.
      unwatch = watchClient(giveUp);
    });
  }

  /** There is more, or nothing more will come. */
  recheck(): void {
    // Everybody who is held is looked at; who has to wait on is noted in a new set.
    const held = this.#held;
    this.#held = new Set();
    for (const each of held) {
      if (each.isOver()) each.settle(true);
      else this.#held.add(each);
    }
  }
}

function startTimeout(callback: () => void, timeoutMs: number): () => void {
  const timer = setTimeout(callback, timeoutMs);
  return () => clearTimeout(timer);
}
