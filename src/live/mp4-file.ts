import type { InitSegment, Track } from '../fmp4/init-segment.js';
import { unitLengthBytes } from '../source/avc-configuration.js';

/**
 * Whether media made under another init segment can go on in a file that begins with this one, which describes its tracks once. Pictures
 * bring their parameter sets with each keyframe; tracks, and the configuration of sound, must stay.
 */
export function goesOnUnder(described: InitSegment, next: InitSegment): boolean {
  return described.tracks.length === next.tracks.length && next.tracks.every((track) => isDescribed(track, described.tracks));
}

function isDescribed(track: Track, tracks: readonly Track[]): boolean {
  const described = tracks.find(({ trackId }) => trackId === track.trackId);
  if (described?.kind !== track.kind || described.timescale !== track.timescale) return false;
  if (track.kind === 'audio') return described.codec === track.codec && described.configuration.equals(track.configuration);
  return unitLengthBytes(described.configuration) === unitLengthBytes(track.configuration);
}
