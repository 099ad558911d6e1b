import type { PlayerStats } from '../player-events.js';
import { forwardSeconds, readRanges } from './buffered-ranges.js';
import type { Playback } from './playback.js';

/** How the element plays at this moment. */
export function playerStats(video: HTMLVideoElement, playback: Playback, { rendition, renditionSwitches }: Pick<PlayerStats, 'rendition' | 'renditionSwitches'>): PlayerStats {
  const bufferSeconds = forwardSeconds(readRanges(video.buffered), video.currentTime);
  const { latencySeconds, ...rest } = playback.stats();
  return {
    path: playback.path,
    ...rest,
    // What is buffered was captured before now, whatever the publisher's first burst made the server believe.
    latencySeconds: latencySeconds === undefined ? undefined : Math.max(latencySeconds, bufferSeconds),
    bufferSeconds,
    droppedFrames: video.getVideoPlaybackQuality().droppedVideoFrames,
    width: video.videoWidth,
    height: video.videoHeight,
    playbackRate: video.playbackRate,
    rendition,
    renditionSwitches,
  };
}
