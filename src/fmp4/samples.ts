import { childBoxes, findBox, type ChildBox } from './box-reader.js';
import type { Fragment } from './fragment.js';

/** One frame inside a fragment. */
export interface Sample {
  readonly trackId: number;
  /** In ticks of the track's timescale. */
  readonly decodeTime: number;
  /** From its decode time to its presentation time, in ticks; may be negative. */
  readonly compositionOffset: number;
  /** Whether it can be decoded without any before it. */
  readonly isSync: boolean;
  /** A view of the fragment's bytes. */
  readonly bytes: Buffer;
}

interface Defaults {
  readonly trackId: number;
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

const nonSyncSample = 0x10000;

/** The samples of a fragment, track by track in decode order (ISO/IEC 14496-12 §8.8); what leaves its bytes is left out. */
export function readSamples({ bytes }: Fragment): Sample[] {
  const samples: Sample[] = [];
  const moof = findBox(bytes, ['moof'], { start: 0, end: bytes.length });
  if (!moof) return samples;
  for (const child of childBoxes(bytes, moof.start, moof.end)) if (child.type === 'traf') readTrackFragment(bytes, child, samples);
  return samples;
}

function readTrackFragment(bytes: Buffer, traf: ChildBox, samples: Sample[]): void {
  const tfhd = findBox(bytes, ['tfhd'], traf);
  const tfdt = findBox(bytes, ['tfdt'], traf);
  if (!tfhd || !tfdt) return;
  const defaults = readDefaults(bytes, tfhd.start);
  let decodeTime = bytes[tfdt.start] === 1 ? Number(bytes.readBigUInt64BE(tfdt.start + 4)) : bytes.readUInt32BE(tfdt.start + 4);
  let dataAt = 0;
  for (const box of childBoxes(bytes, traf.start, traf.end)) {
    if (box.type === 'trun') ({ decodeTime, dataAt } = readRun(bytes, box, defaults, { decodeTime, dataAt }, samples));
  }
}

/** §8.8.7. The base of data offsets is the moof, as Onair's ffmpeg is told (`default_base_moof`). */
function readDefaults(bytes: Buffer, start: number): Defaults {
  const flags = bytes.readUIntBE(start + 1, 3);
  let at = start + 8;
  const next = (isPresent: number): number => {
    if (!isPresent) return 0;
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  if (flags & 0x1) at += 8;
  next(flags & 0x2);
  return { trackId: bytes.readUInt32BE(start + 4), duration: next(flags & 0x8), size: next(flags & 0x10), flags: next(flags & 0x20) };
}

/** §8.8.8. */
function readRun(bytes: Buffer, { start, end }: ChildBox, defaults: Defaults, from: { decodeTime: number; dataAt: number }, samples: Sample[]): { decodeTime: number; dataAt: number } {
  const flags = bytes.readUIntBE(start + 1, 3);
  const count = bytes.readUInt32BE(start + 4);
  let at = start + 8;
  let { decodeTime, dataAt } = from;
  const field = (isPresent: number, fallback: number): number => {
    if (!isPresent) return fallback;
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  if (flags & 0x1) dataAt = field(1, 0) | 0;
  const firstFlags = flags & 0x4 ? field(1, 0) : undefined;
  const fieldBytes = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  for (let index = 0; index < count && at + fieldBytes <= end; index++) {
    const duration = field(flags & 0x100, defaults.duration);
    const size = field(flags & 0x200, defaults.size);
    const sampleFlags = field(flags & 0x400, index === 0 && firstFlags !== undefined ? firstFlags : defaults.flags);
    // Version 0 says it is unsigned, but nothing real is so large.
    const compositionOffset = field(flags & 0x800, 0) | 0;
    if (dataAt < 0 || dataAt + size > bytes.length) break;
    samples.push({ trackId: defaults.trackId, decodeTime, compositionOffset, isSync: (sampleFlags & nonSyncSample) === 0, bytes: bytes.subarray(dataAt, dataAt + size) });
    decodeTime += duration;
    dataAt += size;
  }
  return { decodeTime, dataAt };
}
