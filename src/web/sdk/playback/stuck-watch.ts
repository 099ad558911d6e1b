const stuckAfterMs = 600;
const enoughSeconds = 0.3;
const nudgeSeconds = 0.1;

/** Notices a picture that stands still although there is media: a hole too small to be seen in the ranges, or a decoder that hangs. */
export class StuckWatch {
  #atSeconds = NaN;
  #sinceMs = 0;

  /** @returns where to seek to get going again, or undefined while all is well */
  look(view: { readonly nowMs: number; readonly atSeconds: number; readonly forwardSeconds: number }): number | undefined {
    if (view.atSeconds !== this.#atSeconds || view.forwardSeconds < enoughSeconds) {
      this.#atSeconds = view.atSeconds;
      this.#sinceMs = view.nowMs;
      return undefined;
    }
    if (view.nowMs - this.#sinceMs < stuckAfterMs) return undefined;
    this.#sinceMs = view.nowMs;
    return view.atSeconds + nudgeSeconds;
  }
}
