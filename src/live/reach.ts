import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type InitSegment, type Track } from '../fmp4/init-segment.js';

/** How far some media goes, in seconds of media time; undefined: there is none of it. */
export interface Reach {
  /** Where the first picture begins, or the first sound where there is no picture. */
  readonly from: number | undefined;
  /** Where the last picture begins: its duration may be a guess. */
  readonly lastPictureAt: number | undefined;
  readonly soundUntil: number | undefined;
}

export function reachOf(fragments: readonly Fragment[], { tracks }: InitSegment): Reach {
  const lead = leadOf(tracks);
  let from: number | undefined;
  let lastPictureAt: number | undefined;
  let soundUntil: number | undefined;
  for (const { runs } of fragments) {
    for (const run of runs) {
      const track = tracks.find(({ trackId }) => trackId === run.trackId);
      if (!track) continue;
      const at = run.baseMediaDecodeTime / track.timescale;
      if (track === lead) from ??= at;
      if (track.kind === 'video') lastPictureAt = at;
      else soundUntil = at + run.duration / track.timescale;
    }
  }
  return { from, lastPictureAt, soundUntil };
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
