import { Encoded } from './encoded.js';
import { segmentName } from './media-address.js';
import type { SegmentEntry } from './media-playlist.js';

type Joint = Pick<SegmentEntry, 'discontinuity' | 'sameTracks'>;
type Listed = Joint & Pick<SegmentEntry, 'mediaSequence' | 'programDateTimeMs'>;

interface List<T extends Listed> {
  readonly segments: readonly T[];
  readonly discontinuitySequence: number;
}

/** Where the numbers of a playlist without joints stand beside those of the ordinary one. */
export interface JoinedNumbers {
  /** How many media sequence numbers before its first segment no segment ever had. */
  readonly skipped: number;
  /** How many discontinuities that have left the list are in both. */
  readonly begunAnew: number;
  readonly lost?: LostSegments | undefined;
}

/** Segments of the server before, right before the first of this one: what players had not fetched of them can't be had any more. */
export interface LostSegments {
  /** Media sequence number of the first of this one. */
  readonly before: number;
  /** How many numbers before that no segment had. */
  readonly skipped: number;
  readonly durationSeconds: number;
}

/** How one that goes on elsewhere begins. */
export interface JoinedProgress {
  /** How many media sequence numbers no segment ever had. */
  readonly skipped: number;
  /** How many of them come right before the first segment of this one. Default 0. */
  readonly lost?: number | undefined;
  /** How many discontinuities there were that the other playlist does not have. */
  readonly untold: number;
}

/** Who lags behind has not fetched as many of another server's segments, at most. */
const mostLost = 5;

/** Whether a player needs its init segment to go on with it. */
export function beginsAnew({ discontinuity, sameTracks }: Joint): boolean {
  return discontinuity && sameTracks !== true;
}

/**
 * A playlist, with another one for players that lose media at each discontinuity: VLC 3 throws away the second that it has in hand there, and what does not
 * begin at time 0 behind it stands still. The other one leaves out those over which the same tracks go on in the same media time; RFC 8216bis
 * §4.4.4.3 asks for one there, and does not demand it. Nor does it skip numbers: where another server went on with higher ones, VLC 3 fetches and plays the
 * first segment twice, and takes it for the end of all if there is no other yet. Where it had not fetched all of the other server's, they are listed for that: as gaps.
 */
export function encodeList<T extends Listed, L extends List<T>>(list: L & List<T>, { skipped, begunAnew, lost }: JoinedNumbers, write: (list: L) => string): Encoded {
  // Also once they have left it: the numbers of all that follow are to stay as they were.
  const differs = skipped > 0 || begunAnew !== list.discontinuitySequence || list.segments.some((segment) => segment.discontinuity && !beginsAnew(segment));
  if (!differs) return new Encoded(write(list));
  // As it is now: windows move on.
  const segments = [...list.segments];
  const [first] = segments;
  const gaps = lost && first?.mediaSequence === lost.before ? gapsBefore(first, lost, Math.min(mostLost, first.mediaSequence - skipped)) : [];
  const joined = (): T[] => [...gaps, ...segments].map((segment) => ({ ...segment, mediaSequence: segment.mediaSequence - skipped, discontinuity: beginsAnew(segment) }));
  return new Encoded(write(list), () => new Encoded(write({ ...list, segments: joined(), discontinuitySequence: begunAnew })));
}

/** Numbered as if nothing were skipped, and named as they were. */
function gapsBefore<T extends { readonly mediaSequence: number; readonly programDateTimeMs: number }>(first: T, { skipped, durationSeconds }: LostSegments, count: number): T[] {
  return Array.from({ length: count }, (_, index) => {
    const before = count - index;
    const mediaSequence = first.mediaSequence - before;
    const programDateTimeMs = first.programDateTimeMs - before * durationSeconds * 1000;
    return { ...first, mediaSequence, uri: segmentName(mediaSequence - skipped), discontinuity: false, gap: true, durationSeconds, programDateTimeMs, parts: [], keyframe: undefined };
  });
}
