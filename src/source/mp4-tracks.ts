import { profileAndLevel } from './matroska-tracks.js';
import { boxType, childBoxes, findBox, uint16, uint32 } from './mp4-boxes.js';
import { maxTracks, type SourceTrack } from './source-events.js';

/** What a movie fragment leaves unsaid about its samples. */
export interface SampleDefaults {
  readonly duration: number;
  readonly flags: number;
}

export interface Mp4Track extends SourceTrack {
  readonly timescale: number;
  readonly defaults: SampleDefaults;
}

const codecs: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  vp08: 'vp8',
  vp09: 'vp9',
  av01: 'av1',
  mp4a: 'aac',
  Opus: 'opus',
  fLaC: 'flac',
  '.mp3': 'mp3',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
};

/** The video and audio tracks of a complete `moov` body; undefined where there are too many of any kind. */
export function readMovie(moov: Uint8Array): Mp4Track[] | undefined {
  const defaults = new Map<number, SampleDefaults>();
  for (const { type, body } of childBoxes(findBox(moov, ['mvex']) ?? new Uint8Array(0))) {
    if (type === 'trex') defaults.set(uint32(body, 4), { duration: uint32(body, 12), flags: uint32(body, 20) });
  }
  const tracks: Mp4Track[] = [];
  let entries = 0;
  for (const { type, body } of childBoxes(moov)) {
    if (type === 'trak' && ++entries > maxTracks) return undefined;
    const track = type === 'trak' ? readTrack(body) : undefined;
    if (track !== undefined) tracks.push({ ...track, defaults: defaults.get(track.id) ?? { duration: 0, flags: 0 } });
  }
  return tracks;
}

function readTrack(trak: Uint8Array): Omit<Mp4Track, 'defaults'> | undefined {
  const tkhd = findBox(trak, ['tkhd']);
  const mdhd = findBox(trak, ['mdia', 'mdhd']);
  const hdlr = findBox(trak, ['mdia', 'hdlr']);
  const stsd = findBox(trak, ['mdia', 'minf', 'stbl', 'stsd']);
  if (tkhd === undefined || mdhd === undefined || hdlr === undefined || stsd === undefined) return undefined;
  // Version 1 of tkhd and mdhd has 64-bit times before the field looked for, ISO/IEC 14496-12 §8.3.2 and §8.4.2.
  const id = uint32(tkhd, tkhd[0] === 1 ? 20 : 12);
  const timescale = uint32(mdhd, mdhd[0] === 1 ? 20 : 12) || 1;
  const handler = boxType(hdlr, 4);
  const [entry] = childBoxes(stsd.subarray(8));
  if (entry === undefined) return undefined;
  if (handler === 'vide') {
    const avcC = findBox(entry.body.subarray(78), ['avcC']);
    const codec = codecs[entry.type] ?? entry.type;
    const size = { width: uint16(entry.body, 24), height: uint16(entry.body, 26) };
    return { id, kind: 'video', timescale, codec, ...size, ...(avcC !== undefined && profileAndLevel(avcC)) };
  }
  if (handler === 'soun') {
    const codec = entry.type === 'mp4a' ? mp4aCodec(entry.body) : (codecs[entry.type] ?? entry.type);
    const facts = { channels: uint16(entry.body, 16), sampleRate: uint16(entry.body, 24) };
    return { id, kind: 'audio', timescale, codec, ...facts };
  }
  return undefined;
}

/** `mp4a` also carries MP3: the objectTypeIndication of its DecoderConfigDescriptor tells, ISO/IEC 14496-1 §7.2.6.6. */
function mp4aCodec(entry: Uint8Array): string {
  const esds = findBox(entry.subarray(28), ['esds']);
  if (esds === undefined) return 'aac';
  let at = descriptorBody(esds, 4); // after version and flags: ES_Descriptor
  const streamFlags = esds[at + 2] ?? 0;
  at += 3 + (streamFlags & 0x80 ? 2 : 0) + (streamFlags & 0x20 ? 2 : 0);
  const objectType = esds[descriptorBody(esds, at)] ?? 0x40;
  return objectType === 0x69 || objectType === 0x6b ? 'mp3' : 'aac';
}

/** Where a descriptor's fields begin: after its tag and a length of one to four bytes. */
function descriptorBody(bytes: Uint8Array, at: number): number {
  let next = at + 1;
  while (next < at + 4 && (bytes[next] ?? 0) & 0x80) next += 1;
  return next + 1;
}
