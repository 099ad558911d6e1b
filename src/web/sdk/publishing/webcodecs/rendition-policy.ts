export interface EncoderLoad {
  readonly nowMs: number;
  /** Pictures that wait for the slowest encoder. */
  readonly queue: number;
  /** Pictures of the recording that were not encoded since the encoders were behind. */
  readonly skipped: number;
}

/** So many pictures wait only where an encoder is behind. */
const behindQueue = 4;
const judgedAfterMs = 2_000;
/** Another recording begins with a large picture in every rendition. */
const settlesAfterMs = 3_000;
const firstCalmMs = 30_000;
const maxCalmMs = 300_000;
/** A step up that fails sooner was one too many. */
const stepUpMustHoldMs = 60_000;

/** How many renditions the machine bears while it does other things too: down after two seconds behind, up again after calm, more rarely each time that did not hold. */
export class RenditionPolicy {
  readonly #most: number;
  #renditions: number;
  #skipped = 0;
  #behindSinceMs: number | undefined;
  #calmSinceMs: number | undefined;
  #countedFromMs = -Infinity;
  #steppedUpAtMs = -Infinity;
  #calmNeededMs = firstCalmMs;

  /** @param most with the source; it begins with them */
  constructor(most: number) {
    this.#most = this.#renditions = most;
  }

  get renditions(): number {
    return this.#renditions;
  }

  /** @returns whether it is another number now */
  sample({ nowMs, queue, skipped }: EncoderLoad): boolean {
    const isBehind = queue >= behindQueue || skipped > this.#skipped;
    this.#skipped = skipped;
    if (nowMs < this.#countedFromMs) return false;
    this.#behindSinceMs = isBehind ? (this.#behindSinceMs ?? nowMs) : undefined;
    this.#calmSinceMs = isBehind ? undefined : (this.#calmSinceMs ?? nowMs);
    if (this.#behindSinceMs !== undefined && nowMs - this.#behindSinceMs >= judgedAfterMs && this.#renditions > 1) {
      if (nowMs - this.#steppedUpAtMs < stepUpMustHoldMs) this.#calmNeededMs = Math.min(maxCalmMs, this.#calmNeededMs * 2);
      this.#step(-1, nowMs);
      return true;
    }
    if (this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= this.#calmNeededMs && this.#renditions < this.#most) {
      this.#steppedUpAtMs = nowMs;
      this.#step(1, nowMs);
      return true;
    }
    return false;
  }

  #step(by: number, nowMs: number): void {
    this.#renditions += by;
    this.#behindSinceMs = this.#calmSinceMs = undefined;
    this.#countedFromMs = nowMs + settlesAfterMs;
  }
}
