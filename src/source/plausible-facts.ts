import type { SourceTrack } from './source-events.js';

/** Larger than any decoder's picture or sound; a container can claim what it likes, up to 2⁶⁴. */
const mostPixelsASide = 65_535;
const mostSamplesASecond = 768_000;
const mostChannels = 255;
const mostSampleBits = 64;
const mostDelayNs = 10_000_000_000;

/** Pixels that are longer than wide, or wider than long, by more than this are a mistake. */
const mostAspect = 16;
/** What H.264 can say of either side of a pixel, §E.2.1. */
const mostOfAspect = 65_535;

/** The track with what can't be of its facts left out, as though it had not been said. */
export function plausible<Track extends SourceTrack>(track: Track): Track {
  const { width, height, sampleRate, channels, sampleBits, codecDelayNs } = track;
  const sound = sampleRate !== undefined && sampleRate >= 1 && sampleRate <= mostSamplesASecond ? sampleRate : undefined;
  return {
    ...track,
    width: whole(width, mostPixelsASide),
    height: whole(height, mostPixelsASide),
    ...(track.sampleAspect && { sampleAspect: aspect(track.sampleAspect) }),
    sampleRate: sound,
    channels: whole(channels, mostChannels),
    sampleBits: whole(sampleBits, mostSampleBits),
    codecDelayNs: whole(codecDelayNs, mostDelayNs),
  };
}

function whole(value: number | undefined, most: number): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
}

/** In small numbers; undefined where pixels are square, or can't be so. */
function aspect([across, down]: readonly [number, number]): readonly [number, number] | undefined {
  const ratio = across / down;
  if (!(ratio >= 1 / mostAspect && ratio <= mostAspect) || ratio === 1) return undefined;
  const divisor = Math.max(greatestCommonDivisor(across, down), Math.max(across, down) / mostOfAspect);
  return [Math.round(across / divisor), Math.round(down / divisor)];
}

function greatestCommonDivisor(one: number, other: number): number {
  return other < 1 ? one : greatestCommonDivisor(other, one % other);
}
