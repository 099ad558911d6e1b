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
  #made = Infinity;
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

  /** As many as there may be. */
  get renditions(): number {
    return this.#renditions;
  }

  /** As many as there are. */
  get made(): number {
    return Math.min(this.#renditions, this.#made);
  }

  /** A recording begins: a small source, or few bits, make fewer than there may be. */
  begin(made: number): void {
    this.#made = made;
  }

  /** @returns whether another recording, with another number, should begin */
  sample({ nowMs, queue, skipped }: EncoderLoad): boolean {
    const isBehind = queue >= behindQueue || skipped > this.#skipped;
    this.#skipped = skipped;
    if (nowMs < this.#countedFromMs) return false;
    this.#behindSinceMs = isBehind ? (this.#behindSinceMs ?? nowMs) : undefined;
    this.#calmSinceMs = isBehind ? undefined : (this.#calmSinceMs ?? nowMs);
    if (this.#behindSinceMs !== undefined && nowMs - this.#behindSinceMs >= judgedAfterMs && this.made > 1) {
      if (nowMs - this.#steppedUpAtMs < stepUpMustHoldMs) this.#calmNeededMs = Math.min(maxCalmMs, this.#calmNeededMs * 2);
      this.#step(this.made - 1, nowMs);
      return true;
    }
    if (this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= this.#calmNeededMs && this.#renditions < this.#most && this.#made >= this.#renditions) {
      this.#steppedUpAtMs = nowMs;
      this.#step(this.#renditions + 1, nowMs);
      return true;
    }
    return false;
  }

  #step(renditions: number, nowMs: number): void {
    this.#renditions = renditions;
    this.#behindSinceMs = this.#calmSinceMs = undefined;
    this.#countedFromMs = nowMs + settlesAfterMs;
  }
}
