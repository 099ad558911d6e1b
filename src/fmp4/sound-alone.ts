import { box, uint32 } from '../isobmff/box-writer.js';
import { boxHeadBytes, childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { readRunSample, readTrackFragmentHeader, readTrackRunLayout, type TrackFragmentHeader } from '../isobmff/track-fragment.js';
import { FragmentReader } from './fragment-reader.js';
import type { Fragment } from './fragment.js';
import type { InitSegment } from './init-segment.js';
import { outputInits } from './named-outputs.js';

/** An init segment that has one track of sound and no picture. */
export interface SoundInit {
  readonly init: InitSegment;
  readonly trackId: number;
}

/** The init segment of the sound alone; undefined where there is none. */
export function soundInit(whole: InitSegment): SoundInit | undefined {
  const trackId = whole.tracks.find(({ kind }) => kind === 'audio')?.trackId;
  if (trackId === undefined) return undefined;
  // A single output would be the whole.
  const [, sound] = outputInits(whole, [{ name: 'whole', trackIds: [trackId] }, { name: 'sound', trackIds: [trackId] }]);
  return sound && { init: sound.init, trackId };
}

/**
 * What a fragment holds of one track: itself, where it holds nothing else; undefined, where it holds none of it.
 * @throws {RangeError} when it does not say where its samples lie: ffmpeg does
 */
export function ofTrack(fragment: Fragment, trackId: number): Fragment | undefined {
  const runs = fragment.runs.filter((run) => run.trackId === trackId && run.sampleCount > 0);
  if (runs.length === 0) return undefined;
  if (runs.length === fragment.runs.length) return fragment;
  return { bytes: withTrack(fragment.bytes, trackId), runs };
}

/** The same of fragments one after another. */
export function bytesOfTrack(media: Buffer, trackId: number): Buffer {
  const fragments = new FragmentReader().push(media).flatMap((event) => (event.type === 'fragment' ? (ofTrack(event.fragment, trackId) ?? []) : []));
  return Buffer.concat(fragments.map(({ bytes }) => bytes));
}

/** A `traf` that is kept, and where its samples lie. */
interface Kept {
  readonly traf: Buffer;
  /** Of its runs: where the offset of their data stands in it, and the data. */
  readonly runs: readonly { readonly offsetAt: number; readonly data: Buffer }[];
}

function withTrack(bytes: Buffer, trackId: number): Buffer {
  const moof = findBox(bytes, ['moof']);
  if (!moof) throw new RangeError('expected a fragment with a moof box, got none');
  const before: Buffer[] = [];
  const kept: Kept[] = [];
  for (const child of childBoxes(bytes, moof.start, moof.end)) {
    if (child.type !== 'traf') before.push(whole(bytes, child));
    else if (headerOf(bytes, child)?.trackId === trackId) kept.push(keep(bytes, child));
  }
  const moofBytes = boxHeadBytes + [...before, ...kept.map(({ traf }) => traf)].reduce((sum, { length }) => sum + length, 0);
  let dataAt = moofBytes + boxHeadBytes;
  for (const { traf, runs } of kept) {
    for (const { offsetAt, data } of runs) {
      traf.writeInt32BE(dataAt, offsetAt);
      dataAt += data.length;
    }
  }
  const data = kept.flatMap(({ runs }) => runs.map((run) => run.data));
  return Buffer.concat([uint32(moofBytes), Buffer.from('moof', 'latin1'), ...before, ...kept.map(({ traf }) => traf), box('mdat', ...data)]);
}

function headerOf(bytes: Buffer, traf: BoxPlace): TrackFragmentHeader | undefined {
  const tfhd = findBox(bytes, ['tfhd'], traf);
  return tfhd && readTrackFragmentHeader(bytes, tfhd);
}

function keep(bytes: Buffer, traf: BoxPlace): Kept {
  const header = headerOf(bytes, traf);
  const trafStart = traf.start - boxHeadBytes;
  const runs: { offsetAt: number; data: Buffer }[] = [];
  for (const child of childBoxes(bytes, traf.start, traf.end)) {
    if (child.type !== 'trun' || !header) continue;
    const run = readTrackRunLayout(bytes, child);
    if (run.dataOffset === undefined || run.dataOffsetAt === undefined) throw new RangeError('expected a trun that says where its samples lie, got one without data offset');
    let size = 0;
    for (let index = 0; index < run.sampleCount; index++) size += readRunSample(bytes, run, index, header).size;
    runs.push({ offsetAt: run.dataOffsetAt - trafStart, data: bytes.subarray(run.dataOffset, run.dataOffset + size) });
  }
  return { traf: Buffer.from(whole(bytes, traf)), runs };
}

/** With its header of eight bytes: ffmpeg writes no longer ones before the media. */
function whole(bytes: Buffer, { start, end }: BoxPlace): Buffer {
  return bytes.subarray(start - boxHeadBytes, end);
}
