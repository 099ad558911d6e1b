import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type InitSegment, type Track } from '../fmp4/init-segment.js';
import type { FragmentBurst } from './fragment-burst.js';

/** How far some media goes, in seconds of media time; absent: there is none of it. */
export interface Reach {
  /** Where the first picture begins, or the first sound where there is no picture. */
  readonly from?: number;
  /** Where the last picture begins: its duration may be a guess. */
  readonly lastPictureAt?: number;
  readonly soundUntil?: number;
}

const known = new WeakMap<FragmentBurst, Reach>();

/** Looked up once for all who are sent it. */
export function reachOf(burst: FragmentBurst, init: InitSegment): Reach {
  const before = known.get(burst);
  if (before) return before;
  let reach: Reach = {};
  for (const { runs } of burst.fragments) {
    for (const run of runs) {
      const track = init.tracks.find(({ trackId }) => trackId === run.trackId);
      if (!track) continue;
      const at = run.baseMediaDecodeTime / track.timescale;
      if (reach.from === undefined && track === leadOf(init.tracks)) reach = { ...reach, from: at };
      if (track.kind === 'video') reach = { ...reach, lastPictureAt: at };
      else reach = { ...reach, soundUntil: at + run.duration / track.timescale };
    }
  }
  known.set(burst, reach);
  return reach;
}

/** Of one fragment, if it has sound alone: where that ends. */
export function soundEndOf({ runs }: Fragment, { tracks }: InitSegment): number | undefined {
  let end: number | undefined;
  for (const { trackId, baseMediaDecodeTime, duration } of runs) {
    const track: Track | undefined = tracks.find((each) => each.trackId === trackId);
    if (track?.kind !== 'audio') return undefined;
    end = (baseMediaDecodeTime + duration) / track.timescale;
  }
  return end;
}
