import type { PictureRendition } from './picture-encoders.js';

/** What is sent beside the source, from large to small. */
const lower: readonly { readonly lines: number; readonly bitsPerSecond: number }[] = [
  { lines: 480, bitsPerSecond: 1_000_000 },
  { lines: 360, bitsPerSecond: 500_000 },
];
/** A rendition that takes more of the source's bits helps nobody. */
const shareOfSource = 0.6;
const shareOfNext = 0.5;

/** The source and what may be sent beside it; those that are not smaller than the source are left out where its size is known. */
export function ladder(videoBitsPerSecond: number): PictureRendition[] {
  const renditions: PictureRendition[] = [{ bitsPerSecond: videoBitsPerSecond }];
  let most = videoBitsPerSecond * shareOfSource;
  for (const { lines, bitsPerSecond } of lower) {
    const granted = Math.min(bitsPerSecond, most);
    renditions.push({ lines, bitsPerSecond: granted });
    most = granted * shareOfNext;
  }
  return renditions;
}
