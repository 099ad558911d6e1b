/** Within this much media the clock may jump: nothing has been published yet that it would contradict. */
const settlingSeconds = 2;
/** After that it is corrected once in so much media … */
const windowSeconds = 10;
/** … by so much at most: far less than a frame, and more than two quartz clocks drift apart in that time. */
const maxSlewMs = 2;
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
 * to here counts as no time at all. Two machines' clocks drift apart, so the mapping follows, slowly.
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
    this.#firstSeconds ??= mediaSeconds;
    this.#quickestMs = Math.min(this.#quickestMs, nowMs - mediaSeconds * 1000);
    if (!this.#settled) {
      // What follows earlier media is published at once: only what the publisher said before may still move it.
      const isPublished = Number.isFinite(this.#notBeforeMs);
      if (!isPublished || this.#toldMs !== undefined) this.#set(this.#wantedMs);
      this.#settled = isPublished || mediaSeconds - this.#firstSeconds >= settlingSeconds;
      this.#windowStartSeconds = mediaSeconds;
    } else if (mediaSeconds - this.#windowStartSeconds >= windowSeconds) {
      const errorMs = this.#wantedMs - this.#captureTimeMs;
      this.#set(this.#captureTimeMs + Math.max(-maxSlewMs, Math.min(maxSlewMs, errorMs)));
      this.#windowStartSeconds = mediaSeconds;
      this.#quickestMs = Infinity;
    }
  }

  get #wantedMs(): number {
    const quickestMs = Number.isFinite(this.#quickestMs) ? this.#quickestMs : this.#captureTimeMs;
    const transitMs = quickestMs - (this.#toldMs ?? quickestMs);
    // Media can't arrive before it was captured.
    return transitMs >= 0 && transitMs <= maxTransitMs ? quickestMs - transitMs : quickestMs;
  }

  #set(captureTimeMs: number): void {
    this.#captureTimeMs = Math.max(captureTimeMs, this.#notBeforeMs);
  }
}
