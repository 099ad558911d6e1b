import { longestFirstGroupSeconds } from '../hls/packager.js';
import type { BroadcastOptions } from './broadcast-options.js';

/** From the keyframe at which a page begins again to what was written down last: a segment that was open, its group of pictures, and what was on its way. */
const longestOverlapSeconds = 10;

/** How far the media of a broadcast may run ahead of time before it is held: enough for a first playlist; where it goes on, also all that its publisher kept meanwhile. */
export function firstBurstSeconds({ burstSeconds, segmentSeconds, after }: Pick<BroadcastOptions, 'burstSeconds' | 'segmentSeconds' | 'after'>): number {
  const forPlaylist = burstSeconds ?? Math.max(segmentSeconds, longestFirstGroupSeconds) + 0.5;
  return forPlaylist + (after ? after.agoSeconds + longestOverlapSeconds : 0);
}
