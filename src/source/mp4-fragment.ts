import { childBoxes, findBox, uint32 } from './mp4-boxes.js';
import { uint64, type Mp4Track, type SampleDefaults } from './mp4-tracks.js';

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
  for (const { type, body: traf } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const tfhd = findBox(traf, ['tfhd']);
    const track = tfhd && tracks.get(uint32(tfhd, 4));
    if (tfhd === undefined || track === undefined) continue;
    const { defaults, base } = readHeader(tfhd, track.defaults, moofAt, dataAt);
    const state: Traf = { track, defaults, base, dataAt: base, decodeTime: decodeTimeOf(traf) ?? decodedTo.get(track.id) ?? 0 };
    for (const box of childBoxes(traf, maxRuns)) {
      if (box.type === 'trun') readRun(box.body, state, samples, budget);
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
  if (tfdt) return tfdt[0] === 1 ? uint64(tfdt, 4) : uint32(tfdt, 4);
  const tfxd = [...childBoxes(traf)].find(({ type, body }) => type === 'uuid' && tfxdId.every((byte, index) => body[index] === byte))?.body.subarray(tfxdId.length);
  return tfxd && (tfxd[0] === 1 ? uint64(tfxd, 4) : uint32(tfxd, 4));
}

/** @param dataAt where the data of the track before ends */
function readHeader(tfhd: Uint8Array, fallback: SampleDefaults, moofAt: number, dataAt: number | undefined): { defaults: SampleDefaults; base: number } {
  const present = uint32(tfhd, 0);
  let at = 8;
  const next = (bit: number): number | undefined => {
    if (!(present & bit)) return undefined;
    at += 4;
    return uint32(tfhd, at - 4);
  };
  const absolute = present & 0x1 ? uint64(tfhd, at) : undefined; // base-data-offset
  if (absolute !== undefined) at += 8;
  const isMoofBased = (present & 0x20000) !== 0;
  const description = next(0x2) ?? fallback.description;
  const duration = next(0x8) ?? fallback.duration;
  const size = next(0x10) ?? fallback.size;
  const flags = next(0x20) ?? fallback.flags;
  return { defaults: { description, duration, size, flags }, base: absolute ?? (isMoofBased ? moofAt : (dataAt ?? moofAt)) };
}

/** Adds the samples of one `trun`. */
function readRun(trun: Uint8Array, traf: Traf, into: Mp4Sample[], budget: SampleBudget): void {
  const present = uint32(trun, 0);
  const count = uint32(trun, 4);
  let at = 8;
  if (present & 0x1) traf.dataAt = traf.base + (uint32(trun, at) | 0);
  at += present & 0x1 ? 4 : 0;
  const firstFlags = present & 0x4 ? uint32(trun, at) : undefined;
  at += present & 0x4 ? 4 : 0;
  const sampleBytes = [0x100, 0x200, 0x400, 0x800].filter((bit) => present & bit).length * 4;
  if (sampleBytes === 0) budget.unsaid -= count;
  if (budget.unsaid < 0) return;
  // A count beyond the box's own bytes is a lie.
  const credible = Math.min(count, sampleBytes === 0 ? count : Math.max(0, Math.floor((trun.length - at) / sampleBytes)));
  const { track, defaults } = traf;
  for (let index = 0; index < credible && into.length <= maxFragmentSamples; index += 1) {
    const field = (bit: number): number | undefined => {
      if (!(present & bit)) return undefined;
      at += 4;
      return uint32(trun, at - 4);
    };
    const duration = field(0x100) ?? defaults.duration;
    const size = field(0x200) ?? defaults.size;
    const flags = field(0x400) ?? (index === 0 ? firstFlags : undefined) ?? defaults.flags;
    const compositionOffset = (field(0x800) ?? 0) | 0;
    into.push({
      track,
      description: defaults.description - 1,
      offset: traf.dataAt,
      size,
      timeSeconds: (traf.decodeTime + compositionOffset) / track.timescale - track.startSeconds,
      decodeSeconds: traf.decodeTime / track.timescale - track.startSeconds,
      keyframe: track.kind === 'audio' || (flags & 0x10000) === 0, // sample_is_non_sync_sample
    });
    traf.decodeTime += duration;
    traf.dataAt += size;
  }
}
