import type { Fragment } from '../../src/fmp4/fragment.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Track } from '../../src/fmp4/init-segment.js';

/** Builds one box of ISO BMFF; `size64` writes its size in the long form. */
export function box(type: string, payload: readonly Uint8Array[] = [], { size64 = false } = {}): Buffer {
  const body = Buffer.concat(payload);
  const header = Buffer.alloc(size64 ? 16 : 8);
  header.writeUInt32BE(size64 ? 1 : body.length + 8, 0);
  header.write(type, 4, 'latin1');
  if (size64) header.writeBigUInt64BE(BigInt(body.length + 16), 8);
  return Buffer.concat([header, body]);
}

export const videoTrack: Track = { kind: 'video', trackId: 1, timescale: 90_000, codec: 'avc1.42c01f', width: 640, height: 360, configuration: Buffer.from([1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0]) };
export const audioTrack: Track = { kind: 'audio', trackId: 2, timescale: 48_000, codec: 'mp4a.40.2', configuration: Buffer.from([0x11, 0x90]) };

/** A sample as a script says it, in seconds. */
export interface Sample {
  readonly track: Track;
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly keyframe: boolean;
}

/** ftyp and moov for tracks of these kinds, as small as a player could still read. */
export function initSegment(tracks: readonly Track[]): Buffer {
  const moov = box('moov', [box('mvhd', [Buffer.alloc(100)]), ...tracks.map(trak), box('mvex')]);
  return Buffer.concat([box('ftyp', [Buffer.from('iso6\0\0\0\0iso6mp41', 'latin1')]), moov]);
}

/** One moof and its mdat, each sample a track run of its own. */
export function fragmentBytes(samples: readonly Sample[], payload = Buffer.from('media')): Buffer {
  const moof = box('moof', [box('mfhd', [Buffer.alloc(8)]), ...samples.map(traf)]);
  return Buffer.concat([moof, box('mdat', [payload])]);
}

/** As fragmentBytes(), read back. The payload is its number, so that no two are alike. */
export function fragment(samples: readonly Sample[], number = 0): Fragment {
  const [event] = new FragmentReader().push(fragmentBytes(samples, Buffer.from(`media ${number};`)));
  if (event?.type !== 'fragment') throw new Error('expected a fragment');
  return event.fragment;
}

export interface Script {
  /** From one picture to the next; the last one is repeated for ever. None: no picture at all. */
  readonly gapsSeconds?: readonly number[];
  /** Whether the picture at this time is a keyframe. */
  readonly isKeyframe?: (startSeconds: number, index: number) => boolean;
  readonly withSound?: boolean;
  readonly seconds: number;
  /** Sound is left out from … to. */
  readonly silentSeconds?: readonly [number, number];
}

/** The samples of a scripted source in the order of their times; sound is AAC of 1024 at 48 kHz. */
export function samplesOf({ gapsSeconds, isKeyframe = everySeconds(1), withSound = false, seconds, silentSeconds }: Script): Sample[] {
  const samples: Sample[] = [];
  let start = 0;
  for (let index = 0; gapsSeconds && start < seconds - 1e-6; index++) {
    const gap = gapsSeconds[index] ?? gapsSeconds.at(-1) ?? 1;
    // Recorders stamp whole milliseconds.
    const next = Math.round((start + gap) * 1000) / 1000;
    samples.push({ track: videoTrack, startSeconds: start, durationSeconds: next - start, keyframe: isKeyframe(start, index) });
    start = next;
  }
  for (let tick = 0; withSound && tick < seconds * 48_000; tick += 1024) {
    const startSeconds = tick / 48_000;
    if (silentSeconds && startSeconds >= silentSeconds[0] && startSeconds < silentSeconds[1]) continue;
    samples.push({ track: audioTrack, startSeconds, durationSeconds: 1024 / 48_000, keyframe: true });
  }
  return samples.sort((a, b) => a.startSeconds - b.startSeconds || a.track.trackId - b.track.trackId);
}

/** A keyframe where this much time has gone by since the last. */
export function everySeconds(interval: number): (startSeconds: number) => boolean {
  let last = -Infinity;
  return (startSeconds) => {
    if (startSeconds - last < interval - 1e-6) return false;
    last = startSeconds;
    return true;
  };
}

export function tracksOf(samples: readonly Sample[]): Track[] {
  return [videoTrack, audioTrack].filter((track) => samples.some((sample) => sample.track === track));
}

function traf({ track, startSeconds, durationSeconds, keyframe }: Sample): Buffer {
  const tfhd = Buffer.alloc(8);
  tfhd.writeUInt32BE(0x020000, 0);
  tfhd.writeUInt32BE(track.trackId, 4);
  const tfdt = Buffer.alloc(12);
  tfdt.writeUInt8(1, 0);
  tfdt.writeBigUInt64BE(BigInt(Math.round(startSeconds * track.timescale)), 4);
  const trun = Buffer.alloc(16);
  trun.writeUInt32BE(0x000500, 0);
  trun.writeUInt32BE(1, 4);
  trun.writeUInt32BE(Math.round(durationSeconds * track.timescale), 8);
  trun.writeUInt32BE(keyframe ? 0x02000000 : 0x01010000, 12);
  return box('traf', [box('tfhd', [tfhd]), box('tfdt', [tfdt]), box('trun', [trun])]);
}

function trak(track: Track): Buffer {
  const tkhd = Buffer.alloc(84);
  tkhd.writeUInt32BE(track.trackId, 12);
  const mdhd = Buffer.alloc(24);
  mdhd.writeUInt32BE(track.timescale, 12);
  const stsd = box('stsd', [Buffer.alloc(8), track.kind === 'video' ? avc1(track.width, track.height) : mp4a()]);
  return box('trak', [box('tkhd', [tkhd]), box('mdia', [box('mdhd', [mdhd]), box('minf', [box('stbl', [stsd])])])]);
}

function avc1(width: number, height: number): Buffer {
  const entry = Buffer.alloc(78);
  entry.writeUInt16BE(width, 24);
  entry.writeUInt16BE(height, 26);
  return box('avc1', [entry, box('avcC', [videoTrack.configuration])]);
}

function mp4a(): Buffer {
  const specific = Buffer.from([5, audioTrack.configuration.length, ...audioTrack.configuration]);
  const config = Buffer.from([4, 13 + specific.length, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...specific]);
  const descriptor = Buffer.from([3, 3 + config.length, 0, 2, 0, ...config]);
  return box('mp4a', [Buffer.alloc(28), box('esds', [Buffer.alloc(4), descriptor])]);
}
