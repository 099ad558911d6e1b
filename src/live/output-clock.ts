import type { TrackRun } from '../fmp4/fragment.js';
import type { Track } from '../fmp4/init-segment.js';

export interface OutputClockOptions {
  /** Time of the frame that the output begins with, on the recording's own clock; known when there is output. */
  readonly startSeconds: () => number;
  /** Then all but the very first frame is late by what primes the encoder: docs/decisions/0002-ffmpeg-command-lines.md. */
  readonly soundIsEncoded: boolean;
  /** The recording's picture nearest to a time. */
  readonly pictureNearest: (timeSeconds: number) => number | undefined;
}

/** AAC's first frame, which holds nothing of the source. */
const primingSeconds = 1024 / 48_000;
/** Pictures come out within 2 ms of where they belong. */
const toleranceSeconds = 0.003;

/** Tells how much of a recording is in a transcoder's output. */
export class OutputClock {
  readonly #options: OutputClockOptions;
  #delaySeconds: number;
  #settled = false;

  constructor(options: OutputClockOptions) {
    this.#options = options;
    this.#delaySeconds = options.soundIsEncoded ? primingSeconds : 0;
  }

  /** Up to where in the recording viewers have it all, once they have this: time of the picture, or end of the sound. */
  deliveredBy(run: TrackRun, { kind, timescale }: Track): number {
    const outputSeconds = run.baseMediaDecodeTime / timescale;
    if (kind === 'audio') return this.#sourceTime(outputSeconds + run.duration / timescale, this.#delaySeconds);
    const startSeconds = this.#options.startSeconds();
    if (outputSeconds === 0) return this.#options.pictureNearest(startSeconds) ?? startSeconds;
    // A sound track that is announced and never comes delays nothing: the first pictures tell.
    for (const delaySeconds of this.#settled ? [this.#delaySeconds] : [this.#delaySeconds, 0]) {
      const timeSeconds = this.#sourceTime(outputSeconds, delaySeconds);
      const picture = this.#options.pictureNearest(timeSeconds);
      if (picture === undefined || Math.abs(picture - timeSeconds) > toleranceSeconds) continue;
      this.#delaySeconds = delaySeconds;
      this.#settled = true;
      return picture;
    }
    return this.#sourceTime(outputSeconds, this.#delaySeconds);
  }

  #sourceTime(outputSeconds: number, delaySeconds: number): number {
    return this.#options.startSeconds() + Math.max(0, outputSeconds - delaySeconds);
  }
}
