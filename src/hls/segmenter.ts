import { emptyFragment } from '../fmp4/empty-fragment.js';
import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import { leadOf, type Track } from '../fmp4/init-segment.js';

/** A partial segment, RFC 8216bis §4.4.4.9: some fragments in a row. */
export interface CutPart {
  readonly type: 'part';
  readonly fragments: readonly Fragment[];
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** It holds a keyframe. */
  readonly independent: boolean;
}

/** `discontinuity`: media is missing here, and what follows begins anew. */
export type Cut = CutPart | { readonly type: 'segment-end' } | { readonly type: 'discontinuity' };

export interface SegmenterOptions {
  /** The init segment's tracks. The picture leads; without one, the sound. */
  readonly tracks: readonly Track[];
  /** A segment is closed at the first keyframe that lets it be about this long. */
  readonly segmentTargetSeconds: number;
  readonly partTargetSeconds: number;
  /** No segment, rounded to the nearest integer, is longer (RFC 8216bis §4.4.3.1). */
  readonly targetDurationSeconds: number;
  /** The same while the target duration is yet to be chosen, for a picture whose first keyframes lie further apart. */
  readonly longestFirstSegmentSeconds?: number | undefined;
}

/**
 * Decides when to cut, and nothing else. Times are seconds on the media timeline of one init segment. Whatever comes,
 *
 * - no segment lasts longer than the target duration, rounded to the nearest integer;
 * - the first picture of every segment is a keyframe. Where the picture goes on without one for longer than a segment may last, or
 *   after a standstill during which sound filled a segment, pictures are left out up to the next keyframe; `accepts()` tells
 *   before, so that they can be encoded instead.
 *
 * A part is closed where one more sample would make it longer than the part target. Where samples lie too far apart
 * for that (a part must not be shorter than 85 % of the target, RFC 8216bis §4.4.4.9), it is closed at exactly the
 * target, inside a sample's duration, so that durations still add up. Where nothing comes for longer than that, the
 * parts in between hold no samples; where nothing comes for so long that the segment can't reach beyond it, what follows
 * begins anew at the next keyframe, after a discontinuity.
 */
export class Segmenter {
  readonly #tracks: ReadonlyMap<number, Track>;
  readonly #lead: Track;
  readonly #segmentTarget: number;
  readonly #partTarget: number;
  /** A segment must stay shorter than this, RFC 8216bis §4.4.3.1. */
  readonly #segmentLimit: number;
  readonly #pictureLimit: number;
  #fragments: Fragment[] = [];
  #independent = false;
  /** undefined until the first keyframe, and again after a hole. */
  #segmentStart: number | undefined;
  #partStart = 0;
  #leadStart = 0;
  #leadEnd = 0;
  /** When the latest sample of any track starts, and where the last one ends. */
  #latestStart = 0;
  #latestEnd = 0;
  /** Where media goes on after a hole. */
  #resumedAt = -Infinity;
  /** Only a keyframe can be the next picture: the segment has none yet, or is as long as it may be. */
  #awaitsKeyframe = false;
  #keyframe = 0;
  /** The longest of the last minute, and when it ended. */
  #longestInterval = { seconds: 0, at: -Infinity };

  constructor({ tracks, segmentTargetSeconds, partTargetSeconds, targetDurationSeconds, longestFirstSegmentSeconds }: SegmenterOptions) {
    const lead = leadOf(tracks);
    if (!lead) throw new RangeError('expected at least one track, got none');
    this.#lead = lead;
    this.#tracks = new Map(tracks.map((track) => [track.trackId, track]));
    this.#segmentTarget = segmentTargetSeconds;
    this.#partTarget = partTargetSeconds;
    this.#segmentLimit = targetDurationSeconds + 0.5 - epsilon;
    this.#pictureLimit = (longestFirstSegmentSeconds ?? targetDurationSeconds) + 0.5 - epsilon;
  }

