const stillAfterMs = 600;
const atEndSeconds = 0.1;
const backSeconds = 0.5;

/**
 * WebKitGTK takes the newest position of a live playlist for its duration. Whatever makes it look at both at once (a full
 * buffer, a tab that comes back, the end of a pause) makes it believe that it has ended: it holds the picture without a
 * word, until it stands before that end again. Safari says Infinity, and nothing is done.
 */
export class EndWatch {
  #atSeconds = NaN;
  #sinceMs = 0;

  /** @returns where to seek to get going again, or undefined while all is well */
  look(view: {
    readonly nowMs: number;
    readonly atSeconds: number;
    readonly durationSeconds: number;
    readonly shouldMove: boolean;
  }): number | undefined {
    const held = view.shouldMove && view.atSeconds === this.#atSeconds && view.durationSeconds - view.atSeconds < atEndSeconds;
    this.#atSeconds = view.atSeconds;
    if (!held) this.#sinceMs = view.nowMs;
    if (view.nowMs - this.#sinceMs < stillAfterMs) return undefined;
    this.#sinceMs = view.nowMs;
    return Math.max(0, view.atSeconds - backSeconds);
  }
}
