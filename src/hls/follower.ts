import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type InitSegment, type Track } from '../fmp4/init-segment.js';
import type { LiveWindow, SegmentStart } from './live-window.js';
import type { Rendition } from './rendition.js';
import { epsilon } from './segmenter.js';

/** Media that is further behind the lead's is not waited for: its parts are gaps. */
const patienceSeconds = 6;
/** Media that the lead has not come to in so long is let go: it holds its first segment back, but not for longer than this. */
const longestAheadSeconds = 30;

export interface PartCut {
  readonly startSeconds: number;
  readonly durationSeconds: number;
}

type Step = { readonly type: 'segment'; readonly start: SegmentStart } | ({ readonly type: 'part' } & PartCut) | { readonly type: 'segment-end' } | { readonly type: 'end' };

/** A fragment with what is needed to play it. */
interface Pending {
  readonly fragment: Fragment;
  readonly init: InitSegment;
  /** Media time of the picture with which it came; of the sound, where there is no picture. */
  readonly startSeconds: number;
  /** Of the picture; undefined in a fragment without. */
  readonly keyframe: boolean | undefined;
}

/**
 * A rendition that is cut where the lead is cut, in media time. Its media may come before the lead's cuts or after them; a part is
 * published when both are there. Where its media does not come, parts are gaps (RFC 8216bis §4.4.4.7, §4.4.4.9), so that numbers stay
 * the same as the lead's; a segment whose first part is one is a gap as a whole. A segment shows nothing before its first keyframe.
 */
export class Follower {
  readonly rendition: Rendition;
  #init: InitSegment | undefined;
  #lead: Track | undefined;
  #steps: Step[] = [];
  #pending: Pending[] = [];
  /** Up to where its media has come. */
  #reachedSeconds = -Infinity;
  /** Up to where the lead was cut. */
  #cutSeconds = -Infinity;
  /** The init segment of what is published. */
  #shown: InitSegment | undefined;
  #segmentStart: SegmentStart | undefined;
  #showsPictures = false;
  /** The open segment began without media: it can't begin later. */
  #isGap = false;
  readonly #past: Pick<LiveWindow, 'listed' | 'discontinuitySequence'> | undefined;
  #shownLaterSeconds = 0;

  /** @param past of the lead: what is listed there when the first media comes is listed here too, as gaps */
  constructor(rendition: Rendition, past?: Pick<LiveWindow, 'listed' | 'discontinuitySequence'>) {
    this.rendition = rendition;
    this.#past = past;
  }

  /**
   * What follows comes under this init segment, in the same media time as the lead's.
   * @param shownLaterSeconds the lead's pictures are shown so long after they are decoded, and these at once: they belong to the lead's cuts
   * of so much earlier
   */
  startTimeline(init: InitSegment, shownLaterSeconds = 0): void {
    this.#init = init;
    this.#lead = leadOf(init.tracks);
    this.#shownLaterSeconds = shownLaterSeconds;
    if (this.#reachedSeconds === Infinity) this.#reachedSeconds = -Infinity;
  }

  push(fragment: Fragment): void {
    const init = this.#init;
    const lead = this.#lead;
    if (!init || !lead) throw new Error('expected startTimeline() before the first fragment');
    const run = fragment.runs.find(({ trackId }) => trackId === lead.trackId);
    if (run) this.#reachedSeconds = Math.max(this.#reachedSeconds, run.baseMediaDecodeTime / lead.timescale - this.#shownLaterSeconds);
    if (this.#reachedSeconds === -Infinity) return;
    this.#pending.push({ fragment, init, startSeconds: this.#reachedSeconds, keyframe: run?.startsWithSync });
    const kept = this.#pending.findIndex(({ startSeconds }) => startSeconds > this.#reachedSeconds - longestAheadSeconds);
    if (kept > 0) this.#pending.splice(0, kept);
    this.#catchUp();
  }

  /** How many fragments wait for the lead's cuts. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** No more media comes, unless another timeline starts. */
  endMedia(): void {
    this.#reachedSeconds = Infinity;
    this.#catchUp();
  }

  openSegment(start: SegmentStart): void {
    this.#take({ type: 'segment', start });
  }

  cutPart(cut: PartCut): void {
    // A rendition that was added in the middle of a segment begins with the next one.
    if (this.#steps.length === 0 && !this.#segmentStart) return;
    this.#cutSeconds = cut.startSeconds + cut.durationSeconds;
    this.#take({ type: 'part', ...cut });
  }

  endSegment(): void {
    this.#take({ type: 'segment-end' });
  }

  /** The lead has ended: what is not there by now does not come. */
  end(): void {
    this.#reachedSeconds = Infinity;
    this.#take({ type: 'end' });
  }

  #take(step: Step): void {
    this.#steps.push(step);
    this.#catchUp();
  }

  #catchUp(): void {
    for (let step = this.#steps[0]; step; step = this.#steps[0]) {
      if (step.type === 'part' && !this.#isDue(step)) return;
      this.#steps.shift();
      if (step.type === 'segment') this.#begin(step.start);
      else if (step.type === 'part') this.#publish(step);
      else if (step.type === 'segment-end') this.#close();
      else this.rendition.end();
    }
  }

  #isDue({ startSeconds, durationSeconds }: PartCut): boolean {
    const end = startSeconds + durationSeconds;
    return this.#reachedSeconds >= end - epsilon || this.#cutSeconds - end > patienceSeconds;
  }

  #begin(start: SegmentStart): void {
    this.#segmentStart = start;
    this.#showsPictures = false;
  }

