import type { SourceTrack } from './source-events.js';

/** Matroska's names, RFC 9559 and the Matroska codec registry; the first of a codec is the one that is written. */
const codecs: readonly (readonly [codecId: string, codec: string])[] = [
  ['V_MPEG4/ISO/AVC', 'h264'],
  ['V_MPEGH/ISO/HEVC', 'hevc'],
  ['V_VP8', 'vp8'],
  ['V_VP9', 'vp9'],
  ['V_AV1', 'av1'],
  ['V_MJPEG', 'mjpeg'],
  ['V_THEORA', 'theora'],
  ['V_MPEG1', 'mpeg1video'],
  ['V_MPEG2', 'mpeg2video'],
  ['V_MPEG4/ISO/ASP', 'mpeg4'],
  ['A_OPUS', 'opus'],
  ['A_VORBIS', 'vorbis'],
  ['A_AAC', 'aac'],
  ['A_MPEG/L3', 'mp3'],
  ['A_MPEG/L2', 'mp2'],
  ['A_FLAC', 'flac'],
  ['A_ALAC', 'alac'],
  ['A_EAC3', 'eac3'],
  ['A_AC3', 'ac3'],
  ['A_DTS', 'dts'],
  ['A_PCM', 'pcm'],
];

/** Of codecs that Matroska has no name of its own for: as in AVI and WAV files. */
const fourCharacterCodes: ReadonlyMap<string, string> = new Map(Object.entries({ flv1: 'FLV1', vp6f: 'VP6F', vp6a: 'VP6A', flashsv: 'FSV1', flashsv2: 'FSV2', mpeg4: 'mp4v', h263: 'H263' }));
const waveFormats: ReadonlyMap<string, number> = new Map(Object.entries({ alaw: 0x0006, mulaw: 0x0007, mp2: 0x0050, mp3: 0x0055, aac_latm: 0x1602, speex: 0xa109 }));

export function codecOf(codecId: string): string {
  return codecs.find(([prefix]) => codecId.startsWith(prefix))?.[1] ?? codecId.toLowerCase();
}

/** How a track's codec is named and what its decoder is told. */
export function matroskaCodec(track: SourceTrack): { readonly codecId: string; readonly configuration: Uint8Array | undefined } {
  const { codec, configuration, matroskaCodec: given } = track;
  if (given !== undefined) return { codecId: given, configuration };
  const known = codecs.find(([, name]) => name === codec)?.[0];
  if (known !== undefined) return { codecId: known, configuration };
  const fourCharacters = fourCharacterCodes.get(codec);
  if (fourCharacters !== undefined) return { codecId: 'V_MS/VFW/FOURCC', configuration: bitmapHeader(track, fourCharacters) };
  const waveFormat = waveFormats.get(codec);
  if (waveFormat !== undefined) return { codecId: 'A_MS/ACM', configuration: waveHeader(track, waveFormat) };
  return { codecId: `${track.kind === 'video' ? 'V' : 'A'}_${codec.toUpperCase()}`, configuration };
}

/** Whether there is a name for its codec that ffmpeg could know. */
export function canBeWritten({ codec, matroskaCodec: given }: SourceTrack): boolean {
  return given !== undefined || codecs.some(([, name]) => name === codec) || fourCharacterCodes.has(codec) || waveFormats.has(codec);
}

/** BITMAPINFOHEADER. */
function bitmapHeader({ width = 0, height = 0, configuration = new Uint8Array(0) }: SourceTrack, code: string): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40 + configuration.length, 0);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(24, 14);
  header.write(code, 16, 'latin1');
  return Buffer.concat([header, configuration]);
}

/** cbSize has 16 bits. */
const maxExtraBytes = 0xffff;

/** WAVEFORMATEX. */
function waveHeader({ sampleRate = 8000, channels = 1, sampleBits = 0, configuration: all = new Uint8Array(0) }: SourceTrack, format: number): Buffer {
  const configuration = all.subarray(0, maxExtraBytes);
  const header = Buffer.alloc(18);
  header.writeUInt16LE(format, 0);
  header.writeUInt16LE(channels, 2);
  header.writeUInt32LE(Math.round(sampleRate), 4);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(sampleBits, 14);
  header.writeUInt16LE(configuration.length, 16);
  return Buffer.concat([header, configuration]);
}
