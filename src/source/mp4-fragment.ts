import { childBoxes, findBox, uint32 } from './mp4-boxes.js';
import type { Mp4Track, SampleDefaults } from './mp4-tracks.js';

export interface Mp4Sample {
  readonly kind: 'video' | 'audio';
  /** When it is shown, on the recording's own clock. */
  readonly timeSeconds: number;
  readonly keyframe: boolean;
}

/** Samples of one fragment of which it says nothing but that they are there: more would cost it no bytes, and be of no use to anybody. */
const maxUnsaidSamples = 10_000;

/** Every sample of a complete `moof` body, track by track, ISO/IEC 14496-12 §8.8. */
export function readMovieFragment(moof: Uint8Array, tracks: readonly Mp4Track[]): Mp4Sample[] {
  const samples: Mp4Sample[] = [];
  let unsaidLeft = maxUnsaidSamples;
  for (const { type, body: traf } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const tfhd = findBox(traf, ['tfhd']);
    const track = tfhd && tracks.find(({ id }) => id === uint32(tfhd, 4));
    if (tfhd === undefined || track === undefined) continue;
    const tfdt = findBox(traf, ['tfdt']) ?? new Uint8Array(8);
    let decodeTime = tfdt[0] === 1 ? uint32(tfdt, 4) * 2 ** 32 + uint32(tfdt, 8) : uint32(tfdt, 4);
    const defaults = readDefaults(tfhd, track.defaults);
    for (const box of childBoxes(traf)) {
      if (box.type !== 'trun') continue;
      const run = readRunHead(box.body, unsaidLeft);
      if (run.sampleBytes === 0) unsaidLeft -= run.count;
      decodeTime = readRun(box.body, run, { track, defaults, start: decodeTime, into: samples });
    }
  }
  return samples;
}

function readDefaults(tfhd: Uint8Array, fallback: SampleDefaults): SampleDefaults {
  const present = uint32(tfhd, 0);
  let at = 8;
  const next = (bit: number, bytes = 4): number | undefined => {
    if (!(present & bit)) return undefined;
    at += bytes;
    return uint32(tfhd, at - 4);
  };
  next(0x1, 8); // base-data-offset
  next(0x2); // sample-description-index
  const duration = next(0x8) ?? fallback.duration;
  next(0x10); // default-sample-size
  return { duration, flags: next(0x20) ?? fallback.flags };
}

interface RunHead {
  readonly present: number;
  readonly firstFlags: number | undefined;
  /** Where the fields of the samples begin, and how many bytes of them each sample has. */
  readonly at: number;
  readonly sampleBytes: number;
  /** As many as there can be. */
  readonly count: number;
}

function readRunHead(trun: Uint8Array, unsaidLeft: number): RunHead {
  const present = uint32(trun, 0);
  const claimed = uint32(trun, 4);
  const flagsAt = 8 + (present & 0x1 ? 4 : 0);
  const at = flagsAt + (present & 0x4 ? 4 : 0);
  const sampleBytes = [0x100, 0x200, 0x400, 0x800].filter((bit) => present & bit).length * 4;
  // A count beyond the box's own bytes is a lie.
  const count = Math.min(claimed, sampleBytes === 0 ? unsaidLeft : Math.max(0, Math.floor((trun.length - at) / sampleBytes)));
  return { present, firstFlags: present & 0x4 ? uint32(trun, flagsAt) : undefined, at, sampleBytes, count };
}

/** Adds the samples of one `trun`; answers the decode time after its last. */
function readRun(trun: Uint8Array, run: RunHead, { track, defaults, start, into }: { track: Mp4Track; defaults: SampleDefaults; start: number; into: Mp4Sample[] }): number {
  const { present, firstFlags } = run;
  let { at } = run;
  const field = (bit: number): number | undefined => {
    if (!(present & bit)) return undefined;
    at += 4;
    return uint32(trun, at - 4);
  };
  let decodeTime = start;
  for (let index = 0; index < run.count; index += 1) {
    const duration = field(0x100) ?? defaults.duration;
    field(0x200);
    const flags = field(0x400) ?? (index === 0 ? firstFlags : undefined) ?? defaults.flags;
    const compositionOffset = (field(0x800) ?? 0) | 0;
    into.push({
      kind: track.kind,
      timeSeconds: (decodeTime + compositionOffset) / track.timescale,
      keyframe: track.kind === 'audio' || (flags & 0x10000) === 0, // sample_is_non_sync_sample
    });
    decodeTime += duration;
  }
  return decodeTime;
}
