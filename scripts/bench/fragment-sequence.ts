const mfhd = Buffer.from('mfhd');

/** mfhd's sequence_number of a movie fragment (ISO/IEC 14496-12 §8.8.5): which of ffmpeg's fragments it is. */
export function fragmentSequence(fragment: Buffer): number | undefined {
  // moof's header, then mfhd: size, type, version and flags, number.
  return fragment.length >= 24 && fragment.subarray(12, 16).equals(mfhd) ? fragment.readUInt32BE(20) : undefined;
}

/** So much of the end of a fragment's media tells it from all others. */
export const markBytes = 24;

/**
 * Which fragment of ffmpeg's it is, or of several the last one. The server numbers and times them anew, leaves out sound that viewers
 * have, and gives keyframes their parameter sets; the end of the media stays what it was.
 */
export function markOf(fragments: Buffer): string {
  return fragments.subarray(-markBytes).toString('base64');
}
