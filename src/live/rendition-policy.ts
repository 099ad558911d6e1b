/** What is known of a viewer and of what it could be sent. */
export interface LineView {
  /** Monotonic. */
  readonly nowMs: number;
  /** Of the renditions with a picture, best first. */
  readonly ladder: readonly { readonly bitsPerSecond: number }[];
  /** Which of them it is sent. */
  readonly at: number;
  /** See `LineWatch`. */
  readonly lagSeconds: number;
  readonly drainSeconds: number;
  readonly lineBitsPerSecond: number | undefined;
}

export interface Step {
  readonly to: number;
  readonly why: 'line-slow' | 'line-free';
  /** So much is on its way that it has to be left out what comes before the next keyframe: the line could not carry it in time. */
  readonly isUrgent: boolean;
}

const slowSeconds = 0.5;
/** While a step up is on trial: it is taken back before it is seen. */
const trialSlowSeconds = 0.35;
const freeSeconds = 0.25;
const urgentDrainSeconds = 1;
/** Of what a line carries: the rest is for sound, keyframes and others. */
const usableShare = 0.8;
/** What was sent before a step down must arrive before the next one is judged. */
const settleMs = 3000;
const firstUpAfterMs = 5000;
const longestUpAfterMs = 120_000;
/** A step up that held for so long was right. */
const trialMs = 15_000;

/**
 * When a viewer is moved down and up, by hysteresis: down at once when answers come late, to what the line was seen to carry; up one step at
 * a time after calm, and to each more rarely each time that a step up to it did not hold. Pure.
 */
export class RenditionPolicy {
  #changedAtMs = -Infinity;
  #calmSinceMs: number | undefined;
  #upAtMs: number | undefined;
  /** So much calm a step up to each asks for, where one did not hold. */
  readonly #upAfterMs = new Map<number, number>();

  /** @returns what to change now, if anything */
  look(view: LineView): Step | undefined {
    const { nowMs, at, lagSeconds } = view;
    if (this.#upAtMs !== undefined && nowMs - this.#upAtMs > trialMs) {
      this.#upAtMs = undefined;
      this.#upAfterMs.delete(at);
    }
    if (lagSeconds >= freeSeconds) this.#calmSinceMs = undefined;
    else this.#calmSinceMs ??= nowMs;
    return lagSeconds >= (this.#upAtMs === undefined ? slowSeconds : trialSlowSeconds) ? this.#down(view) : this.#up(view);
  }

  #down({ nowMs, ladder, at, lineBitsPerSecond, drainSeconds }: LineView): Step | undefined {
    const lowest = ladder.length - 1;
    if (at >= lowest || nowMs - this.#changedAtMs < (this.#upAtMs === undefined ? settleMs : 0)) return undefined;
    const carried = lineBitsPerSecond === undefined ? at + 1 : ladder.findIndex(({ bitsPerSecond }, index) => index > at && bitsPerSecond <= lineBitsPerSecond * usableShare);
    if (this.#upAtMs !== undefined) this.#upAfterMs.set(at, Math.min(this.#upAfter(at) * 2, longestUpAfterMs));
    this.#upAtMs = undefined;
    this.#changed(nowMs);
    return { to: carried < 0 ? lowest : carried, why: 'line-slow', isUrgent: drainSeconds >= urgentDrainSeconds };
  }

  #up({ nowMs, at }: LineView): Step | undefined {
    if (at === 0 || this.#calmSinceMs === undefined || nowMs - this.#calmSinceMs < this.#upAfter(at - 1)) return undefined;
    this.#upAtMs = nowMs;
    this.#changed(nowMs);
    return { to: at - 1, why: 'line-free', isUrgent: false };
  }

  #upAfter(to: number): number {
    return this.#upAfterMs.get(to) ?? firstUpAfterMs;
  }

  #changed(nowMs: number): void {
    this.#changedAtMs = nowMs;
    this.#calmSinceMs = undefined;
  }
}
