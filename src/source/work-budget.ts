import type { SourceEvent } from './source-events.js';

/** No container wraps a frame in less, in the long run: a sample of which a fragment says nothing but that it is there, in three bytes of sound. */
const leastBytesPerFrame = 2;
/** A recording that begins costs as much as so many frames. */
const framesPerRecording = 64;
/** A fragment is announced before its media has come. */
const framesInAdvance = 10_000;
/** Silence in packets of eight bytes is the thinnest that is sent: a twentieth of a second a byte. */
const mostSecondsPerByte = 1;
const secondsInAdvance = 4 * 3600;
/** A longer step is a clock that was set, or a device that slept; it is dealt with as such. */
const longestStepSeconds = 10;
/** Clocks that count from 1970, or from 1904, are far below it. */
const latestSeconds = 1e11;

/** What a byte stream may give the server to do, for each byte that came: who sends few bytes can't make many frames or hours of them. */
export class WorkBudget {
  #frames = framesInAdvance;
  #seconds = secondsInAdvance;
  readonly #latest = new Map<'video' | 'audio', number>();

  grant(bytes: number): void {
    this.#frames += bytes / leastBytesPerFrame;
    this.#seconds += bytes * mostSecondsPerByte;
  }

  /** Why it is not enough for this, in words. */
  spend(event: SourceEvent): string | undefined {
    this.#frames -= event.type === 'recording' ? framesPerRecording : 1;
    if (this.#frames < 0) return `expected frames of ${leastBytesPerFrame} bytes at least, got more frames than that`;
    if ('timeSeconds' in event && !(Math.abs(event.timeSeconds) <= latestSeconds)) return `expected times of at most ${latestSeconds} s, got ${event.timeSeconds} s`;
    return event.type === 'frame' ? this.#spendTime(event.kind, event.timeSeconds) : undefined;
  }

  #spendTime(kind: 'video' | 'audio', timeSeconds: number): string | undefined {
    const step = timeSeconds - (this.#latest.get(kind) ?? timeSeconds);
    this.#latest.set(kind, timeSeconds);
    if (step > 0) this.#seconds -= Math.min(step, longestStepSeconds);
    return this.#seconds < 0 ? `expected at most ${mostSecondsPerByte} s of media a byte, got more` : undefined;
  }
}
