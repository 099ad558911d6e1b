import type { BoxPlace } from './boxes.js';
import { int32, uint32, uint64 } from './numbers.js';

/** What is said once for many samples; undefined: nothing. */
export interface SampleFields {
  readonly duration: number | undefined;
  readonly size: number | undefined;
  readonly flags: number | undefined;
}

/** `tfhd`, ISO/IEC 14496-12 §8.8.7. */
export interface TrackFragmentHeader extends SampleFields {
  readonly trackId: number;
  /** What data offsets are counted from, where it is said. */
  readonly baseDataOffset: number | undefined;
  /** They are counted from the beginning of the `moof`. */
  readonly baseIsMoof: boolean;
  readonly description: number | undefined;
  /** Where duration and size stand in the bytes. */
  readonly durationAt: number | undefined;
  readonly sizeAt: number | undefined;
}

export function readTrackFragmentHeader(bytes: Uint8Array, { start }: Pick<BoxPlace, 'start'>): TrackFragmentHeader {
  const present = uint32(bytes, start);
  const baseAt = start + 8;
  const descriptionAt = baseAt + (present & 0x1 ? 8 : 0);
  const durationAt = descriptionAt + (present & 0x2 ? 4 : 0);
  const sizeAt = durationAt + (present & 0x8 ? 4 : 0);
  const flagsAt = sizeAt + (present & 0x10 ? 4 : 0);
  return {
    trackId: uint32(bytes, start + 4),
    baseDataOffset: present & 0x1 ? uint64(bytes, baseAt) : undefined,
    baseIsMoof: (present & 0x20000) !== 0,
    description: present & 0x2 ? uint32(bytes, descriptionAt) : undefined,
    duration: present & 0x8 ? uint32(bytes, durationAt) : undefined,
    durationAt: present & 0x8 ? durationAt : undefined,
    size: present & 0x10 ? uint32(bytes, sizeAt) : undefined,
    sizeAt: present & 0x10 ? sizeAt : undefined,
    flags: present & 0x20 ? uint32(bytes, flagsAt) : undefined,
  };
}

/** baseMediaDecodeTime of a `tfdt`, §8.8.12, in ticks of the track's timescale. */
export function readDecodeTime(bytes: Uint8Array, { start }: Pick<BoxPlace, 'start'>): number {
  return bytes[start] === 1 ? uint64(bytes, start + 4) : uint32(bytes, start + 4);
}

/** A `trun`, §8.8.8: what it says of all its samples, and where it says what of each. Places are undefined where it says nothing. */
export interface TrackRunLayout {
  /** As it claims: a sample of which nothing is said costs no bytes, so whoever walks over them sets a limit. */
  readonly claimedSamples: number;
  /** No more than its own bytes can tell of. */
  readonly sampleCount: number;
  /** Where the data begins, from the base on; signed. */
  readonly dataOffset: number | undefined;
  readonly dataOffsetAt: number | undefined;
  readonly firstSampleFlags: number | undefined;
  /** What is said of one sample has so many bytes, and that of the next follows. */
  readonly sampleBytes: number;
  /** Where each field of the first sample stands in the bytes. */
  readonly durationAt: number | undefined;
  readonly sizeAt: number | undefined;
  readonly flagsAt: number | undefined;
  readonly compositionOffsetAt: number | undefined;
}

export function readTrackRunLayout(bytes: Uint8Array, { start, end }: Pick<BoxPlace, 'start' | 'end'>): TrackRunLayout {
  const present = uint32(bytes, start);
  const claimedSamples = uint32(bytes, start + 4);
  const dataOffsetAt = start + 8;
  const firstFlagsAt = dataOffsetAt + (present & 0x1 ? 4 : 0);
  const durationAt = firstFlagsAt + (present & 0x4 ? 4 : 0);
  const sizeAt = durationAt + (present & 0x100 ? 4 : 0);
  const flagsAt = sizeAt + (present & 0x200 ? 4 : 0);
  const compositionOffsetAt = flagsAt + (present & 0x400 ? 4 : 0);
  const sampleBytes = compositionOffsetAt + (present & 0x800 ? 4 : 0) - durationAt;
  return {
    claimedSamples,
    sampleCount: sampleBytes === 0 ? claimedSamples : Math.min(claimedSamples, Math.max(0, Math.floor((end - durationAt) / sampleBytes))),
    dataOffset: present & 0x1 ? int32(bytes, dataOffsetAt) : undefined,
    dataOffsetAt: present & 0x1 ? dataOffsetAt : undefined,
    firstSampleFlags: present & 0x4 ? uint32(bytes, firstFlagsAt) : undefined,
    sampleBytes,
    durationAt: present & 0x100 ? durationAt : undefined,
    sizeAt: present & 0x200 ? sizeAt : undefined,
    flagsAt: present & 0x400 ? flagsAt : undefined,
    compositionOffsetAt: present & 0x800 ? compositionOffsetAt : undefined,
  };
}

/** One sample of a run. */
export interface RunSample {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
  /** From its decode time to its presentation time. Version 0 has it unsigned, but nothing real is so large. */
  readonly compositionOffset: number;
}

/** @param index below `sampleCount` */
export function readRunSample(bytes: Uint8Array, run: TrackRunLayout, index: number, defaults: SampleFields): RunSample {
  const shift = index * run.sampleBytes;
  return {
    duration: run.durationAt === undefined ? (defaults.duration ?? 0) : uint32(bytes, run.durationAt + shift),
    size: run.sizeAt === undefined ? (defaults.size ?? 0) : uint32(bytes, run.sizeAt + shift),
    flags: flagsOf(bytes, run, index, defaults),
    compositionOffset: run.compositionOffsetAt === undefined ? 0 : int32(bytes, run.compositionOffsetAt + shift),
  };
}

/** Whether a decoder can begin with a sample: `sample_is_non_sync_sample` of its flags, §8.8.3.1. */
export function isSync(flags: number): boolean {
  return (flags & 0x10000) === 0;
}

function flagsOf(bytes: Uint8Array, { flagsAt, firstSampleFlags, sampleBytes }: TrackRunLayout, index: number, defaults: SampleFields): number {
  if (flagsAt !== undefined) return uint32(bytes, flagsAt + index * sampleBytes);
  return (index === 0 ? firstSampleFlags : undefined) ?? defaults.flags ?? 0;
}
