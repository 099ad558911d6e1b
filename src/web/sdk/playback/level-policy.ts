/** What is known of one piece of media that comes, or came. Times are monotonic ms. */
export interface Download {
  readonly startMs: number;
  /** Undefined until then. */
  readonly firstByteMs: number | undefined;
  readonly bytes: number;
  readonly durationSeconds: number;
}

export interface LevelView {
  readonly nowMs: number;
  /** Of the levels, smallest first. */
  readonly bitsPerSecond: readonly number[];
  /** Which of them is loaded. */
  readonly at: number;
  /** So much is in hand. */
  readonly aheadSeconds: number;
}

/** So much of its own duration may a part take to come: the rest is for playlists, keyframes and others. */
const usableShare = 0.8;
/** A part that takes so many times its duration is not the last one that does: what is in hand is better spent on the change. */
const muchTooLong = 1.5;
/** Which takes about as long as so many parts last. */
const changeParts = 2;
/** A look this late says that the page was busy, not that the line is slow. */
const lateLookMs = 250;
/** So many looks in time must agree: what has come may wait for its event. */
const agreeingLooks = 2;
const rateWindowMs = 4_000;
const fewestRates = 5;
const firstUpAfterMs = 4_000;
const longestUpAfterMs = 120_000;
/** A step up that held for so long was right. */
const trialMs = 15_000;

/**
 * Which level of low-latency HLS the line carries. Down while a part is still coming, when it takes longer than it lasts and what is in hand
 * ends before it has come: once it has come would be too late. Up one step at a time, after calm, and more rarely each time that a step up
 * did not hold. Pure.
 */
export class LevelPolicy {
  #rates: { readonly atMs: number; readonly bitsPerSecond: number }[] = [];
  #shortestTripMs = Infinity;
  #durationSeconds = 0;
  #lookedAtMs = -Infinity;
  /** What had come at the first look of those that agree: a line that has become slower gave the first bytes faster. */
  #late: { readonly looks: number; readonly nowMs: number; readonly bytes: number } | undefined;
  #calmSinceMs = 0;
  /** The last step up, until it is known whether it holds. */
  #trial: { readonly to: number; readonly atMs: number } | undefined;
  /** How long calm must last before a level is tried that did not hold. */
  readonly #upAfterMs = new Map<number, number>();

  /** All of it has come. */
  came(download: Download, endMs: number): void {
    this.#late = undefined;
    this.#durationSeconds = download.durationSeconds;
    this.#shortestTripMs = Math.min(this.#shortestTripMs, (download.firstByteMs ?? endMs) - download.startMs);
    this.#rates.push({ atMs: endMs, bitsPerSecond: this.#rateOf(download, endMs) });
    this.#rates = this.#rates.filter(({ atMs }) => endMs - atMs < rateWindowMs);
  }

  /** @returns the level to load instead of what is coming */
  down({ nowMs, bitsPerSecond, at, aheadSeconds }: LevelView, coming: Download | undefined): number | undefined {
    const isTimely = nowMs - this.#lookedAtMs < lateLookMs;
    this.#lookedAtMs = nowMs;
    const level = bitsPerSecond[at];
    if (at === 0 || level === undefined || coming === undefined || !this.#isLate(coming, level, aheadSeconds, nowMs)) {
      this.#late = undefined;
      return undefined;
    }
    this.#calmSinceMs = nowMs;
    this.#late = this.#late && isTimely ? { ...this.#late, looks: this.#late.looks + 1 } : { looks: 1, nowMs, bytes: coming.bytes };
    if (this.#late.looks < agreeingLooks) return undefined;
    const rate = Math.min(this.#rateOf(coming, nowMs), ((coming.bytes - this.#late.bytes) * 8000) / (nowMs - this.#late.nowMs));
    if (this.#trial && nowMs - this.#trial.atMs < trialMs) this.#upAfterMs.set(this.#trial.to, Math.min(this.#waitMs(this.#trial.to) * 2, longestUpAfterMs));
    this.#changed(nowMs);
    return Math.max(0, bitsPerSecond.findLastIndex((bits, index) => index < at && this.#carries(rate, bits, coming.durationSeconds)));
  }

  /** To be asked where a change costs little. @returns the next higher level */
  up({ nowMs, bitsPerSecond, at, aheadSeconds }: LevelView): number | undefined {
    if (this.#trial && nowMs - this.#trial.atMs >= trialMs) {
      this.#upAfterMs.delete(this.#trial.to);
      this.#trial = undefined;
    }
    const next = bitsPerSecond[at + 1];
    if (next === undefined || aheadSeconds <= 0 || nowMs - this.#calmSinceMs < this.#waitMs(at + 1) || !this.#carries(this.#usualRate(nowMs), next, this.#durationSeconds)) return undefined;
    // The line may just have become slow.
    if ((this.#rates.at(-1)?.bitsPerSecond ?? 0) < next) return undefined;
    this.#changed(nowMs);
    this.#trial = { to: at + 1, atMs: nowMs };
    return at + 1;
  }

  /** What the line gave in the last seconds: the upper quartile, since a busy page makes many look slow, and none fast; 0 while too little is known. */
  #usualRate(nowMs: number): number {
    const rates = this.#rates.filter(({ atMs }) => nowMs - atMs < rateWindowMs).map((each) => each.bitsPerSecond).sort((one, other) => one - other);
    return rates.length < fewestRates ? 0 : (rates[Math.floor(rates.length * 0.75)] ?? 0);
  }

  #isLate(coming: Download, level: number, aheadSeconds: number, nowMs: number): boolean {
    // Where nothing is in hand haste gains nothing.
    const certainSeconds = aheadSeconds > 0 ? coming.durationSeconds / 2 : coming.durationSeconds;
    if (this.#comingMs(coming, nowMs) < certainSeconds * 1000) return false;
    const restSeconds = (coming.durationSeconds * level - coming.bytes * 8) / this.#rateOf(coming, nowMs);
    const timesItsDuration = ((nowMs - coming.startMs) / 1000 + restSeconds) / coming.durationSeconds;
    if (timesItsDuration > muchTooLong) return restSeconds > aheadSeconds - changeParts * coming.durationSeconds;
    return timesItsDuration > 1 && restSeconds > aheadSeconds;
  }

  #carries(rate: number, bitsPerSecond: number, durationSeconds: number): boolean {
    return this.#tripMs / 1000 + (durationSeconds * bitsPerSecond) / rate <= durationSeconds * usableShare;
  }

  #rateOf(download: Download, untilMs: number): number {
    return (download.bytes * 8000) / Math.max(1, this.#comingMs(download, untilMs));
  }

  /** Without the time that an answer takes on a free line. */
  #comingMs({ startMs, firstByteMs = Infinity }: Download, untilMs: number): number {
    return untilMs - startMs - Math.min(firstByteMs - startMs, this.#tripMs);
  }

  get #tripMs(): number {
    return this.#shortestTripMs < Infinity ? this.#shortestTripMs : 0;
  }

  #waitMs(level: number): number {
    return this.#upAfterMs.get(level) ?? firstUpAfterMs;
  }

  #changed(nowMs: number): void {
    this.#trial = undefined;
    this.#calmSinceMs = nowMs;
    this.#late = undefined;
    this.#rates = [];
  }
}