  #close(): void {
    this.#segmentStart = undefined;
    this.rendition.endSegment();
  }

  #publish({ startSeconds, durationSeconds }: PartCut): void {
    const end = startSeconds + durationSeconds - epsilon;
    const count = this.#pending.findIndex((each) => each.startSeconds >= end);
    const due = this.#pending.splice(0, count < 0 ? this.#pending.length : count).filter((each) => each.startSeconds >= startSeconds - epsilon);
    const shown = due.filter((each) => this.#shows(each));
    if (!this.rendition.isOpen && !this.#open(shown[0]?.init)) {
      // Nothing was ever listed, and a segment can't begin in its middle: the next one is the first.
      this.#segmentStart = undefined;
      return;
    }
    const fragments = this.#isGap ? [] : shown.filter(({ init }) => init === this.#shown);
    this.rendition.appendPart({
      type: 'part',
      fragments: fragments.map(({ fragment }) => fragment),
      startSeconds,
      durationSeconds,
      independent: fragments.some(({ keyframe, init }) => keyframe ?? !init.tracks.some(({ kind }) => kind === 'video')),
    });
  }

  /** RFC 8216bis §4.4.2.2, EXT-X-INDEPENDENT-SEGMENTS: the first picture of a segment is a keyframe. */
  #shows({ keyframe }: Pending): boolean {
    this.#showsPictures ||= keyframe === true;
    return keyframe === undefined || this.#showsPictures;
  }

  /** false: there is nothing yet that could be listed. */
  #open(init: InitSegment | undefined): boolean {
    const start = this.#segmentStart;
    if (!start || (!init && !this.#shown)) return false;
    if (init && init !== this.#shown) this.rendition.startTimeline(init);
    this.#shown = init ?? this.#shown;
    this.#isGap = !init;
    if (this.#past && this.rendition.last === undefined) this.#listPast(this.#past, start.mediaSequence);
    this.rendition.openSegment(start, { gap: this.#isGap });
    return true;
  }

  /** RFC 8216bis §6.2.2: a playlist whose beginning is gone lists three target durations at least, and a player that comes over finds the numbers that it has. */
  #listPast({ listed, discontinuitySequence }: Pick<LiveWindow, 'listed' | 'discontinuitySequence'>, before: number): void {
    let discontinuities = discontinuitySequence;
    for (const { mediaSequence, discontinuity, programDateTimeMs, parts } of listed.filter((segment) => segment.mediaSequence < before)) {
      this.rendition.openSegment({ mediaSequence, discontinuity, discontinuitySequence: discontinuities, programDateTimeMs }, { gap: true });
      for (const { durationSeconds } of parts) this.rendition.appendPart({ type: 'part', fragments: [], startSeconds: 0, durationSeconds, independent: false });
      this.rendition.endSegment();
      if (discontinuity) discontinuities++;
    }
  }
}
