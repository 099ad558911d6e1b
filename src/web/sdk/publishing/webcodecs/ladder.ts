import type { PictureRendition } from './picture-encoders.js';

/** What is sent beside the source, from large to small. */
const lower: readonly { readonly lines: number; readonly bitsPerSecond: number }[] = [
  { lines: 480, bitsPerSecond: 1_000_000 },
  { lines: 360, bitsPerSecond: 500_000 },
];
/** A rendition that takes more of the bits of the one above helps nobody. */
const mostOfAbove = 0.6;
/** With fewer there is nothing to be seen: on a slow line the bits are the source's. */
const fewestBitsPerSecond = 200_000;

/**
 * The source and what is sent beside it, for a source of so many bits and lines.
 * @param most with the source
 */
export function ladder({ videoBitsPerSecond, lines: sourceLines }: { readonly videoBitsPerSecond: number; readonly lines: number }, most: number): PictureRendition[] {
  const renditions: PictureRendition[] = [{ bitsPerSecond: videoBitsPerSecond }];
  for (const { lines, bitsPerSecond } of lower) {
    const granted = Math.min(bitsPerSecond, (renditions.at(-1)?.bitsPerSecond ?? 0) * mostOfAbove);
    if (lines < sourceLines && granted >= fewestBitsPerSecond) renditions.push({ lines, bitsPerSecond: Math.round(granted) });
  }
  return renditions.slice(0, most);
}
