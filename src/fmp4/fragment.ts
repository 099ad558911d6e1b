import { childBoxes, type ChildBox } from './box-reader.js';

/** The samples of one track inside a fragment: one traf box. */
export interface TrackRun {
  readonly trackId: number;
  /** tfdt, in ticks of the track's timescale. */
  readonly baseMediaDecodeTime: number;
  /** Sum of the sample durations, in ticks. */
  readonly duration: number;
  readonly sampleCount: number;
  /** Whether the first sample can be decoded without any before it. */
  readonly startsWithSync: boolean;
}

/** One moof and its mdat: the smallest thing a player can be given. */
export interface Fragment {
  readonly bytes: Buffer;
  readonly runs: readonly TrackRun[];
}

/**
 * Reads what a moof box says about its samples (ISO/IEC 14496-12 §8.8).
 * @param moof the whole moof box
 * @throws {RangeError} when a track fragment lacks its header or its decode time
 */
export function readTrackRuns(moof: Buffer): TrackRun[] {
  const runs: TrackRun[] = [];
  for (const child of childBoxes(moof, 8, moof.length)) {
    if (child.type === 'traf') runs.push(readTrackRun(moof, child));
  }
  return runs;
}

const baseDataOffsetPresent = 0x1;
const sampleDescriptionIndexPresent = 0x2;
const defaultDurationPresent = 0x8;
const defaultSizePresent = 0x10;
const defaultFlagsPresent = 0x20;
const dataOffsetPresent = 0x1;
const firstSampleFlagsPresent = 0x4;
const sampleDurationPresent = 0x100;
const sampleSizePresent = 0x200;
const sampleFlagsPresent = 0x400;
const compositionOffsetPresent = 0x800;
const nonSyncSample = 0x10000;

function readTrackRun(moof: Buffer, traf: ChildBox): TrackRun {
  let header: FragmentHeader | undefined;
  let baseMediaDecodeTime: number | undefined;
  let duration = 0;
  let sampleCount = 0;
  let startsWithSync = false;
  for (const box of childBoxes(moof, traf.start, traf.end)) {
    if (box.type === 'tfhd') header = readFragmentHeader(moof, box.start);
    else if (box.type === 'tfdt') {
      baseMediaDecodeTime =
        moof[box.start] === 1 ? Number(moof.readBigUInt64BE(box.start + 4)) : moof.readUInt32BE(box.start + 4);
    } else if (box.type === 'trun' && header) {
      const run = readRun(moof, box, header);
      if (sampleCount === 0) startsWithSync = run.startsWithSync;
      duration += run.duration;
      sampleCount += run.sampleCount;
    }
  }
  if (!header || baseMediaDecodeTime === undefined) {
    throw new RangeError(`expected a traf with tfhd and tfdt, got one without ${header ? 'tfdt' : 'tfhd'}`);
  }
  return { trackId: header.trackId, baseMediaDecodeTime, duration, sampleCount, startsWithSync };
}

interface FragmentHeader {
  readonly trackId: number;
  readonly defaultDuration: number;
  readonly defaultFlags: number;
}

function readFragmentHeader(moof: Buffer, start: number): FragmentHeader {
  const flags = moof.readUIntBE(start + 1, 3);
  let offset = start + 8;
  if (flags & baseDataOffsetPresent) offset += 8;
  if (flags & sampleDescriptionIndexPresent) offset += 4;
  let defaultDuration = 0;
  if (flags & defaultDurationPresent) {
    defaultDuration = moof.readUInt32BE(offset);
    offset += 4;
  }
  if (flags & defaultSizePresent) offset += 4;
  const defaultFlags = flags & defaultFlagsPresent ? moof.readUInt32BE(offset) : 0;
  return { trackId: moof.readUInt32BE(start + 4), defaultDuration, defaultFlags };
}

function readRun(moof: Buffer, trun: ChildBox, header: FragmentHeader): Omit<TrackRun, 'trackId' | 'baseMediaDecodeTime'> {
  const flags = moof.readUIntBE(trun.start + 1, 3);
  const sampleCount = moof.readUInt32BE(trun.start + 4);
  let offset = trun.start + 8;
  if (flags & dataOffsetPresent) offset += 4;
  let firstFlags = header.defaultFlags;
  if (flags & firstSampleFlagsPresent) {
    firstFlags = moof.readUInt32BE(offset);
    offset += 4;
  }
  const durationBytes = flags & sampleDurationPresent ? 4 : 0;
  const sizeBytes = flags & sampleSizePresent ? 4 : 0;
  const flagsBytes = flags & sampleFlagsPresent ? 4 : 0;
  const sampleBytes = durationBytes + sizeBytes + flagsBytes + (flags & compositionOffsetPresent ? 4 : 0);
  if (flagsBytes && sampleCount > 0) firstFlags = moof.readUInt32BE(offset + durationBytes + sizeBytes);

  let duration = header.defaultDuration * sampleCount;
  if (durationBytes) {
    duration = 0;
    for (let sample = 0; sample < sampleCount; sample++) duration += moof.readUInt32BE(offset + sample * sampleBytes);
  }
  return { duration, sampleCount, startsWithSync: sampleCount > 0 && (firstFlags & nonSyncSample) === 0 };
}
