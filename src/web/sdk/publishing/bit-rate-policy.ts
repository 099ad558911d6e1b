export interface BacklogSample {
  readonly nowMs: number;
  /** How old the oldest byte is that the server has not acknowledged. */
  readonly backlogMs: number;
  /** What the uplink carried during the last seconds, sound included. */
  readonly upstreamBitsPerSecond: number;
}

/** Acknowledgements come every half second: a healthy connection has less than a second and a half on its way. */
const calmBacklogMs = 1_500;
const slowBacklogMs = 2_500;
/** A backlog is judged by where it goes: one that an outage left is going down. */
const judgedAfterMs = 2_000;
/** After a step it goes down slowly, and acknowledgements come in fits and starts. */
const judgedAfterStepMs = 4_000;
const comparedMs = 5_000;
const isFallingMs = 300;
const maxDrainMs = 6_000;
const firstCalmMs = 30_000;
const maxCalmMs = 300_000;
/** A step up that fails sooner was one too many. */
const stepUpMustHoldMs = 60_000;
const lowestBitsPerSecond = 300_000;

/**
 * What bit rate the uplink bears: down within seconds of a backlog that does not fall, up again after calm. A step up that did not
 * hold doubles the calm that the next one needs, so that a line at its limit is not tried every half minute.
 */
export class BitRatePolicy {
  #wanted: number;
  #current: number;
  #samples: BacklogSample[] = [];
  #countedFromMs = -Infinity;
  /** Undefined after a step down. */
  #steppedUpAtMs: number | undefined;
  #calmSinceMs: number | undefined;
  #calmNeededMs = firstCalmMs;

  constructor(wantedBitsPerSecond: number) {
    this.#wanted = this.#current = wantedBitsPerSecond;
  }

  get videoBitsPerSecond(): number {
    return this.#current;
  }

  get isLowered(): boolean {
    return this.#current < this.#wanted;
  }

  /** Whether there is no lower step. */
  get isLowest(): boolean {
    return this.#current <= lowestBitsPerSecond;
  }

  /** Another quality was chosen. */
  want(bitsPerSecond: number): void {
    this.#wanted = this.#current = bitsPerSecond;
    this.#calmNeededMs = firstCalmMs;
    this.forget();
  }

  /** The connection was lost: what was measured tells nothing about the next one. */
  forget(): void {
    this.#samples = [];
    this.#calmSinceMs = undefined;
  }

  /** Something had to be dropped: half of it, whatever was measured. */
  halve(nowMs: number): void {
    this.#step(this.#current / 2, nowMs);
  }

  /** Call once a second while connected. @returns whether the bit rate has changed */
  sample(sample: BacklogSample): boolean {
    if (sample.nowMs >= this.#countedFromMs) this.#samples = [...this.#samples.filter(({ nowMs }) => sample.nowMs - nowMs <= comparedMs), sample];
    const before = this.#current;
    if (this.#isSlow(sample)) {
      // What waits was recorded with the bit rate before: until it is out, it says nothing about the new one.
      const drainMs = (sample.backlogMs * this.#current) / Math.max(1, sample.upstreamBitsPerSecond);
      this.#countedFromMs = sample.nowMs + Math.min(maxDrainMs, drainMs);
      this.#samples = [];
      // The line is full, so what passed is what it carries; a quarter of it is left for what waits.
      this.#step(Math.min(this.#current * 0.7, sample.upstreamBitsPerSecond * 0.75), sample.nowMs);
    } else if (this.#isCalm(sample)) {
      this.#steppedUpAtMs = sample.nowMs;
      this.#calmSinceMs = sample.nowMs;
      this.#current = Math.min(this.#wanted, Math.round(this.#current * 1.5));
    }
    return this.#current !== before;
  }

  #isSlow({ nowMs, backlogMs }: BacklogSample): boolean {
    const oldest = this.#samples[0];
    if (backlogMs < slowBacklogMs || oldest === undefined) return false;
    const neededMs = this.isLowered ? judgedAfterStepMs : judgedAfterMs;
    return nowMs - oldest.nowMs >= neededMs && backlogMs > oldest.backlogMs - isFallingMs;
  }

  #isCalm({ nowMs, backlogMs }: BacklogSample): boolean {
    if (backlogMs > calmBacklogMs) this.#calmSinceMs = undefined;
    else this.#calmSinceMs ??= nowMs;
    return this.isLowered && this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= this.#calmNeededMs;
  }

  #step(towards: number, nowMs: number): void {
    if (this.#steppedUpAtMs !== undefined) {
      const held = nowMs - this.#steppedUpAtMs >= stepUpMustHoldMs;
      this.#calmNeededMs = held ? firstCalmMs : Math.min(maxCalmMs, this.#calmNeededMs * 2);
    }
    this.#steppedUpAtMs = undefined;
    this.#calmSinceMs = undefined;
    this.#current = Math.min(this.#current, Math.max(lowestBitsPerSecond, Math.round(towards)));
  }
}
