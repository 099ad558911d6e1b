import { boxBodies, childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { uint32, uint64 } from '../isobmff/numbers.js';
import { isSync, readDecodeTime, readRunSample, readTrackFragmentHeader, readTrackRunLayout } from '../isobmff/track-fragment.js';
import type { Mp4Track, SampleDefaults } from './mp4-tracks.js';

/** Where a sample lies, and what is said of it. */
export interface Mp4Sample {
  readonly track: Mp4Track;
  /** Index into the track's descriptions. */
  readonly description: number;
  /** From the beginning of the recording on. */
  readonly offset: number;
  readonly size: number;
  /** On the recording's own clock. */
  readonly timeSeconds: number;
  readonly decodeSeconds: number;
  readonly keyframe: boolean;
}

/** Sound is not cut into smaller samples, in the long run. */
export const leastSampleBytes = 2;

/** Samples of which a fragment says nothing but that they are there cost none of its bytes: their media's pays for them. */
export interface SampleBudget {
  unsaid: number;
}

/** Some minutes of picture and sound: fragments are as long as what is played in one go, and read in one go. */
const maxFragmentSamples = 20_000;
/** A run for each sample, where picture and sound lie side by side. */
const maxRuns = maxFragmentSamples;

/** `tfxd`, [MS-SSTR] §2.2.4.4. */
const tfxdId = [0x6d, 0x1d, 0x9b, 0x05, 0x42, 0xd5, 0x44, 0xe6, 0x80, 0xe2, 0x14, 0x1d, 0xaf, 0xf7, 0x57, 0xb2];

interface Traf {
  readonly track: Mp4Track;
  readonly defaults: SampleDefaults;
  decodeTime: number;
  /** What the data offsets of its runs are counted from. */
  readonly base: number;
  /** Where the next run's data begins, unless it says so itself. */
  dataAt: number;
}

/**
 * Every sample of a complete `moof` body, in the order of the bytes, ISO/IEC 14496-12 §8.8, or why it is too much, in words.
 * @param moofAt where the `moof` begins in its recording
 * @param decodedTo up to where each track was decoded by the fragments before, in its timescale; brought up to date
 */
export function readMovieFragment(moof: Uint8Array, tracks: ReadonlyMap<number, Mp4Track>, moofAt: number, budget: SampleBudget, decodedTo: Map<number, number>): Mp4Sample[] | string {
  const samples: Mp4Sample[] = [];
  let dataAt: number | undefined;
  for (const { type, body: traf } of boxBodies(moof)) {
    if (type !== 'traf') continue;
    const tfhd = findBox(traf, ['tfhd']);
    const header = tfhd && readTrackFragmentHeader(traf, tfhd);
    const track = header && tracks.get(header.trackId);
    if (header === undefined || track === undefined) continue;
    const defaults = {
      description: header.description ?? track.defaults.description,
      duration: header.duration ?? track.defaults.duration,
      size: header.size ?? track.defaults.size,
      flags: header.flags ?? track.defaults.flags,
    };
    // Without a word on it, the data of a track follows that of the one before.
    const base = header.baseDataOffset ?? (header.baseIsMoof ? moofAt : (dataAt ?? moofAt));
    const state: Traf = { track, defaults, base, dataAt: base, decodeTime: decodeTimeOf(traf) ?? decodedTo.get(track.id) ?? 0 };
    for (const box of childBoxes(traf, 0, traf.length, maxRuns)) {
      if (box.type === 'trun') readRun(traf, box, state, samples, budget);
    }
    if (budget.unsaid < 0) return `expected frames of ${leastSampleBytes} bytes at least, got more frames than that`;
    if (samples.length > maxFragmentSamples) return `expected at most ${maxFragmentSamples} frames in a movie fragment, got more`;
    dataAt = state.dataAt;
    decodedTo.set(track.id, state.decodeTime);
  }
  return samples.sort((one, other) => one.offset - other.offset);
}

/** Of the `tfdt` (§8.8.12), or of the box that Smooth Streaming has instead; undefined: it follows what came before it. */
function decodeTimeOf(traf: Uint8Array): number | undefined {
  const tfdt = findBox(traf, ['tfdt']);
  if (tfdt) return readDecodeTime(traf, tfdt);
  const tfxd = [...boxBodies(traf)].find(({ type, body }) => type === 'uuid' && tfxdId.every((byte, index) => body[index] === byte))?.body.subarray(tfxdId.length);
  return tfxd && (tfxd[0] === 1 ? uint64(tfxd, 4) : uint32(tfxd, 4));
}

/** Adds the samples of one `trun`. */
function readRun(bytes: Uint8Array, trun: BoxPlace, traf: Traf, into: Mp4Sample[], budget: SampleBudget): void {
  const run = readTrackRunLayout(bytes, trun);
  if (run.dataOffset !== undefined) traf.dataAt = traf.base + run.dataOffset;
  if (run.sampleBytes === 0) budget.unsaid -= run.claimedSamples;
  if (budget.unsaid < 0) return;
  const { track, defaults } = traf;
  for (let index = 0; index < run.sampleCount && into.length <= maxFragmentSamples; index += 1) {
    const { duration, size, flags, compositionOffset } = readRunSample(bytes, run, index, defaults);
    into.push({
      track,
      description: defaults.description - 1,
      offset: traf.dataAt,
      size,
      timeSeconds: (traf.decodeTime + compositionOffset) / track.timescale - track.startSeconds,
      decodeSeconds: traf.decodeTime / track.timescale - track.startSeconds,
      keyframe: track.kind === 'audio' || isSync(flags),
    });
    traf.decodeTime += duration;
    traf.dataAt += size;
  }
}
