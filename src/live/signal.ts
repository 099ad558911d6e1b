/** Wakes everybody who waits, again and again. */
export class Signal {
  #waiting: { readonly promise: Promise<void>; readonly wake: () => void } | undefined;

  /** Resolves at the next `wake()`. */
  next(): Promise<void> {
    if (!this.#waiting) {
      let wake!: () => void;
      const promise = new Promise<void>((resolve) => (wake = resolve));
      this.#waiting = { promise, wake };
    }
    return this.#waiting.promise;
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.wake();
  }
}