  /** Whether the first keyframe has come, since the beginning or the last hole. */
  get begun(): boolean {
    return this.#segmentStart !== undefined;
  }

  /** Whether the next fragment can be published. If not, `push()` leaves its picture out, and what follows up to the next keyframe. */
  accepts({ runs }: Fragment): boolean {
    const run = runs.find(({ trackId }) => trackId === this.#lead.trackId);
    return run === undefined || !this.#isTooLate(run.baseMediaDecodeTime / this.#lead.timescale, run);
  }

  /** The cuts that lie before `fragment`, which itself belongs to what comes next. What precedes the first keyframe is left out. */
  push(fragment: Fragment): Cut[] {
    const cuts: Cut[] = [];
    let startsWithKeyframe = false;
    for (const run of fragment.runs) {
      const track = this.#tracks.get(run.trackId);
      if (!track) continue;
      const start = run.baseMediaDecodeTime / track.timescale;
      if (track !== this.#lead && start < this.#resumedAt - this.#partTarget) return cuts;
      cuts.push(...this.#leaveHole(start));
      if (track === this.#lead) {
        if (this.#isTooLate(start, run)) {
          this.#awaitsKeyframe = true;
          return cuts;
        }
        startsWithKeyframe = run.startsWithSync;
        cuts.push(...this.#advanceLead(start, run));
      } else if (this.#segmentStart !== undefined) {
        // Samples come out in the order of their times: no sample of the lead that belongs before this one is missing.
        cuts.push(...this.#cutWithoutLead(start));
      }
      this.#latestStart = Math.max(this.#latestStart, start);
      this.#latestEnd = Math.max(this.#latestEnd, start + run.duration / track.timescale);
    }
    if (this.#segmentStart === undefined) return cuts;
    this.#fragments.push(fragment);
    this.#independent ||= startsWithKeyframe;
    return cuts;
  }

  /** The last cuts: what is open is closed. */
  end(): Cut[] {
    if (this.#segmentStart === undefined) return [];
    const cuts = this.#cutSegment(this.#mediaEnd);
    this.#segmentStart = undefined;
    return cuts;
  }

  /** A picture that is no keyframe, where only a keyframe will do. */
  #isTooLate(start: number, run: TrackRun): boolean {
    if (run.startsWithSync || this.#segmentStart === undefined) return false;
    return this.#awaitsKeyframe || start - this.#segmentStart >= this.#pictureLimit;
  }

  #advanceLead(start: number, run: TrackRun): Cut[] {
    const sampleSeconds = run.duration / this.#lead.timescale;
    const cuts: Cut[] = [];
    if (this.#segmentStart === undefined) {
      if (!run.startsWithSync) return cuts;
      this.#openSegment(start);
      this.#keyframe = start;
      this.#awaitsKeyframe = false;
    } else if (run.startsWithSync && this.#segmentIsLongEnough(start)) {
      cuts.push(...this.#cutSegment(start));
      // Where the sum of parts cannot reach the keyframe, the next segment begins where the sum ends.
      this.#openSegment(this.#partStart);
    } else {
      cuts.push(...this.#cutParts(start));
      const length = start - this.#partStart;
      if (length >= this.#partTarget * shortestPart && length + sampleSeconds > this.#partTarget + epsilon) {
        cuts.push(this.#cutPart(start));
      }
    }
    if (run.startsWithSync) this.#noteKeyframe(start);
    this.#leadStart = start;
    // A last frame that claims to last for long would make its segment too long.
    this.#leadEnd = start + Math.min(sampleSeconds, this.#partTarget * run.sampleCount);
    return cuts;
  }

  #noteKeyframe(start: number): void {
    const seconds = start - this.#keyframe;
    if (seconds >= this.#longestInterval.seconds || start - this.#longestInterval.at > rememberedSeconds) this.#longestInterval = { seconds, at: start };
    this.#keyframe = start;
    this.#awaitsKeyframe = false;
  }

  /** Ends the segment before a time without any media that it can't reach beyond. */
  #leaveHole(start: number): Cut[] {
    if (this.#segmentStart === undefined || start - this.#latestStart <= this.#partTarget + epsilon) return [];
    if (start - this.#segmentStart < this.#segmentLimit) return [];
    const cuts = this.#cutSegment(Math.min(this.#mediaEnd, this.#partStart + this.#partTarget));
    this.#segmentStart = undefined;
    this.#resumedAt = start;
    return [...cuts, { type: 'discontinuity' }];
  }

  /** While the lead stands still, the other tracks' samples close parts, and segments that would become too long. */
  #cutWithoutLead(now: number): Cut[] {
    const cuts: Cut[] = [];
    const limit = now - this.#leadStart > standstillSeconds ? this.#segmentLimit : this.#pictureLimit;
    for (let start = this.#segmentStart; start !== undefined && now >= start + limit; start = this.#segmentStart) {
      cuts.push(...this.#cutSegment(start + limit));
      this.#openSegment(this.#partStart);
      this.#awaitsKeyframe = true;
    }
    return [...cuts, ...this.#cutParts(now)];
  }

  /** Where the media that came ends: by the lead, unless that ended before the open part began. */
  get #mediaEnd(): number {
    return Math.max(this.#partStart, this.#leadEnd > this.#partStart + epsilon ? this.#leadEnd : this.#latestEnd);
  }

  #openSegment(start: number): void {
    this.#segmentStart = start;
    this.#partStart = start;
  }

  /** At the target, or earlier when the next keyframe would come too late. */
  #segmentIsLongEnough(now: number): boolean {
    const length = now - (this.#segmentStart ?? now);
    if (length >= this.#segmentTarget - epsilon) return true;
    if (this.#lead.kind === 'audio') return false;
    const interval = Math.max(this.#longestInterval.seconds, now - this.#keyframe);
    return length + interval >= this.#segmentLimit;
  }

  #cutSegment(at: number): Cut[] {
    const end = Math.max(this.#partStart, Math.min(at, (this.#segmentStart ?? at) + this.#pictureLimit));
    const cuts: Cut[] = this.#cutParts(end);
    // A short rest without samples is left to the next segment.
    if ((this.#fragments.length > 0 && end > this.#partStart) || end - this.#partStart > this.#partTarget / 2) cuts.push(this.#cutPart(end));
    cuts.push({ type: 'segment-end' });
    return cuts;
  }

  /** Cuts parts of exactly the target as long as the open one would be longer at `now`. */
  #cutParts(now: number): CutPart[] {
    const parts: CutPart[] = [];
    while (now - this.#partStart > this.#partTarget + epsilon) parts.push(this.#cutPart(this.#partStart + this.#partTarget));
    return parts;
  }

  #cutPart(end: number): CutPart {
    // Never longer than the target, not even by rounding.
    const durationSeconds = Math.min(end - this.#partStart, this.#partTarget);
    const part: CutPart = {
      type: 'part',
      fragments: this.#fragments.length > 0 ? this.#fragments : [this.#emptyFragment()],
      startSeconds: this.#partStart,
      durationSeconds,
      independent: this.#independent,
    };
    this.#fragments = [];
    this.#independent = false;
    this.#partStart += durationSeconds;
    return part;
  }

  #emptyFragment(): Fragment {
    return emptyFragment(this.#lead.trackId, this.#partStart * this.#lead.timescale);
  }
}

/** Half a tick of the slowest clock in use (1 kHz, Matroska): times closer than this are the same. */
export const epsilon = 0.0005;
/** RFC 8216bis §4.4.4.9 asks for at least 85 %; a little more leaves room for rounding in the playlist. */
const shortestPart = 0.86;
/** A lead without samples for this long stands still: the first segment is not held open for it. */
const standstillSeconds = 0.5;
/** Keyframes are expected to lie as far apart as they did in this time. */
const rememberedSeconds = 60;
