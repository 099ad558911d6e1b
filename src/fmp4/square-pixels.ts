export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a picture in square pixels: one side is stretched, none shrunk, as browsers do.
 * @param sampleAspect width of a pixel to its height; one with a 0 in it says nothing
 */
export function inSquarePixels({ width, height }: Size, [across, down]: readonly [number, number] = [1, 1]): Size {
  const aspect = across > 0 && down > 0 ? across / down : 1;
  return { width: Math.round(width * Math.max(1, aspect)), height: Math.round(height * Math.max(1, 1 / aspect)) };
}
