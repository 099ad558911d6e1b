const givenUpAfterMs = 10_000;

/** Notices a path that takes media in and shows nothing of it. */
export class ProgressWatch {
  #atSeconds = NaN;
  #sinceMs = 0;

  /** @returns whether it is time to try another path */
  look(view: { readonly nowMs: number; readonly atSeconds: number; readonly shouldMove: boolean }): boolean {
    if (view.atSeconds !== this.#atSeconds || !view.shouldMove) {
      this.#atSeconds = view.atSeconds;
      this.#sinceMs = view.nowMs;
    }
    return view.nowMs - this.#sinceMs >= givenUpAfterMs;
  }
}
