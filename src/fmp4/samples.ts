import { childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { isSync, readDecodeTime, readRunSample, readTrackFragmentHeader, readTrackRunLayout } from '../isobmff/track-fragment.js';
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

/** The samples of a fragment, track by track in decode order (ISO/IEC 14496-12 §8.8); what leaves its bytes is left out. */
export function readSamples({ bytes }: Fragment): Sample[] {
  const samples: Sample[] = [];
  const moof = findBox(bytes, ['moof']);
  if (!moof) return samples;
  for (const child of childBoxes(bytes, moof.start, moof.end)) if (child.type === 'traf') readTrackFragment(bytes, child, samples);
  return samples;
}

/** The base of data offsets is the moof, as Onair's ffmpeg is told (`default_base_moof`). */
function readTrackFragment(bytes: Buffer, traf: BoxPlace, samples: Sample[]): void {
  const tfhd = findBox(bytes, ['tfhd'], traf);
  const tfdt = findBox(bytes, ['tfdt'], traf);
  if (!tfhd || !tfdt) return;
  const header = readTrackFragmentHeader(bytes, tfhd);
  let decodeTime = readDecodeTime(bytes, tfdt);
  let dataAt = 0;
  for (const box of childBoxes(bytes, traf.start, traf.end)) {
    if (box.type !== 'trun') continue;
    const run = readTrackRunLayout(bytes, box);
    dataAt = run.dataOffset ?? dataAt;
    for (let index = 0; index < run.sampleCount; index++) {
      const { duration, size, flags, compositionOffset } = readRunSample(bytes, run, index, header);
      if (dataAt < 0 || dataAt + size > bytes.length) break;
      samples.push({ trackId: header.trackId, decodeTime, compositionOffset, isSync: isSync(flags), bytes: bytes.subarray(dataAt, dataAt + size) });
      decodeTime += duration;
      dataAt += size;
    }
  }
}
