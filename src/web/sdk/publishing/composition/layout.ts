import type { PictureSize } from '../filler.js';

/** In pixels of the composed picture, from its upper left corner. */
export interface Rectangle extends PictureSize {
  readonly left: number;
  readonly top: number;
}

export type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

/** Nothing is composed larger, whichever way round: a picture of 4K would cost more to draw and to send than it shows. */
const largest = { longer: 1920, shorter: 1080 };
/** Shapes that differ by less are the same one, rounded otherwise. */
const shapeTolerance = 0.01;
/** How high a camera in the corner may be, as a share of the picture: one of a phone is higher than wide. */
const maxCornerHeight = 0.45;

/** Largest rectangle of the picture's shape in a box, in its middle. */
export function fitInside(picture: PictureSize, box: Rectangle): Rectangle {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  return { left: box.left + Math.round((box.width - width) / 2), top: box.top + Math.round((box.height - height) / 2), width, height };
}

/** Between what stands in a corner and the edges. */
export function marginOf({ width, height }: PictureSize): number {
  return Math.round(Math.min(width, height) * 0.03);
}

/**
 * Where the camera stands.
 * @param share of the whole picture's width that it takes; less where it would be too high
 */
export function cornerRectangle(frame: PictureSize, camera: PictureSize, corner: Corner, share: number): Rectangle {
  const margin = marginOf(frame);
  const box = { left: 0, top: 0, width: frame.width * share, height: frame.height * maxCornerHeight };
  const { width, height } = fitInside(camera, box);
  return {
    left: corner.endsWith('left') ? margin : frame.width - margin - width,
    top: corner.startsWith('top') ? margin : frame.height - margin - height,
    width,
    height,
  };
}

/** Where a name tag may stand: in the lower third, on the left, unless the camera stands there. Its text takes of it what it needs. */
export function nameTagBox(frame: PictureSize, camera: Rectangle | undefined): Rectangle & { readonly align: 'left' | 'right' } {
  const margin = marginOf(frame);
  const height = Math.round(Math.min(frame.width, frame.height) * 0.13);
  const top = frame.height - margin - height;
  const isBeside = camera !== undefined && camera.top + camera.height > top;
  const isOnLeft = isBeside && camera.left + camera.width / 2 < frame.width / 2;
  const left = isOnLeft ? camera.left + camera.width + margin : margin;
  const right = isBeside && !isOnLeft ? camera.left - margin : frame.width - margin;
  const width = Math.min(right - left, Math.round(frame.width * 0.6));
  return { left: isOnLeft ? right - width : left, top, width, height, align: isOnLeft ? 'right' : 'left' };
}

/** What the composed picture's size was taken from. */
export interface Frame {
  readonly size: PictureSize;
  /** The picture that gave it its shape, as it is now. */
  readonly lead: PictureSize;
  readonly of: 'screen' | 'camera';
  readonly bound: PictureSize;
  /** The bound has changed, and the lead has not followed yet. */
  readonly isUnsettled: boolean;
}

/**
 * The composed picture's size: the screen's, or the camera's where there is none, within the bound and 1080p. It stays, so that
 * nothing has to begin anew, unless the shape changes or another quality is asked for.
 */
export function nextFrame(before: Frame | undefined, of: 'screen' | 'camera', lead: PictureSize, bound: PictureSize): Frame {
  const fresh: Frame = { size: boundedSize(lead, bound), lead, of, bound, isUnsettled: false };
  if (before === undefined) return fresh;
  const isBoundNew = bound.width !== before.bound.width || bound.height !== before.bound.height;
  if (isBoundNew) return { ...fresh, isUnsettled: true };
  const kept: Frame = { ...before, lead, of };
  // A camera that goes on alone does so in the picture that there is.
  if (of === 'camera' && before.of === 'screen') return kept;
  if (of !== before.of || !isSameShape(lead, before.lead)) return fresh;
  const hasFollowed = before.isUnsettled && lead.width !== before.lead.width;
  return hasFollowed ? fresh : kept;
}

/** Even, as encoders want it, and never larger than the picture. */
export function boundedSize({ width, height }: PictureSize, bound: PictureSize): PictureSize {
  const [longer, shorter] = [Math.min(largest.longer, Math.max(bound.width, bound.height)), Math.min(largest.shorter, Math.min(bound.width, bound.height))];
  const scale = Math.min(1, longer / Math.max(width, height), shorter / Math.min(width, height));
  return { width: even(width * scale), height: even(height * scale) };
}

const even = (length: number): number => Math.max(2, Math.round(length / 2) * 2);

function isSameShape(one: PictureSize, other: PictureSize): boolean {
  return Math.abs((one.width / one.height) / (other.width / other.height) - 1) < shapeTolerance;
}
