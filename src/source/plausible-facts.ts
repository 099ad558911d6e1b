import type { SourceTrack } from './source-events.js';

/** Larger than any decoder's picture or sound; a container can claim what it likes, up to 2⁶⁴. */
const mostPixelsASide = 65_535;
const mostSamplesASecond = 768_000;
const mostChannels = 255;
const mostSampleBits = 64;
const mostDelayNs = 10_000_000_000;

/** The track with what can't be of its facts left out, as though it had not been said. */
export function plausible<Track extends SourceTrack>(track: Track): Track {
  const { width, height, sampleRate, channels, sampleBits, codecDelayNs } = track;
  const sound = sampleRate !== undefined && sampleRate >= 1 && sampleRate <= mostSamplesASecond ? sampleRate : undefined;
  return {
    ...track,
    width: whole(width, mostPixelsASide),
    height: whole(height, mostPixelsASide),
    sampleRate: sound,
    channels: whole(channels, mostChannels),
    sampleBits: whole(sampleBits, mostSampleBits),
    codecDelayNs: whole(codecDelayNs, mostDelayNs),
  };
}

function whole(value: number | undefined, most: number): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
}
