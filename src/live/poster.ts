import type { TranscodePlan } from './ffmpeg-options.js';
import { pictureOfKeyframe } from './keyframe-picture.js';
import type { Picture } from './picture.js';
import type { StartTranscoder } from './transcoder.js';
import type { Semaphore } from './semaphore.js';
import type { Viewers } from './viewers.js';

export interface PosterOptions {
  readonly viewers: Viewers;
  readonly plan: TranscodePlan;
  readonly startTranscoder: StartTranscoder;
  /** How long one picture is good for, whoever asks. */
  readonly maxAgeMs: number;
  /** One picture may take so long. */
  readonly timeoutMs?: number;
  /** How many are made at a time, of all streams. */
  readonly turns: Semaphore;
  /** Monotonic, in ms. */
  readonly now?: () => number;
}

export interface PosterPicture {
  readonly jpeg: Buffer;
  /** How long from now until another one may be made. */
  readonly goodForMs: number;
}

/** A recent picture of a live stream, made when it is asked for: of the last keyframe alone, once for all who ask. */
export class Poster {
  readonly #options: Required<PosterOptions>;
  readonly #closing = new AbortController();
  #goodUntilMs = -Infinity;
  #latest: Picture | undefined;
  #making: Promise<void> | undefined;

  constructor(options: PosterOptions) {
    this.#options = { timeoutMs: 5000, now: () => performance.now(), ...options };
  }

  /** undefined when there is none. @param atHand one that was made for somebody else anyway */
  async picture(atHand: Picture | undefined): Promise<PosterPicture | undefined> {
    if (this.#options.now() >= this.#goodUntilMs && !this.#making && this.#options.viewers.keyframe) {
      this.#making = this.#renew(atHand).finally(() => (this.#making = undefined));
    }
    await this.#making;
    return this.#latest && { jpeg: this.#latest.jpeg, goodForMs: Math.max(0, this.#goodUntilMs - this.#options.now()) };
  }

  /** Resolves when no transcoder is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#making;
  }

  /** A failure counts as an attempt: nobody can have it tried again and again. */
  async #renew(atHand: Picture | undefined): Promise<void> {
    const { turns, maxAgeMs } = this.#options;
    if (atHand) this.#latest = atHand;
    else {
      if (!(await turns.acquire(this.#closing.signal))) return;
      this.#latest = (await this.#make().finally(() => turns.release())) ?? this.#latest;
    }
    this.#goodUntilMs = this.#options.now() + maxAgeMs;
  }

  async #make(): Promise<Picture | undefined> {
    const { viewers, startTranscoder, plan, timeoutMs } = this.#options;
    const { keyframe, timeline } = viewers;
    if (!keyframe || !timeline) return undefined;
    return pictureOfKeyframe({ startTranscoder, plan, media: [timeline.init.bytes, keyframe.mp4], timeoutMs, signal: this.#closing.signal });
  }
}
