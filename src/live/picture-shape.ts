import { inSquarePixels } from '../fmp4/square-pixels.js';
import type { SourceTrack, VideoFacts } from '../source/source-events.js';
import { encodedSize, type EncodeLimits, type PictureSize } from './encode-limits.js';

/** Whether its pixels are not square, as far as is known. */
export function isAnamorphic({ sampleAspect: [across, down] = [1, 1] }: VideoFacts): boolean {
  return across !== down;
}

/** Size in square pixels, as it is stored: not yet turned. */
function squareSize({ width, height, sampleAspect }: VideoFacts): PictureSize | undefined {
  return width && height ? inSquarePixels({ width, height }, sampleAspect) : undefined;
}

/** The size that a picture is shown in: upright, in square pixels; undefined: nobody knows yet. */
export function shownSize(track: VideoFacts): PictureSize | undefined {
  const size = squareSize(track);
  return size && isOnItsSide(track) ? { width: size.height, height: size.width } : size;
}

/** The size that it is encoded in: as it is shown, or smaller in proportion. */
export function shownSizeWithin(track: VideoFacts, limits: EncodeLimits): PictureSize | undefined {
  const size = shownSize(track);
  return size && encodedSize(size, limits);
}

/** The filters that bring pictures into shape: whole ones instead of fields, square pixels, no larger than the limits, upright. */
export function shapeFilters(track: SourceTrack, limits: EncodeLimits): string[] {
  return [...(mayBeInterlaced(track) ? [wholePictures] : []), sizeFilter(track, limits), ...turns[track.rotation ?? 0], 'setsar=1'];
}

/** Of two fields one picture; those that are whole stay. It holds one picture back. */
const wholePictures = 'bwdif=mode=send_frame:deint=interlaced';

/** Codecs whose pictures nobody looked into, and in which fields are usual. */
const codecsOfFields: ReadonlySet<string> = new Set(['mpeg2video', 'vc1', 'dvvideo', 'prores', 'dnxhd']);

function mayBeInterlaced({ codec, interlaced }: SourceTrack): boolean {
  return interlaced ?? codecsOfFields.has(codec);
}

const turns: Readonly<Record<NonNullable<VideoFacts['rotation']>, readonly string[]>> = {
  0: [],
  90: ['transpose=clock'],
  180: ['hflip', 'vflip'],
  270: ['transpose=cclock'],
};

function isOnItsSide({ rotation }: VideoFacts): boolean {
  return rotation === 90 || rotation === 270;
}

/** Brings pictures to their size in square pixels; a size that changes in mid-recording must not reach the encoder. */
function sizeFilter(track: SourceTrack, limits: EncodeLimits): string {
  const square = squareSize(track);
  if (!square) {
    const [width, height] = ['iw*max(sar\\,1)', 'ih*max(1/sar\\,1)'];
    const ratio = `min(1\\,min(${limits.longSide}/max(${width}\\,${height})\\,${limits.shortSide}/min(${width}\\,${height})))`;
    return `scale=max(2\\,trunc(${width}*${ratio}/2)*2):max(2\\,trunc(${height}*${ratio}/2)*2)`;
  }
  const { width, height } = encodedSize(square, limits);
  // Only where pixels are square is the picture's shape that of its sides.
  if (isAnamorphic(track)) return `scale=${width}:${height}`;
  return `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`;
}
