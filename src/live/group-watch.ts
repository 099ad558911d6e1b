import { setTimeout as delay } from 'node:timers/promises';
import { longestFirstGroupSeconds } from '../hls/packager.js';
import type { ShapedFrame } from '../source/track-shaper.js';

/** Keyframes further apart than the first segment may last make segments too long to be copied. */
const longestGroupSeconds = longestFirstGroupSeconds;
const openEntry = 'It can be begun at pictures that are no IDR pictures, where not every player can begin (intra refresh, or open groups of pictures)';
/** What is copied is given to players with the times of decoding, which ffmpeg takes from how many pictures are said to be out of order. */
export const unsaidOrder = 'Its pictures come further out of the order of their times than it says';
/** H.264 has no more of them, table A-1 and §A.3.1. */
const maxReordered = 16;
/** No frame for this long after the header: what follows it is damaged, or frames are rare. */
const firstFrameTimeoutMs = 1000;
/** The first group is not known by then: frames come too rarely to wait for them. */
const firstGroupTimeoutMs = (longestGroupSeconds + 1) * 1000;

/** Watches how far the keyframes of a source lie apart: what decides whether its picture can be copied. */
export class GroupWatch {
  readonly #firstKnown: Promise<void>;
  #know!: () => void;
  #groupStart: number | undefined;
  #longestSeconds = 0;
  /** A first group that is longer need not be waited for to its end. */
  #longestUseful = longestGroupSeconds;
  /** Times of the pictures since the keyframe, as they came; no more than can be out of order. */
  #shown: number[] = [];
  #stepsBack = 0;
  readonly #reorderedPictures: number;
  #foundFit = false;
  #refused: string | undefined;

  /**
   * @param inherited why it can't be copied, where that is known already
   * @param reorderedPictures how many pictures may come before others that are shown earlier, as the bitstream says; where it says nothing, none
   */
  constructor(inherited?: string, reorderedPictures = 0) {
    this.#reorderedPictures = reorderedPictures;
    this.#refused = inherited;
    this.#firstKnown = new Promise((resolve) => (this.#know = resolve));
  }

  /**
   * Why the picture can't be copied, undefined when it can: known when the first group is whole, too long, or not worth waiting for.
   * @param longestSegmentSeconds how long a segment may last, where that is settled
   * @param isExpected it is taken for fit until it shows that it is not: nothing is waited for
   */
  async firstCopyRefusal(longestSegmentSeconds = Infinity, isExpected = false): Promise<string | undefined> {
    if (this.#refused !== undefined) return this.#refused;
    this.#longestUseful = Math.min(longestGroupSeconds, longestSegmentSeconds);
    if (this.#longestSeconds > this.#longestUseful) this.#know();
    if (!isExpected) await this.#whenFirstKnown();
    const copyRefusal = this.#refusalTo(longestSegmentSeconds);
    this.#foundFit = copyRefusal === undefined;
    return copyRefusal;
  }

  /** It was found fit, and has been since. */
  get isFitByNow(): boolean {
    return this.#foundFit && this.copyRefusal === undefined;
  }

  /** It was found fit, and then it was refused, or its keyframes moved apart. */
  get isUnfitByNow(): boolean {
    return this.#foundFit && this.copyRefusal !== undefined;
  }

  get copyRefusal(): string | undefined {
    return this.#refusalTo(Infinity);
  }

  /** It was copied, and could not be cut. */
  refuse(reason: string): void {
    this.#refused ??= reason;
  }

  add({ timeSeconds, keyframe, isOpen }: Pick<ShapedFrame, 'timeSeconds' | 'keyframe' | 'isOpen'>): void {
    if (isOpen) {
      this.refuse(openEntry);
      this.#know();
    }
    this.#watchOrder(timeSeconds, keyframe);
    if (this.#groupStart !== undefined) {
      this.#longestSeconds = Math.max(this.#longestSeconds, timeSeconds - this.#groupStart);
      if (keyframe || this.#longestSeconds > this.#longestUseful) this.#know();
    }
    if (keyframe) this.#groupStart = timeSeconds;
  }

  #watchOrder(timeSeconds: number, keyframe: boolean): void {
    if (keyframe) [this.#shown, this.#stepsBack] = [[], 0];
    if (timeSeconds < (this.#shown.at(-1) ?? -Infinity)) this.#stepsBack++;
    // A clock that was set steps back once; pictures out of order do so again and again.
    if (this.#stepsBack > 1 && this.#shown.filter((other) => other > timeSeconds).length > this.#reorderedPictures) {
      this.refuse(unsaidOrder);
      this.#know();
    }
    this.#shown.push(timeSeconds);
    if (this.#shown.length > maxReordered) this.#shown.shift();
  }

  /** Nothing more will be known. */
  end(): void {
    this.#know();
  }

  async #whenFirstKnown(): Promise<void> {
    const patience = new AbortController();
    const { signal } = patience;
    const timeout = async (): Promise<void> => {
      await delay(firstFrameTimeoutMs, undefined, { signal });
      if (this.#groupStart !== undefined) await delay(firstGroupTimeoutMs - firstFrameTimeoutMs, undefined, { signal });
    };
    await Promise.race([this.#firstKnown, timeout().catch(() => undefined)]);
    patience.abort();
  }

  #refusalTo(longestSegmentSeconds: number): string | undefined {
    const longest = Math.min(longestGroupSeconds, longestSegmentSeconds);
    const isTooLong = this.#longestSeconds > longest;
    return this.#refused ?? (isTooLong ? `Its keyframes are more than ${longest} s apart, too far to start or cut at` : undefined);
  }
}
