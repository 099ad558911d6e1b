import { childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { readTrackFragmentHeader, readTrackRunLayout, type TrackFragmentHeader, type TrackRunLayout } from '../isobmff/track-fragment.js';
import type { Fragment } from './fragment.js';

interface Run {
  readonly header: TrackFragmentHeader;
  readonly layout: TrackRunLayout;
}

/**
 * The fragment with NAL units in front of a track's first sample, for who has another sample description than the one it was made
 * under; itself where that track has nothing in it (ISO/IEC 14496-12 §8.8.7, §8.8.8, 14496-15 §5.3.3).
 * @param units behind their lengths
 */
export function withUnitsInFront(fragment: Fragment, trackId: number, units: Buffer): Fragment {
  const moof = Buffer.from(fragment.bytes.subarray(0, fragment.bytes.readUInt32BE(0)));
  const runs = [...childBoxes(moof, 8, moof.length)].flatMap((child) => (child.type === 'traf' ? runsOf(moof, child) : []));
  const first = runs.find(({ header }) => header.trackId === trackId);
  const at = first?.layout.dataOffset;
  if (!first || at === undefined || !grow(moof, first, units.length)) return fragment;
  for (const { layout: { dataOffset = 0, dataOffsetAt } } of runs) {
    if (dataOffsetAt !== undefined && dataOffset > at) moof.writeInt32BE(dataOffset + units.length, dataOffsetAt);
  }
  const media = Buffer.from(fragment.bytes.subarray(moof.length, at));
  media.writeUInt32BE(media.readUInt32BE(0) + units.length, 0);
  return { bytes: Buffer.concat([moof, media, units, fragment.bytes.subarray(at)]), runs: fragment.runs };
}

function runsOf(moof: Buffer, traf: BoxPlace): Run[] {
  const tfhd = findBox(moof, ['tfhd'], traf);
  if (!tfhd) return [];
  const header = readTrackFragmentHeader(moof, tfhd);
  return [...childBoxes(moof, traf.start, traf.end)].flatMap((box) => (box.type === 'trun' ? [{ header, layout: readTrackRunLayout(moof, box) }] : []));
}

/** Makes the first sample larger; false where its size is said for others too. */
function grow(moof: Buffer, { header, layout }: Run, by: number): boolean {
  if (layout.sampleCount === 0) return false;
  const at = layout.sizeAt ?? (layout.sampleCount === 1 ? header.sizeAt : undefined);
  if (at === undefined) return false;
  moof.writeUInt32BE(moof.readUInt32BE(at) + by, at);
  return true;
}
