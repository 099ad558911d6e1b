import { Encoded } from './encoded.js';
import type { SegmentEntry } from './media-playlist.js';

type Joint = Pick<SegmentEntry, 'discontinuity' | 'sameTracks'>;

interface List<T extends Joint> {
  readonly segments: readonly (T & { readonly mediaSequence: number })[];
  readonly discontinuitySequence: number;
}

/** Where the numbers of a playlist without joints stand beside those of the ordinary one. */
export interface JoinedNumbers {
  /** How many media sequence numbers before its first segment no segment ever had. */
  readonly skipped: number;
  /** How many discontinuities that have left the list are in both. */
  readonly begunAnew: number;
}

/** How one that goes on elsewhere begins. */
export interface JoinedProgress {
  /** How many media sequence numbers no segment ever had. */
  readonly skipped: number;
  /** How many discontinuities there were that the other playlist does not have. */
  readonly untold: number;
}

/** Whether a player needs its init segment to go on with it. */
export function beginsAnew({ discontinuity, sameTracks }: Joint): boolean {
  return discontinuity && sameTracks !== true;
}

/**
 * A playlist, with another one for players that lose media at each discontinuity: VLC 3 throws away the second that it has in hand there, and what does not
 * begin at time 0 behind it stands still. The other one leaves out those over which the same tracks go on in the same media time; RFC 8216bis
 * §4.4.4.3 asks for one there, and does not demand it. Nor does it skip numbers: where another server went on with higher ones, VLC 3 fetches and plays the
 * first segment twice, and takes it for the end of all if there is no other yet.
 */
export function encodeList<T extends Joint, L extends List<T>>(list: L & List<T>, { skipped, begunAnew }: JoinedNumbers, write: (list: L) => string): Encoded {
  // Also once they have left it: the numbers of all that follow are to stay as they were.
  const differs = skipped > 0 || begunAnew !== list.discontinuitySequence || list.segments.some((segment) => segment.discontinuity && !beginsAnew(segment));
  if (!differs) return new Encoded(write(list));
  // As it is now: windows move on.
  const segments = [...list.segments];
  const joined = (): T[] => segments.map((segment) => ({ ...segment, mediaSequence: segment.mediaSequence - skipped, discontinuity: beginsAnew(segment) }));
  return new Encoded(write(list), () => new Encoded(write({ ...list, segments: joined(), discontinuitySequence: begunAnew })));
}
