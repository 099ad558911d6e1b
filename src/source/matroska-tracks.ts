import { children, float, text, unsigned } from './ebml.js';
import { maxTracks, type SourceTrack } from './source-events.js';

/** Element ids of RFC 9559 that matter to a live stream. */
export const elementId = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cues: 0x1c53bb6b,
  tags: 0x1254c367,
  chapters: 0x1043a770,
  attachments: 0x1941a469,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
} as const;

const codecs: readonly (readonly [codecId: string, codec: string])[] = [
  ['V_MPEG4/ISO/AVC', 'h264'],
  ['V_MPEGH/ISO/HEVC', 'hevc'],
  ['V_VP8', 'vp8'],
  ['V_VP9', 'vp9'],
  ['V_AV1', 'av1'],
  ['V_MJPEG', 'mjpeg'],
  ['V_THEORA', 'theora'],
  ['A_OPUS', 'opus'],
  ['A_VORBIS', 'vorbis'],
  ['A_AAC', 'aac'],
  ['A_MPEG/L3', 'mp3'],
  ['A_FLAC', 'flac'],
  ['A_AC3', 'ac3'],
  ['A_PCM', 'pcm'],
];

/** The video and audio tracks of a complete Tracks element, RFC 9559 §5.1.4; undefined where there are too many of any kind. */
export function readTracks(data: Uint8Array): SourceTrack[] | undefined {
  const tracks: SourceTrack[] = [];
  let entries = 0;
  for (const { id, data: entry } of children(data)) {
    if (id === elementId.trackEntry && ++entries > maxTracks) return undefined;
    const track = id === elementId.trackEntry ? readTrack(entry) : undefined;
    if (track !== undefined) tracks.push(track);
  }
  return tracks;
}

/** TimestampScale of a complete Info element in seconds a tick; 1 ms when absent. */
export function readTickSeconds(data: Uint8Array): number {
  for (const element of children(data)) {
    if (element.id === elementId.timestampScale) return unsigned(element.data) / 1e9;
  }
  return 0.001;
}

/** A recorder with frames further apart than this has no even frame rate to tell. */
const believableFrameSeconds = 1;

function readTrack(entry: Uint8Array): SourceTrack | undefined {
  let number = 0;
  let type = 0;
  let codecId = '';
  let codecPrivate: Uint8Array | undefined;
  const facts: { width?: number; height?: number; sampleRate?: number; channels?: number; claimedFrameSeconds?: number } = {};
  for (const { id, data } of children(entry)) {
    if (id === elementId.trackNumber) number = unsigned(data);
    else if (id === elementId.trackType) type = unsigned(data);
    else if (id === elementId.codecId) codecId = text(data);
    else if (id === elementId.codecPrivate) codecPrivate = data;
    else if (id === elementId.defaultDuration && unsigned(data) / 1e9 > believableFrameSeconds) facts.claimedFrameSeconds = unsigned(data) / 1e9;
    else if (id === elementId.video) {
      for (const child of children(data)) {
        if (child.id === elementId.pixelWidth) facts.width = unsigned(child.data);
        if (child.id === elementId.pixelHeight) facts.height = unsigned(child.data);
      }
    } else if (id === elementId.audio) {
      for (const child of children(data)) {
        if (child.id === elementId.samplingFrequency) facts.sampleRate = float(child.data);
        if (child.id === elementId.channels) facts.channels = unsigned(child.data);
      }
      facts.sampleRate ??= 8000; // the defaults of RFC 9559 §5.1.4.1.29
      facts.channels ??= 1;
    }
  }
  if (type !== 1 && type !== 2) return undefined;
  const codec = codecs.find(([prefix]) => codecId.startsWith(prefix))?.[1] ?? codecId.toLowerCase();
  return {
    id: number,
    kind: type === 1 ? 'video' : 'audio',
    codec,
    ...facts,
    ...(codec === 'h264' && codecPrivate !== undefined && profileAndLevel(codecPrivate)),
  };
}

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 §5.3.3.1. */
export function profileAndLevel(avcC: Uint8Array): { profile: number; level: number } | undefined {
  const [version, profile, , level] = avcC;
  return version === 1 && profile !== undefined && level !== undefined ? { profile, level } : undefined;
}
