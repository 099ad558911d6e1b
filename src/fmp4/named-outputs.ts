import { box } from '../isobmff/box-writer.js';
import { boxHeadBytes, childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { readInitSegment, type InitSegment } from './init-segment.js';

/** A named share of one fragmented MP4: some of its tracks. Fragments belong to it by their track ids; a track may belong to several. */
export interface NamedOutput {
  /** Unique among those of the same MP4. */
  readonly name: string;
  /** As in the MP4; one at least. */
  readonly trackIds: readonly number[];
}

/** What a player of one output must know before the first fragment. */
export interface OutputInit {
  readonly name: string;
  readonly init: InitSegment;
}

/**
 * The init segments of the outputs, in their order. Of a single output it is the MP4's own, byte for byte.
 * @throws {RangeError} when an output has none of its tracks in it
 */
export function outputInits(whole: InitSegment, outputs: readonly NamedOutput[]): OutputInit[] {
  const [only] = outputs;
  if (only && outputs.length === 1) return [{ name: only.name, init: whole }];
  return outputs.map(({ name, trackIds }) => ({ name, init: readInitSegment(withTracks(whole.bytes, new Set(trackIds))) }));
}

/** ftyp and moov with these tracks alone: their `trak` boxes and what `mvex` says of them (ISO/IEC 14496-12 §8.3.1, §8.8.3). */
function withTracks(bytes: Buffer, trackIds: ReadonlySet<number>): Buffer {
  const top = [...childBoxes(bytes)].map((child) => (child.type === 'moov' ? filtered(bytes, child, trackIds) : whole(bytes, child)));
  return Buffer.concat(top);
}

function filtered(bytes: Buffer, parent: BoxPlace, trackIds: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (const child of childBoxes(bytes, parent.start, parent.end)) {
    const trackId = trackIdIn(bytes, child);
    if (trackId !== undefined && !trackIds.has(trackId)) continue;
    kept.push(child.type === 'mvex' ? filtered(bytes, child, trackIds) : whole(bytes, child));
  }
  return box(parent.type, ...kept);
}

/** Which track a box is about; undefined: all of them. */
function trackIdIn(bytes: Buffer, child: BoxPlace): number | undefined {
  if (child.type === 'trex') return bytes.readUInt32BE(child.start + 4);
  if (child.type !== 'trak') return undefined;
  const tkhd = findBox(bytes, ['tkhd'], child);
  return tkhd && bytes.readUInt32BE(tkhd.start + (bytes[tkhd.start] === 1 ? 20 : 12));
}

/** With its header of eight bytes: ffmpeg writes no longer ones before the media. */
function whole(bytes: Buffer, { start, end }: BoxPlace): Buffer {
  return bytes.subarray(start - boxHeadBytes, end);
}
