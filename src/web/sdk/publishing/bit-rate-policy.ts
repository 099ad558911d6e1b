import type { Quality } from '../quality.js';

export type BitRates = Pick<Quality, 'videoBitsPerSecond' | 'audioBitsPerSecond'>;

export interface BacklogSample {
  readonly nowMs: number;
  /** How old the oldest byte is that the server has not acknowledged. */
  readonly backlogMs: number;
  /** What the uplink carried during the last seconds, sound included. */
  readonly upstreamBitsPerSecond: number;
  /** How much of all pictures' bits is the first one's, where smaller ones are sent beside it. Default: all. */
  readonly share?: number | undefined;
}

/** Acknowledgements come every half second: a healthy connection has less than a second and a half on its way. */
const calmBacklogMs = 1_500;
const slowBacklogMs = 2_500;
/** A backlog is judged by where it goes: one that an outage left is going down. */
const judgedAfterMs = 2_000;
/** After a step it goes down slowly, and acknowledgements come in fits and starts. */
const judgedAfterStepMs = 4_000;
/** What was calm before it was asked for more is behind because of that. */
const judgedAfterStepUpMs = 1_000;
const comparedMs = 5_000;
const isFallingMs = 300;
const maxDrainMs = 6_000;
/** So long a line that is free again has to be calm: long enough to be no accident, short enough that viewers see little of a bad minute. */
const firstCalmMs = 10_000;
const maxCalmMs = 180_000;
/** A step up that fails sooner was one too many. */
const stepUpMustHoldMs = 90_000;
/** A smaller step is not worth a joint. */
const leastStepUp = 1.1;
const lowestBitsPerSecond = 150_000;

/**
 * What bit rate the uplink bears: down within seconds of a backlog that does not fall, up again after calm, twice as much at a time, since
 * every step is a joint in the recording. A step up that did not hold doubles the calm that the next one needs, and that one goes
 * only halfway, so that a line at its limit is tried ever more rarely and carefully.
 */
export class BitRatePolicy {
  #wanted: number;
  #audioBitsPerSecond: number;
  #current: number;
  #samples: BacklogSample[] = [];
  #countedFromMs = -Infinity;
  /** Undefined after a step down. */
  #steppedUpAtMs: number | undefined;
  /** What was too much for the line when it was tried last. */
  #tooMuch = Infinity;
  #calmSinceMs: number | undefined;
  #calmNeededMs = firstCalmMs;

  constructor({ videoBitsPerSecond, audioBitsPerSecond }: BitRates) {
    this.#wanted = this.#current = videoBitsPerSecond;
    this.#audioBitsPerSecond = audioBitsPerSecond;
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
  want({ videoBitsPerSecond, audioBitsPerSecond }: BitRates): void {
    this.#wanted = this.#current = videoBitsPerSecond;
    this.#audioBitsPerSecond = audioBitsPerSecond;
    this.forget();
  }

  /** The connection was lost: what was measured tells nothing about the next one. */
  forget(): void {
    this.#samples = [];
    this.#calmSinceMs = this.#steppedUpAtMs = undefined;
    this.#calmNeededMs = firstCalmMs;
    this.#tooMuch = Infinity;
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
      // The line is full, so what passed is what it carries; a quarter of it is left for what waits, and smaller pictures take theirs.
      const carriedBitsPerSecond = (sample.upstreamBitsPerSecond * 0.75 - this.#audioBitsPerSecond) * (sample.share ?? 1);
      this.#step(Math.min(this.#current * 0.7, carriedBitsPerSecond), sample.nowMs);
    } else if (this.#isCalm(sample)) this.#stepUp(sample.nowMs);
    return this.#current !== before;
  }

  #isSlow({ nowMs, backlogMs }: BacklogSample): boolean {
    const oldest = this.#samples[0];
    if (backlogMs < slowBacklogMs || oldest === undefined) return false;
    const neededMs = this.#steppedUpAtMs !== undefined ? judgedAfterStepUpMs : this.isLowered ? judgedAfterStepMs : judgedAfterMs;
    return nowMs - oldest.nowMs >= neededMs && backlogMs > oldest.backlogMs - isFallingMs;
  }

  #isCalm({ nowMs, backlogMs }: BacklogSample): boolean {
    if (backlogMs > calmBacklogMs) this.#calmSinceMs = undefined;
    else this.#calmSinceMs ??= nowMs;
    return this.isLowered && this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= this.#calmNeededMs;
  }

  #stepUp(nowMs: number): void {
    if (this.#hasHeld(nowMs)) this.#tooMuch = Infinity;
    const halfway = (this.#current + this.#tooMuch) / 2;
    this.#calmSinceMs = nowMs;
    if (halfway < this.#current * leastStepUp) {
      // As much as it bears. Whether that has changed is looked at when it was calm for long.
      this.#calmNeededMs = maxCalmMs;
      this.#tooMuch = Infinity;
      return;
    }
    this.#steppedUpAtMs = nowMs;
    this.#current = Math.min(this.#wanted, Math.round(Math.min(halfway, this.#current * 2)));
  }

  #step(towards: number, nowMs: number): void {
    if (this.#steppedUpAtMs !== undefined) {
      const held = this.#hasHeld(nowMs);
      this.#calmNeededMs = held ? firstCalmMs : Math.min(maxCalmMs, this.#calmNeededMs * 2);
      this.#tooMuch = held ? Infinity : this.#current;
    }
    this.#steppedUpAtMs = undefined;
    this.#calmSinceMs = undefined;
    this.#current = Math.min(this.#current, Math.max(lowestBitsPerSecond, Math.round(towards)));
  }

  #hasHeld(nowMs: number): boolean {
    return this.#steppedUpAtMs !== undefined && nowMs - this.#steppedUpAtMs >= stepUpMustHoldMs;
  }
}
