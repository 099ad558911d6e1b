import { PauseWatch } from './pause-watch.js';

/** Within this much media the clock may jump: nothing has been published yet that it would contradict. */
const settlingSeconds = 2;
/** After that it is corrected once in so much media … */
const windowSeconds = 10;
/** … by so much at most: far less than a frame, and more than two quartz clocks drift apart in that time. */
const maxSlewMs = 2;
/** An error beyond this is no drift … */
const largeErrorMs = 100;
/** … and is corrected faster, yet by no more than a frame; date-times never go back. */
const maxLargeSlewMs = 40;
/** What the publisher says differs by so much: the clock jumps. */
const toldJumpMs = 1000;
/** No recorder and no network takes longer from capture to here; a publisher that says so has a wrong clock. */
const maxTransitMs = 60_000;

export interface CaptureClockOptions {
  /** Wall clock, ms since the epoch, when the first byte came. */
  readonly startedAtMs: number;
  /** Where earlier media of the broadcast ends: the clock never goes back behind it. */
  readonly notBeforeMs?: number | undefined;
}

/**
 * Wall clock of a timeline: when its media was captured. The publisher may tell; otherwise the quickest way from capture
 * to here counts as no time at all. Two machines' clocks drift apart, so the mapping follows, slowly. A source that
 * pauses lets its media time stand while the wall clock runs: then the mapping jumps, forward only.
 */
export class CaptureClock {
  #captureTimeMs: number;
  readonly #notBeforeMs: number;
  #toldMs: number | undefined;
  #firstSeconds: number | undefined;
  #windowStartSeconds = 0;
  /** The quickest arrival of the window, as wall clock at media time 0. */
  #quickestMs: number;
  #settled = false;
  readonly #pauses = new PauseWatch();

  constructor({ startedAtMs, notBeforeMs = -Infinity }: CaptureClockOptions) {
    this.#notBeforeMs = notBeforeMs;
    // Media time 0 was captured before its first byte came, however long ffmpeg held it.
    this.#quickestMs = startedAtMs;
    this.#captureTimeMs = Math.max(startedAtMs, notBeforeMs);
  }

  /** Wall clock, ms since the epoch, at media time 0. */
  get captureTimeMs(): number {
    return this.#captureTimeMs;
  }

  /** What the publisher says: when media time 0 was captured, on this server's clock. */
  tell(captureTimeMs: number): void {
    this.#toldMs = captureTimeMs;
    if (!this.#settled) this.#set(this.#wantedMs);
  }

  /** Media of this timeline was published with its time: from now on it is only corrected. */
  settle(): void {
    this.#settled = true;
  }

  /** A fragment that starts at `mediaSeconds` has come. */
  arrived(mediaSeconds: number, nowMs: number): void {
    const arrivalMs = nowMs - mediaSeconds * 1000;
    this.#firstSeconds ??= mediaSeconds;
    this.#quickestMs = Math.min(this.#quickestMs, arrivalMs);
    if (!this.#settled) {
      // What follows earlier media is published at once: only what the publisher said before may still move it.
      const isPublished = Number.isFinite(this.#notBeforeMs);
      if (!isPublished || this.#toldMs !== undefined) this.#set(this.#wantedMs);
      this.#settled = isPublished || mediaSeconds - this.#firstSeconds >= settlingSeconds;
      this.#windowStartSeconds = mediaSeconds;
      return;
    }
    const jumpMs = this.#jumpMs(mediaSeconds, arrivalMs);
    if (jumpMs === undefined && mediaSeconds - this.#windowStartSeconds < windowSeconds) return;
    const errorMs = this.#wantedMs - this.#captureTimeMs;
    const slewMs = Math.abs(errorMs) > largeErrorMs ? maxLargeSlewMs : maxSlewMs;
    this.#set(this.#captureTimeMs + (jumpMs ?? Math.max(-slewMs, Math.min(slewMs, errorMs))));
    this.#windowStartSeconds = mediaSeconds;
    this.#quickestMs = Infinity;
  }

  /** How much later than was thought media is captured now, as the publisher says or as a pause shows; undefined: by no jump. */
  #jumpMs(mediaSeconds: number, arrivalMs: number): number | undefined {
    const pausedMs = this.#pauses.arrived(mediaSeconds, arrivalMs - this.#captureTimeMs);
    if (this.#toldMs === undefined || !isTransit(arrivalMs - this.#toldMs)) return pausedMs;
    const errorMs = this.#toldMs - this.#captureTimeMs;
    return errorMs >= toldJumpMs ? errorMs : undefined;
  }

  get #wantedMs(): number {
    const quickestMs = Number.isFinite(this.#quickestMs) ? this.#quickestMs : this.#captureTimeMs;
    const transitMs = quickestMs - (this.#toldMs ?? quickestMs);
    return isTransit(transitMs) ? quickestMs - transitMs : quickestMs;
  }

  #set(captureTimeMs: number): void {
    this.#captureTimeMs = Math.max(captureTimeMs, this.#notBeforeMs);
  }
}

/** Media can't arrive before it was captured. */
function isTransit(transitMs: number): boolean {
  return transitMs >= 0 && transitMs <= maxTransitMs;
}
