import { childBoxes, findBox, uint32 } from './mp4-boxes.js';
import type { Mp4Track, SampleDefaults } from './mp4-tracks.js';

export interface Mp4Sample {
  readonly kind: 'video' | 'audio';
  /** When it is shown, on the recording's own clock. */
  readonly timeSeconds: number;
  readonly keyframe: boolean;
}

/** Every sample of a complete `moof` body, track by track, ISO/IEC 14496-12 §8.8. */
export function readMovieFragment(moof: Uint8Array, tracks: readonly Mp4Track[]): Mp4Sample[] {
  const samples: Mp4Sample[] = [];
  for (const { type, body: traf } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const tfhd = findBox(traf, ['tfhd']);
    const track = tfhd && tracks.find(({ id }) => id === uint32(tfhd, 4));
    if (tfhd === undefined || track === undefined) continue;
    const tfdt = findBox(traf, ['tfdt']) ?? new Uint8Array(8);
    let decodeTime = tfdt[0] === 1 ? uint32(tfdt, 4) * 2 ** 32 + uint32(tfdt, 8) : uint32(tfdt, 4);
    const defaults = readDefaults(tfhd, track.defaults);
    for (const box of childBoxes(traf)) {
      if (box.type === 'trun') decodeTime = readRun(box.body, track, defaults, decodeTime, samples);
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

/** Adds the samples of one `trun`; answers the decode time after its last. */
function readRun(trun: Uint8Array, track: Mp4Track, defaults: SampleDefaults, start: number, into: Mp4Sample[]): number {
  const present = uint32(trun, 0);
  const count = uint32(trun, 4);
  let at = 8 + (present & 0x1 ? 4 : 0);
  const firstFlags = present & 0x4 ? uint32(trun, at) : undefined;
  at += present & 0x4 ? 4 : 0;
  const sampleBytes = [0x100, 0x200, 0x400, 0x800].filter((bit) => present & bit).length * 4;
  // A count beyond the box's own bytes, or a huge one of nothing but defaults, is a lie or of no use to anybody.
  const credible = Math.min(count, sampleBytes === 0 ? 10_000 : Math.floor((trun.length - at) / sampleBytes));
  let decodeTime = start;
  for (let index = 0; index < credible; index += 1) {
    const field = (bit: number): number | undefined => {
      if (!(present & bit)) return undefined;
      at += 4;
      return uint32(trun, at - 4);
    };
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
