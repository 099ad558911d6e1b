import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { VideoTrack } from '../../src/fmp4/init-segment.js';
import { readSamples } from '../../src/fmp4/samples.js';

/** When each picture is shown that can be decoded without any before it, in seconds of media time. @param media fragmented MP4, init segment first */
export function keyframeTimes(media: Buffer): number[] {
  const times: number[] = [];
  let video: VideoTrack | undefined;
  for (const event of new FragmentReader().push(media)) {
    if (event.type === 'init') video = event.init.tracks.find((track) => track.kind === 'video');
    else
      for (const { trackId, isSync, decodeTime, compositionOffset } of readSamples(event.fragment)) {
        if (video?.trackId === trackId && isSync) times.push((decodeTime + compositionOffset) / video.timescale);
      }
  }
  return times;
}

/** Those of `times` that no time in `others` is within a millisecond of. */
export function timesNotIn(times: readonly number[], others: readonly number[]): number[] {
  return times.filter((time) => !others.some((other) => Math.abs(other - time) <= 0.001));
}
