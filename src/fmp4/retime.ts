import { childBoxes, type BoxPlace } from '../isobmff/boxes.js';
import { readTrackFragmentHeader, readTrackRunLayout } from '../isobmff/track-fragment.js';
import type { Fragment, TrackRun } from './fragment.js';

/** Where a track run is to stand. */
export interface RunTime {
  /** tfdt, in ticks of the track's timescale, 0 or more. */
  readonly baseMediaDecodeTime: number;
  /** How much earlier than that its samples are to be shown, in ticks, so that pictures keep their time. */
  readonly shownEarlier?: number | undefined;
  /** No sample lasts less, in ticks. */
  readonly shortestSample?: number | undefined;
}

/**
 * The fragment at other times, and with another number (ISO/IEC 14496-12 §8.8.5, §8.8.8, §8.8.12). Its own bytes are changed: nobody may
 * have been given them yet.
 * @throws {RangeError} when a decode time has 32 bits and must not: ffmpeg writes 64
 */
export function retimed(fragment: Fragment, sequenceNumber: number, timeOf: (run: TrackRun) => RunTime): Fragment {
  const { bytes } = fragment;
  const runs: TrackRun[] = [];
  let index = 0;
  const moofEnd = bytes.readUInt32BE(0);
  for (const child of childBoxes(bytes, 8, moofEnd)) {
    if (child.type === 'mfhd') bytes.writeUInt32BE(sequenceNumber % 2 ** 32, child.start + 4);
    const run = child.type === 'traf' ? fragment.runs[index++] : undefined;
    if (!run) continue;
    const time = timeOf(run);
    const addedTicks = writeTime(bytes, child, time);
    runs.push({ ...run, baseMediaDecodeTime: time.baseMediaDecodeTime, duration: run.duration + addedTicks });
  }
  return { bytes, runs };
}

/** @returns by how many ticks its samples last longer now */
function writeTime(bytes: Buffer, traf: BoxPlace, { baseMediaDecodeTime, shownEarlier = 0, shortestSample = 0 }: RunTime): number {
  let addedTicks = 0;
  let addedToEach = 0;
  for (const box of childBoxes(bytes, traf.start, traf.end)) {
    if (box.type === 'tfdt') writeDecodeTime(bytes, box, baseMediaDecodeTime);
    else if (box.type === 'tfhd') addedToEach = lengthen(bytes, readTrackFragmentHeader(bytes, box).durationAt, shortestSample);
    else if (box.type === 'trun') {
      if (shownEarlier !== 0) moveComposition(bytes, box, -shownEarlier);
      addedTicks += lengthenSamples(bytes, box, shortestSample, addedToEach);
    }
  }
  return addedTicks;
}

/** @param addedToEach to samples whose duration is said for all of them @returns what was added to all together */
function lengthenSamples(bytes: Buffer, trun: BoxPlace, shortestTicks: number, addedToEach: number): number {
  const { durationAt, sampleBytes, sampleCount } = readTrackRunLayout(bytes, trun);
  if (durationAt === undefined) return addedToEach * sampleCount;
  let addedTicks = 0;
  for (let index = 0; index < sampleCount; index++) addedTicks += lengthen(bytes, durationAt + index * sampleBytes, shortestTicks);
  return addedTicks;
}

function lengthen(bytes: Buffer, durationAt: number | undefined, shortestTicks: number): number {
  if (durationAt === undefined) return 0;
  const missing = shortestTicks - bytes.readUInt32BE(durationAt);
  if (missing <= 0) return 0;
  bytes.writeUInt32BE(shortestTicks, durationAt);
  return missing;
}

function writeDecodeTime(bytes: Buffer, { start }: BoxPlace, ticks: number): void {
  if (bytes[start] === 1) bytes.writeBigUInt64BE(BigInt(ticks), start + 4);
  else if (ticks < 2 ** 32) bytes.writeUInt32BE(ticks, start + 4);
  else throw new RangeError(`expected a decode time of 64 bits for ${ticks} ticks, got one of 32`);
}

/** Samples without composition offsets stay: they are shown when they are decoded. */
function moveComposition(bytes: Buffer, trun: BoxPlace, by: number): void {
  const { compositionOffsetAt, sampleBytes, sampleCount } = readTrackRunLayout(bytes, trun);
  if (compositionOffsetAt === undefined) return;
  bytes[trun.start] = 1; // signed offsets
  for (let index = 0; index < sampleCount; index++) {
    const at = compositionOffsetAt + index * sampleBytes;
    bytes.writeInt32BE(Math.max(-(2 ** 31), bytes.readInt32BE(at) + by), at);
  }
}
