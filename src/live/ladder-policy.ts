import type { LadderPreset } from './ladder-options.js';

/** What a ladder is made of now. */
export interface LadderShape {
  readonly preset: LadderPreset;
  /** How many of the highest renditions are left out. */
  readonly leftOut: number;
}

/** More than this behind the source … */
const lateSeconds = 1;
/** … for so long, and something is done about it. */
const lateForMs = 10_000;

/** When a ladder that can't keep up becomes cheaper: first its preset, then its dearest rendition, and so on; never up again, since it would only fall behind again. Pure. */
export class LadderPolicy {
  #shape: LadderShape = { preset: 'superfast', leftOut: 0 };
  #lateSinceMs: number | undefined;

  get shape(): LadderShape {
    return this.#shape;
  }

  /**
   * @param nowMs monotonic
   * @returns whether the shape is another one now
   */
  look(nowMs: number, lagSeconds: number): boolean {
    if (lagSeconds <= lateSeconds) this.#lateSinceMs = undefined;
    else this.#lateSinceMs ??= nowMs;
    if (this.#lateSinceMs === undefined || nowMs - this.#lateSinceMs < lateForMs) return false;
    this.#lateSinceMs = undefined;
    const { preset, leftOut } = this.#shape;
    this.#shape = preset === 'superfast' ? { preset: 'ultrafast', leftOut } : { preset, leftOut: leftOut + 1 };
    return true;
  }
}
