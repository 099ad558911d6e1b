import { childBoxes, findBox, type BoxPlace } from '../isobmff/boxes.js';
import { readDecoderConfig } from '../isobmff/descriptors.js';
import { inSquarePixels } from './square-pixels.js';

export interface VideoTrack {
  readonly kind: 'video';
  readonly trackId: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** RFC 6381 §3.3, e.g. `avc1.42c01f`. */
  readonly codec: string;
  /** As it is shown: in square pixels. */
  readonly width: number;
  readonly height: number;
  /** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 §5.3.3. */
  readonly configuration: Buffer;
}

export interface AudioTrack {
  readonly kind: 'audio';
  readonly trackId: number;
  readonly timescale: number;
  /** RFC 6381 §3.3, e.g. `mp4a.40.2`. */
  readonly codec: string;
  /** AudioSpecificConfig, ISO/IEC 14496-3 §1.6.2; empty where there is none. */
  readonly configuration: Buffer;
}

export type Track = VideoTrack | AudioTrack;

/** The track by which media is cut and counted: the picture, or, without one, the first sound. */
export function leadOf(tracks: readonly Track[]): Track | undefined {
  return tracks.find(({ kind }) => kind === 'video') ?? tracks[0];
}

/** What a player must know before the first fragment: ftyp and moov. */
export interface InitSegment {
  readonly bytes: Buffer;
  readonly tracks: readonly Track[];
  /** The tracks' codecs joined by commas, picture first. */
  readonly codecs: string;
}

/**
 * What is the same of two init segments where a decoder that has one of them can go on with the media of the other: the tracks, and how their sound is set
 * up. Pictures bring their parameter sets themselves, whatever they are (docs/decisions/0009-one-clock.md).
 */
export function tracksOf({ tracks }: InitSegment): string {
  return tracks.map((track) => [track.kind, track.trackId, track.timescale, track.kind === 'audio' ? track.configuration.toString('hex') : track.codec.slice(0, 4)].join(' ')).join();
}

/**
 * Reads the tracks of an init segment.
 * @param bytes ftyp and moov, whole
 * @throws {RangeError} when there is no track with a codec that Onair can send
 */
export function readInitSegment(bytes: Buffer): InitSegment {
  const moov = findBox(bytes, ['moov']);
  if (!moov) throw new RangeError('expected an init segment with a moov box, got none');
  const tracks: Track[] = [];
  for (const child of childBoxes(bytes, moov.start, moov.end)) {
    if (child.type !== 'trak') continue;
    const track = readTrack(bytes, child);
    if (track) tracks.push(track);
  }
  if (tracks.length === 0) throw new RangeError('expected an init segment with a video or audio track, got none');
  tracks.sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'video' ? -1 : 1));
  return { bytes, tracks, codecs: tracks.map((track) => track.codec).join(',') };
}

function readTrack(bytes: Buffer, trak: BoxPlace): Track | undefined {
  const tkhd = findBox(bytes, ['tkhd'], trak);
  const mdhd = findBox(bytes, ['mdia', 'mdhd'], trak);
  const stsd = findBox(bytes, ['mdia', 'minf', 'stbl', 'stsd'], trak);
  if (!tkhd || !mdhd || !stsd) return undefined;
  const trackId = bytes.readUInt32BE(tkhd.start + (bytes[tkhd.start] === 1 ? 20 : 12));
  const timescale = bytes.readUInt32BE(mdhd.start + (bytes[mdhd.start] === 1 ? 20 : 12));
  if (timescale === 0) throw new RangeError('expected a timescale of 1 or more ticks a second, got 0');
  const [entry] = childBoxes(bytes, stsd.start + 8, stsd.end);
  switch (entry?.type) {
    case 'avc1':
      return { kind: 'video', trackId, timescale, ...readVisualSampleEntry(bytes, entry) };
    case 'mp4a':
      return { kind: 'audio', trackId, timescale, ...readAudioSampleEntry(bytes, entry) };
    default:
      return undefined;
  }
}

/** ISO/IEC 14496-12 §12.1.3 and the avcC box of ISO/IEC 14496-15 §5.3.3. */
function readVisualSampleEntry(bytes: Buffer, entry: BoxPlace): Pick<VideoTrack, 'codec' | 'width' | 'height' | 'configuration'> {
  const avcC = findBox(bytes, ['avcC'], { start: entry.start + 78, end: entry.end });
  if (!avcC) throw new RangeError('expected an avc1 sample entry with an avcC box, got none');
  const pasp = findBox(bytes, ['pasp'], { start: entry.start + 78, end: entry.end });
  // ISO/IEC 14496-12 §12.1.4.
  const aspect = pasp && ([bytes.readUInt32BE(pasp.start), bytes.readUInt32BE(pasp.start + 4)] as const);
  const stored = { width: bytes.readUInt16BE(entry.start + 24), height: bytes.readUInt16BE(entry.start + 26) };
  return {
    codec: `avc1.${bytes.toString('hex', avcC.start + 1, avcC.start + 4)}`,
    ...inSquarePixels(stored, aspect),
    configuration: bytes.subarray(avcC.start, avcC.end),
  };
}

/** The object type indications of an esds box, ISO/IEC 14496-14 §5.6 and 14496-3 §1.6.2. */
function readAudioSampleEntry(bytes: Buffer, entry: BoxPlace): Pick<AudioTrack, 'codec' | 'configuration'> {
  const esds = findBox(bytes, ['esds'], { start: entry.start + 28, end: entry.end });
  const config = esds && readDecoderConfig(bytes.subarray(esds.start, esds.end));
  if (!config) throw new RangeError('expected an mp4a sample entry with a decoder configuration, got none');
  const objectType = config.objectType.toString(16);
  const [first] = config.specific ?? [];
  const codec = first === undefined ? `mp4a.${objectType}` : `mp4a.${objectType}.${first >> 3}`;
  return { codec, configuration: Buffer.from(config.specific ?? []) };
}
