import type { PictureSize } from './filler.js';

/** While a window is being drawn larger its size changes with every picture: recordings may not follow each other that fast. */
const minIntervalMs = 1_000;

/** Says when pictures have another size than those of the present recording: at once, and at most once a second. */
export class SizeWatch {
  #recorded: PictureSize | undefined;
  #seen: PictureSize | undefined;
  #changedAtMs = -Infinity;

  /** That of the last picture. */
  get size(): PictureSize | undefined {
    return this.#seen;
  }

  /** @returns whether a new recording has to begin now */
  see(size: PictureSize, nowMs: number): boolean {
    if (size.width <= 0 || size.height <= 0) return false;
    this.#seen = size;
    this.#recorded ??= size;
    return this.tick(nowMs);
  }

  /** Pictures of this size do not fit the present recording, whichever size that has. @returns whether a new recording has to begin now */
  outgrow(size: PictureSize, nowMs: number): boolean {
    this.#seen = size;
    this.#recorded = { width: 0, height: 0 };
    return this.tick(nowMs);
  }

  /** @returns whether a new recording has to begin now, for a size that came too soon after another one */
  tick(nowMs: number): boolean {
    const [seen, recorded] = [this.#seen, this.#recorded];
    if (seen === undefined || recorded === undefined) return false;
    if ((seen.width === recorded.width && seen.height === recorded.height) || nowMs - this.#changedAtMs < minIntervalMs) return false;
    this.#recorded = seen;
    this.#changedAtMs = nowMs;
    return true;
  }
}
