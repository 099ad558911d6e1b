import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import type { Track } from '../fmp4/init-segment.js';

/** A partial segment, RFC 8216bis §4.4.4.9: some fragments in a row. */
export interface CutPart {
  readonly type: 'part';
  readonly fragments: readonly Fragment[];
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** It holds a keyframe. */
  readonly independent: boolean;
}

export type Cut = CutPart | { readonly type: 'segment-end' };

export interface SegmenterOptions {
  /** The init segment's tracks. The picture leads; without one, the sound. */
  readonly tracks: readonly Track[];
  /** A segment is closed at the first keyframe that lets it be about this long. */
  readonly segmentTargetSeconds: number;
  readonly partTargetSeconds: number;
}

/**
 * Decides when to cut, and nothing else. Times are seconds on the media timeline of one init segment.
 *
 * A part is closed where one more sample would make it longer than the part target. Where samples lie too far apart
 * for that (a part must not be shorter than 85 % of the target, RFC 8216bis §4.4.4.9), it is closed at exactly the
 * target, inside a sample's duration, so that durations still add up.
 */
export class Segmenter {
  readonly #tracks: ReadonlyMap<number, Track>;
  readonly #lead: Track;
  readonly #segmentTarget: number;
  readonly #partTarget: number;
  #fragments: Fragment[] = [];
  #independent = false;
  /** undefined until the first keyframe. */
  #segmentStart: number | undefined;
  #partStart = 0;
  #leadEnd = 0;
  #keyframe = 0;
  #keyframeInterval = 0;

  constructor({ tracks, segmentTargetSeconds, partTargetSeconds }: SegmenterOptions) {
    const lead = tracks.find((track) => track.kind === 'video') ?? tracks[0];
    if (!lead) throw new RangeError('expected at least one track, got none');
    this.#lead = lead;
    this.#tracks = new Map(tracks.map((track) => [track.trackId, track]));
    this.#segmentTarget = segmentTargetSeconds;
    this.#partTarget = partTargetSeconds;
  }

  /** The cuts that lie before `fragment`, which itself belongs to what comes next. What precedes the first keyframe is left out. */
  push(fragment: Fragment): Cut[] {
    const cuts: Cut[] = [];
    let startsWithKeyframe = false;
    for (const run of fragment.runs) {
      const track = this.#tracks.get(run.trackId);
      if (!track) continue;
      const start = run.baseMediaDecodeTime / track.timescale;
      if (track === this.#lead) {
        startsWithKeyframe = run.startsWithSync;
        cuts.push(...this.#advanceLead(start, run));
      } else if (this.#segmentStart !== undefined && start >= this.#partStart + this.#partTarget + epsilon) {
        // Samples come out in the order of their times: no sample of the lead that belongs before this one is missing.
        cuts.push(...this.#cutParts(this.#partStart + this.#partTarget));
      }
    }
    if (this.#segmentStart === undefined) return cuts;
    this.#fragments.push(fragment);
    this.#independent ||= startsWithKeyframe;
    return cuts;
  }

  /** The last cuts: what is open is closed. */
  end(): Cut[] {
    if (this.#segmentStart === undefined) return [];
    const cuts = this.#cutSegment(Math.max(this.#leadEnd, this.#partStart));
    this.#segmentStart = undefined;
    return cuts;
  }

  #advanceLead(start: number, run: TrackRun): Cut[] {
    const sampleSeconds = run.duration / this.#lead.timescale;
    const cuts: Cut[] = [];
    if (this.#segmentStart === undefined) {
      if (!run.startsWithSync) return cuts;
      this.#openSegment(start);
      this.#keyframe = start;
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
    if (run.startsWithSync) {
      this.#keyframeInterval = start - this.#keyframe;
      this.#keyframe = start;
    }
    this.#leadEnd = start + sampleSeconds;
    return cuts;
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
    // RFC 8216bis §4.4.3.1: EXTINF rounded to the nearest integer must not pass the target duration.
    const interval = Math.max(this.#keyframeInterval, now - this.#keyframe);
    return length + interval >= this.#segmentTarget + 0.5 - epsilon;
  }

  #cutSegment(end: number): Cut[] {
    const cuts: Cut[] = this.#cutParts(end);
    if (this.#fragments.length > 0) cuts.push(this.#cutPart(end));
    cuts.push({ type: 'segment-end' });
    return cuts;
  }

  /** Cuts parts of exactly the target as long as the open one would be longer at `now`. */
  #cutParts(now: number): CutPart[] {
    const parts: CutPart[] = [];
    while (this.#fragments.length > 0 && now - this.#partStart > this.#partTarget + epsilon) {
      parts.push(this.#cutPart(this.#partStart + this.#partTarget));
    }
    return parts;
  }

  #cutPart(end: number): CutPart {
    const part: CutPart = {
      type: 'part',
      fragments: this.#fragments,
      startSeconds: this.#partStart,
      durationSeconds: end - this.#partStart,
      independent: this.#independent,
    };
    this.#fragments = [];
    this.#independent = false;
    this.#partStart = end;
    return part;
  }
}

/** Half a tick of the slowest clock in use (1 kHz, Matroska): times closer than this are the same. */
const epsilon = 0.0005;
/** RFC 8216bis §4.4.4.9 asks for at least 85 %; a little more leaves room for rounding in the playlist. */
const shortestPart = 0.86;
