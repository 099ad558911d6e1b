const mfhd = Buffer.from('mfhd');

/** mfhd's sequence_number of a movie fragment (ISO/IEC 14496-12 §8.8.5): which of ffmpeg's fragments it is. */
export function fragmentSequence(fragment: Buffer): number | undefined {
  // moof's header, then mfhd: size, type, version and flags, number.
  return fragment.length >= 24 && fragment.subarray(12, 16).equals(mfhd) ? fragment.readUInt32BE(20) : undefined;
}

/** The number of the last movie fragment in a part. */
export function lastFragmentSequence(part: Buffer): number | undefined {
  let last: number | undefined;
  for (let offset = 0; offset + 8 <= part.length; offset += Math.max(8, part.readUInt32BE(offset))) {
    last = fragmentSequence(part.subarray(offset, offset + 24)) ?? last;
  }
  return last;
}
