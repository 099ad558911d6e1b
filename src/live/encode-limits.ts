/** What is encoded at most, whatever is sent. What is copied costs no encoder anything, and stays as it is. */
export interface EncodeLimits {
  /** Of the sides of a picture, upright or not. */
  readonly longSide: number;
  readonly shortSide: number;
  readonly framesPerSecond: number;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export const defaultEncodeLimits: EncodeLimits = { longSide: 1920, shortSide: 1088, framesPerSecond: 60 };

/** A decoder takes no larger picture, whatever a header says; as many as single pictures may have. */
export const maxDecodedPixels = 8192 * 8192;

/** So much faster than the limit is still taken for it: cameras have clocks of their own. */
const tolerance = 1.05;
/** Frames may come unevenly over so much time. */
const burstSeconds = 0.25;

/** @param text as in a setting: `1920x1088` */
export function readEncodeLimits(text: string, framesPerSecond: number): EncodeLimits {
  const [first = 0, second = 0] = text.split('x').map(Number);
  return { longSide: Math.max(first, second), shortSide: Math.min(first, second), framesPerSecond };
}

/** The size that a picture is encoded in: its own, or smaller in proportion; even, as 4:2:0 needs. */
export function encodedSize({ width, height }: PictureSize, { longSide, shortSide }: EncodeLimits): PictureSize {
  const ratio = Math.min(1, longSide / Math.max(width, height), shortSide / Math.min(width, height));
  const even = (side: number): number => Math.max(2, 2 * Math.floor((side * ratio) / 2 + 1e-6));
  return { width: even(width), height: even(height) };
}

/** The filter that leaves pictures out beyond the limit, and none below it, however unevenly they come: a bucket that fills with their time. */
export function paceFilter({ framesPerSecond }: EncodeLimits): string {
  const rate = framesPerSecond * tolerance;
  const most = Math.max(2, Math.ceil(framesPerSecond * burstSeconds));
  const fill = `if(isnan(prev_t)\\,st(1\\,${most})\\,st(1\\,min(${most}\\,ld(1)+max(0\\,t-prev_t)*${rate})))`;
  return `select=0*${fill}+if(gte(ld(1)\\,1)\\,1+0*st(1\\,ld(1)-1))`;
}
