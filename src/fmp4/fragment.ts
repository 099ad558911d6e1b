import { childBoxes, type BoxPlace } from '../isobmff/boxes.js';
import { uint32 } from '../isobmff/numbers.js';
import { isSync, readDecodeTime, readRunSample, readTrackFragmentHeader, readTrackRunLayout, type TrackFragmentHeader, type TrackRunLayout } from '../isobmff/track-fragment.js';

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

function readTrackRun(moof: Buffer, traf: BoxPlace): TrackRun {
  let header: TrackFragmentHeader | undefined;
  let baseMediaDecodeTime: number | undefined;
  let duration = 0;
  let sampleCount = 0;
  let startsWithSync = false;
  for (const box of childBoxes(moof, traf.start, traf.end)) {
    if (box.type === 'tfhd') header = readTrackFragmentHeader(moof, box);
    else if (box.type === 'tfdt') baseMediaDecodeTime = readDecodeTime(moof, box);
    else if (box.type === 'trun' && header) {
      const run = readTrackRunLayout(moof, box);
      if (run.sampleCount !== run.claimedSamples) throw new RangeError(`expected a trun with ${run.claimedSamples} samples in it, got one with ${run.sampleCount}`);
      if (sampleCount === 0 && run.sampleCount > 0) startsWithSync = isSync(readRunSample(moof, run, 0, header).flags);
      duration += durationOf(moof, run, header.duration ?? 0);
      sampleCount += run.sampleCount;
    }
  }
  if (!header || baseMediaDecodeTime === undefined) {
    throw new RangeError(`expected a traf with tfhd and tfdt, got one without ${header ? 'tfdt' : 'tfhd'}`);
  }
  return { trackId: header.trackId, baseMediaDecodeTime, duration, sampleCount, startsWithSync };
}

function durationOf(moof: Buffer, { sampleCount, durationAt, sampleBytes }: TrackRunLayout, fallback: number): number {
  if (durationAt === undefined) return fallback * sampleCount;
  let duration = 0;
  for (let sample = 0; sample < sampleCount; sample++) duration += uint32(moof, durationAt + sample * sampleBytes);
  return duration;
}
