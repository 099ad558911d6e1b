import { childBoxes, findBox, type ChildBox } from './box-reader.js';
import type { Fragment } from './fragment.js';

const sampleSizePresent = 0x200;

/**
 * The fragment with NAL units in front of a track's first sample, for who has another sample description than the one it was made
 * under; itself where that track has nothing in it (ISO/IEC 14496-12 §8.8.7, §8.8.8, 14496-15 §5.3.3).
 * @param units behind their lengths
 */
export function withUnitsInFront(fragment: Fragment, trackId: number, units: Buffer): Fragment {
  const moof = Buffer.from(fragment.bytes.subarray(0, fragment.bytes.readUInt32BE(0)));
  const runs: { readonly traf: ChildBox; readonly tfhd: ChildBox; readonly trun: ChildBox }[] = [];
  for (const traf of childBoxes(moof, 8, moof.length)) {
    const tfhd = findBox(moof, ['tfhd'], traf);
    if (traf.type !== 'traf' || !tfhd) continue;
    for (const trun of childBoxes(moof, traf.start, traf.end)) if (trun.type === 'trun') runs.push({ traf, tfhd, trun });
  }
  const first = runs.find(({ tfhd }) => moof.readUInt32BE(tfhd.start + 4) === trackId);
  if (!first || !grow(moof, first.tfhd, first.trun, units.length)) return fragment;
  const at = moof.readInt32BE(first.trun.start + 8);
  for (const { trun } of runs) {
    const offset = moof.readInt32BE(trun.start + 8);
    if (offset > at) moof.writeInt32BE(offset + units.length, trun.start + 8);
  }
  const media = Buffer.from(fragment.bytes.subarray(moof.length, at));
  media.writeUInt32BE(media.readUInt32BE(0) + units.length, 0);
  return { bytes: Buffer.concat([moof, media, units, fragment.bytes.subarray(at)]), runs: fragment.runs };
}

/** Makes the first sample larger; false where its size is said for others too. Data offsets are there: ffmpeg writes them. */
function grow(moof: Buffer, tfhd: ChildBox, trun: ChildBox, by: number): boolean {
  const flags = moof.readUIntBE(trun.start + 1, 3);
  const count = moof.readUInt32BE(trun.start + 4);
  if (!(flags & 0x1) || count === 0) return false;
  let at = trun.start + 12 + (flags & 0x4 ? 4 : 0) + (flags & 0x100 ? 4 : 0);
  if (!(flags & sampleSizePresent)) {
    const defaults = moof.readUIntBE(tfhd.start + 1, 3);
    if (count > 1 || !(defaults & 0x10)) return false;
    at = tfhd.start + 8 + (defaults & 0x1 ? 8 : 0) + (defaults & 0x2 ? 4 : 0) + (defaults & 0x8 ? 4 : 0);
  }
  moof.writeUInt32BE(moof.readUInt32BE(at) + by, at);
  return true;
}
