import { beginsAnew, type JoinedNumbers, type JoinedProgress, type LostSegments } from './joined-list.js';
import type { WholeSegment } from './whole-segment.js';

/** Sums of durations that differ by less are the same. */
const sameSeconds = 1e-6;

/** What a list never becomes shorter than, as long as it may. */
export interface ListSize {
  readonly segments: number;
  readonly seconds: number;
  /** But never more segments than this, however short they are. */
  readonly mostSegments: number;
}

/** The whole segments that a playlist lists: new ones at its end, and what is older than its size is taken from its beginning. */
export class SegmentList {
  size: ListSize;
  readonly #segments: WholeSegment[] = [];
  #lasting = 0;
  #longestLasting = 0;
  #discontinuitySequence = 0;
  /** How many of them began anew (`beginsAnew`). */
  #begunAnew = 0;
  #skipped = 0;
  #lost: LostSegments | undefined;

  constructor(size: ListSize) {
    this.size = size;
  }

  get segments(): readonly WholeSegment[] {
    return this.#segments;
  }

  /** How long it ever was, in seconds. */
  get longestSeconds(): number {
    return this.#longestLasting;
  }

  /** RFC 8216bis §4.4.3.3: how many discontinuities have left it. */
  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  get joined(): JoinedNumbers {
    return { skipped: this.#skipped, begunAnew: this.#begunAnew, lost: this.#lost };
  }

  /** @param first of its segments */
  begin({ mediaSequence, discontinuitySequence }: { readonly mediaSequence: number; readonly discontinuitySequence: number }, { skipped, untold, lost = 0 }: JoinedProgress, targetDurationSeconds: number): void {
    this.#discontinuitySequence = discontinuitySequence;
    this.#begunAnew = discontinuitySequence - untold;
    this.#skipped = skipped;
    if (lost > 0) this.#lost = { before: mediaSequence, skipped: lost, durationSeconds: targetDurationSeconds };
  }

  /** Adds a segment, and takes those that are too old: oldest first. */
  push(segment: WholeSegment): WholeSegment[] {
    this.#segments.push(segment);
    this.#lasting += segment.durationSeconds;
    const taken: WholeSegment[] = [];
    for (let [oldest] = this.#segments; oldest && this.#isOld(oldest); [oldest] = this.#segments) {
      this.#segments.shift();
      this.#lasting -= oldest.durationSeconds;
      if (oldest.discontinuity) this.#discontinuitySequence++;
      if (beginsAnew(oldest)) this.#begunAnew++;
      taken.push(oldest);
    }
    return taken;
  }

  /** RFC 8216bis §6.2.2: a client may have it for so long. To be called once what left it is dealt with. */
  measure(): void {
    this.#longestLasting = Math.max(this.#longestLasting, this.#lasting);
  }

  #isOld({ durationSeconds }: WholeSegment): boolean {
    const { segments, seconds, mostSegments } = this.size;
    if (this.#segments.length > mostSegments) return true;
    return this.#segments.length > segments && this.#lasting - durationSeconds > seconds - sameSeconds;
  }
}
