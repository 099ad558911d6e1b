import type { Fragment } from '../fmp4/fragment.js';
import type { PlaylistTiming } from './media-playlist.js';
import type { Presentation, Timeline } from './presentation.js';
import { Segmenter, type Cut } from './segmenter.js';
import { SourceCadence } from './source-cadence.js';

export interface PackagerOptions {
  readonly presentation: Presentation;
  readonly segmentTargetSeconds: number;
  /** How long a part should be; a source whose frames do not fit may make it longer. */
  readonly partSeconds: number;
}

/**
 * Fills a presentation with the parts and segments of its lead. The first segment is held until it is whole: what may never change in a
 * playlist, its target duration and its part target, is chosen by what the source was seen to do until then.
 */
export class Packager {
  readonly #presentation: Presentation;
  readonly #segmentTargetSeconds: number;
  readonly #partSeconds: number;
  #timeline: Timeline | undefined;
  #segmenter: Segmenter | undefined;
  #scout: Scout | undefined;

  constructor({ presentation, segmentTargetSeconds, partSeconds }: PackagerOptions) {
    this.#presentation = presentation;
    this.#segmentTargetSeconds = segmentTargetSeconds;
    this.#partSeconds = partSeconds;
  }

  /** What follows comes under this init segment. */
  startTimeline(timeline: Timeline): void {
    this.endTimeline();
    this.#timeline = timeline;
    this.#presentation.startTimeline(timeline);
    const timing = this.#presentation.timing;
    if (timing) this.#segmenter = this.#createSegmenter(timeline, timing);
    else this.#scout = this.#createScout(timeline);
  }

  /** Whether the next fragment can be published; if not, its picture is left out, and those that follow up to the next keyframe. */
  accepts(fragment: Fragment): boolean {
    return (this.#segmenter ?? this.#scout?.segmenter)?.accepts(fragment) ?? true;
  }

  push(fragment: Fragment): void {
    if (this.#segmenter) this.#apply(this.#segmenter.push(fragment));
    else this.#scoutAhead(fragment);
  }

  /** Everything that is held is cut and published. */
  endTimeline(): void {
    if (this.#scout?.segmenter.begun) {
      this.#scout.cuts.push(...this.#scout.segmenter.end());
      this.#freeze(this.#scout);
    }
    if (this.#segmenter) this.#apply(this.#segmenter.end());
    this.#segmenter = undefined;
    this.#scout = undefined;
  }

  #scoutAhead(fragment: Fragment): void {
    const scout = this.#scout;
    if (!scout) throw new Error('expected startTimeline() before the first fragment');
    scout.cadence.push(fragment);
    scout.cuts.push(...scout.segmenter.push(fragment));
    if (scout.segmenter.begun) scout.fragments.push(fragment);
    if (scout.cuts.some((cut) => cut.type === 'segment-end')) this.#freeze(scout);
  }

  #freeze(scout: Scout): void {
    const timeline = this.#timeline;
    if (!timeline) return;
    let firstSegmentSeconds = 0;
    for (const cut of scout.cuts) if (cut.type === 'part') firstSegmentSeconds += cut.durationSeconds;
    const timing = {
      targetDurationSeconds: this.#targetDurationFor(firstSegmentSeconds),
      partTargetSeconds: scout.cadence.partTargetSeconds,
    };
    this.#presentation.freeze(timing, scout.cadence.frameRate(firstSegmentSeconds));
    this.#scout = undefined;
    this.#segmenter = this.#createSegmenter(timeline, timing);
    for (const fragment of scout.fragments) this.#apply(this.#segmenter.push(fragment));
  }

  #apply(cuts: readonly Cut[]): void {
    for (const cut of cuts) {
      if (cut.type === 'part') this.#presentation.appendPart(cut);
      else if (cut.type === 'segment-end') this.#presentation.endSegment();
      else this.#presentation.markDiscontinuity();
    }
  }

  /** RFC 8216bis §4.4.3.1: no segment, rounded to the nearest integer, may be longer. */
  #targetDurationFor(firstSegmentSeconds: number): number {
    if (Math.round(firstSegmentSeconds) <= this.#shortestTargetDuration) return this.#shortestTargetDuration;
    return Math.min(Math.round(firstSegmentSeconds + roomSeconds), this.#longestTargetDuration);
  }

  /** RFC 8216bis §4.4.3.1: a whole number, 1 at least. */
  get #shortestTargetDuration(): number {
    return Math.max(1, Math.ceil(this.#segmentTargetSeconds));
  }

  get #longestTargetDuration(): number {
    return Math.max(longestFirstGroupSeconds, this.#shortestTargetDuration);
  }

  #createScout(timeline: Timeline): Scout {
    const timing = { partTargetSeconds: this.#segmentTargetSeconds, targetDurationSeconds: this.#shortestTargetDuration };
    const segmenter = this.#createSegmenter(timeline, timing, this.#longestTargetDuration);
    return { segmenter, cadence: new SourceCadence(timeline.init.tracks, this.#partSeconds), fragments: [], cuts: [] };
  }

  #createSegmenter({ init }: Timeline, timing: PlaylistTiming, longestFirstSegmentSeconds?: number): Segmenter {
    return new Segmenter({ ...timing, tracks: init.tracks, segmentTargetSeconds: this.#segmentTargetSeconds, longestFirstSegmentSeconds });
  }
}

/** Keyframes that lie up to this far apart at first make the target duration longer, and further apart the picture is not taken. */
export const longestFirstGroupSeconds = 4;

/** Keyframes that are further apart than was asked for are not placed by time: later ones may be this much further apart still. */
const roomSeconds = 0.25;

/** What is known before the first playlist. */
interface Scout {
  readonly segmenter: Segmenter;
  readonly cadence: SourceCadence;
  readonly fragments: Fragment[];
  readonly cuts: Cut[];
}
