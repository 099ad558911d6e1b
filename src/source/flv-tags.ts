import type { ByteFeed } from './byte-feed.js';
import { profileAndLevel } from './matroska-tracks.js';
import type { SourceTrack } from './source-events.js';

/** What stands before a tag's body: type, size, timestamp, stream id; Adobe FLV 10.1 §E.4.1. */
export const tagHeadBytes = 11;
/** After each body stands how long its tag was. */
export const backPointerBytes = 4;

export const tagType = { audio: 8, video: 9, script: 18 } as const;

export interface TagHead {
  readonly type: number;
  readonly bodyBytes: number;
  /** Decode time, signed: it wraps after 24.9 days. */
  readonly timeSeconds: number;
}

/** One audio or video tag: a frame, or what a decoder has to know first. */
export interface MediaTag {
  readonly kind: 'video' | 'audio';
  readonly holds: 'frame' | 'config' | 'nothing';
  readonly keyframe: boolean;
  readonly codec: string;
}

/** Where in a tag's body its AVCDecoderConfigurationRecord or AudioSpecificConfig begins. */
const videoConfigAt = 5;
const audioConfigAt = 2;

const videoCodecs: Readonly<Record<number, string>> = { 2: 'flv1', 3: 'flashsv', 4: 'vp6f', 5: 'vp6a', 6: 'flashsv2', 7: 'h264', 12: 'hevc' };
/** Of Enhanced RTMP, which names codecs by four characters. */
const fourCharacterCodecs: Readonly<Record<string, string>> = { avc1: 'h264', hvc1: 'hevc', av01: 'av1', vp08: 'vp8', vp09: 'vp9', mp4a: 'aac', Opus: 'opus', fLaC: 'flac', '.mp3': 'mp3', 'ac-3': 'ac3', 'ec-3': 'eac3' };
const audioCodecs: Readonly<Record<number, string>> = { 2: 'mp3', 7: 'alaw', 8: 'mulaw', 10: 'aac', 11: 'speex', 14: 'mp3' };

/** The head at the feed's position; undefined until its bytes have come. Consumes nothing. */
export function peekTagHead(feed: ByteFeed): TagHead | undefined {
  const head = feed.peek(tagHeadBytes);
  if (head === undefined) return undefined;
  const [type = 0, , , , , , , extension = 0] = head;
  return { type: type & 0x1f, bodyBytes: uint24(head, 1), timeSeconds: ((extension << 24) | uint24(head, 4)) / 1000 };
}

/** What the first bytes of an audio tag's body say: Adobe FLV 10.1 §E.4.2.1, Enhanced RTMP v2 §ExAudioTagHeader. */
export function readAudioTag(body: Uint8Array): MediaTag {
  const [first = 0, second = 0] = body;
  const format = first >> 4;
  if (format === 9) return { kind: 'audio', codec: fourCharacterCodec(body), holds: heldBy(first & 0x0f), keyframe: true };
  const codec = audioCodecs[format] ?? `flv audio ${format}`;
  return { kind: 'audio', codec, holds: format === 10 && second === 0 ? 'config' : 'frame', keyframe: true };
}

/** What the first bytes of a video tag's body say: Adobe FLV 10.1 §E.4.3.1, Enhanced RTMP v2 §ExVideoTagHeader. */
export function readVideoTag(body: Uint8Array): MediaTag {
  const [first = 0, second = 0] = body;
  const frameType = (first >> 4) & 0x07;
  const base = { kind: 'video', keyframe: frameType === 1 } as const;
  // A server's own signal, no picture.
  if (frameType === 5) return { ...base, codec: videoCodecs[first & 0x0f] ?? '', holds: 'nothing' };
  if (first & 0x80) return { ...base, codec: fourCharacterCodec(body), holds: heldBy(first & 0x0f) };
  const id = first & 0x0f;
  const codec = videoCodecs[id] ?? `flv video ${id}`;
  const isPacketed = codec === 'h264' || codec === 'hevc';
  return { ...base, codec, holds: !isPacketed ? 'frame' : second === 0 ? 'config' : second === 1 ? 'frame' : 'nothing' };
}

/** A track as its first tag, or the tag with its configuration, tells. */
export function readTrack({ kind, codec, holds }: MediaTag, body: Uint8Array): SourceTrack {
  const id = kind === 'video' ? 1 : 2;
  if (kind === 'video') {
    const facts = codec === 'h264' && holds === 'config' ? profileAndLevel(body.subarray(videoConfigAt)) : undefined;
    return { id, kind, codec, ...facts };
  }
  if (codec === 'aac' && holds === 'config') return { id, kind, codec, ...readAudioSpecificConfig(body.subarray(audioConfigAt)) };
  return { id, kind, codec };
}

/** Packet types of enhanced tags: 0 is a start of sequence, 1 and 3 are frames. */
function heldBy(packetType: number): MediaTag['holds'] {
  return packetType === 0 ? 'config' : packetType === 1 || packetType === 3 ? 'frame' : 'nothing';
}

function fourCharacterCodec(body: Uint8Array): string {
  const name = String.fromCharCode(...body.subarray(1, 5));
  return fourCharacterCodecs[name] ?? name.trim().toLowerCase();
}

const samplingFrequencies = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/** ISO/IEC 14496-3 §1.6.2.1; nothing where a value is escaped. */
function readAudioSpecificConfig(config: Uint8Array): { sampleRate?: number; channels?: number } {
  const [first, second] = config;
  if (first === undefined || second === undefined) return {};
  const sampleRate = samplingFrequencies[((first & 0x07) << 1) | (second >> 7)];
  const channels = (second >> 3) & 0x0f;
  return { ...(sampleRate !== undefined && { sampleRate }), ...(channels > 0 && { channels }) };
}

export function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
