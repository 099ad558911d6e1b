import { uint24 } from '../flv/flv-tag.js';

/** One track's share of an audio or video tag: a frame, or what a decoder has to know first. */
export interface MediaTag {
  readonly kind: 'video' | 'audio';
  /** 0, but for the further tracks of enhanced tags. */
  readonly trackNumber: number;
  readonly codec: string;
  readonly holds: 'frame' | 'config' | 'nothing' | 'unknown';
  /** Of enhanced tags: what kind of packet it is. */
  readonly packetType?: number | undefined;
  readonly keyframe: boolean;
  /** Presentation time less decode time. */
  readonly compositionMs: number;
  readonly payload: Uint8Array;
  /** Classic tags tell of sound what codecs do not. */
  readonly sampleRate?: number | undefined;
  readonly channels?: number | undefined;
  readonly sampleBits?: number | undefined;
}

const videoCodecs: Readonly<Record<number, string>> = { 2: 'flv1', 3: 'flashsv', 4: 'vp6f', 5: 'vp6a', 6: 'flashsv2', 7: 'h264', 12: 'hevc' };
/** Of Enhanced RTMP, which names codecs by four characters. */
const fourCharacterCodecs: Readonly<Record<string, string>> = { 'avc1': 'h264', 'hvc1': 'hevc', 'av01': 'av1', 'vp08': 'vp8', 'vp09': 'vp9', 'mp4a': 'aac', 'Opus': 'opus', 'fLaC': 'flac', '.mp3': 'mp3', 'ac-3': 'ac3', 'ec-3': 'eac3' };
const audioCodecs: Readonly<Record<number, string>> = { 0: 'pcm', 1: 'adpcm_swf', 2: 'mp3', 3: 'pcm', 7: 'alaw', 8: 'mulaw', 10: 'aac', 11: 'speex', 14: 'mp3' };
const soundRates = [5512, 11_025, 22_050, 44_100];
const serverSignal = 5;

/** Packet types of enhanced tags, Enhanced RTMP v2 §ExVideoTagHeader and §ExAudioTagHeader. */
const packet = { config: 0, frame: 1, end: 2, frameWithoutOffset: 3, modified: 7, lastKnown: 7 } as const;
const multitrack = { video: 6, audio: 5 } as const;

/** What an audio tag's body holds: Adobe FLV 10.1 §E.4.2.1, Enhanced RTMP v2 §ExAudioTagHeader. */
export function readAudioTag(body: Uint8Array): MediaTag[] {
  const [first = 0, second = 0] = body;
  const format = first >> 4;
  if (format === 9) return readEnhanced('audio', body, first & 0x0f, true);
  const base = { kind: 'audio', trackNumber: 0, keyframe: true, compositionMs: 0, codec: audioCodecs[format] ?? `flv audio ${format}` } as const;
  if (format === 10) return [{ ...base, holds: second === 0 ? 'config' : 'frame', payload: body.subarray(2) }];
  const sampleRate = format === 7 || format === 8 || format === 14 ? 8000 : format === 11 ? 16_000 : soundRates[(first >> 2) & 3];
  return [{ ...base, holds: 'frame', payload: body.subarray(1), sampleRate, channels: (first & 1) + 1, sampleBits: base.codec === 'pcm' ? (first & 2 ? 16 : 8) : undefined }];
}

/** What a video tag's body holds: Adobe FLV 10.1 §E.4.3.1, Enhanced RTMP v2 §ExVideoTagHeader. */
export function readVideoTag(body: Uint8Array): MediaTag[] {
  const [first = 0, second = 0] = body;
  const frameType = (first >> 4) & 0x07;
  if (frameType === serverSignal) return [];
  const keyframe = frameType === 1;
  if (first & 0x80) return readEnhanced('video', body, first & 0x0f, keyframe);
  const id = first & 0x0f;
  const codec = videoCodecs[id] ?? `flv video ${id}`;
  const base = { kind: 'video', trackNumber: 0, keyframe, codec } as const;
  if (codec === 'h264' || codec === 'hevc') {
    const holds = second === 0 ? 'config' : second === 1 ? 'frame' : 'nothing';
    return [{ ...base, holds, compositionMs: int24(body, 2), payload: body.subarray(5) }];
  }
  // VP6 begins with a byte that says how to crop it.
  return [{ ...base, holds: 'frame', compositionMs: 0, payload: body.subarray(codec.startsWith('vp6') ? 2 : 1) }];
}

function readEnhanced(kind: 'video' | 'audio', body: Uint8Array, firstType: number, keyframe: boolean): MediaTag[] {
  let [at, type] = [1, firstType];
  for (let modifiers = 0; type === packet.modified && modifiers < 8; modifiers++) {
    const short = (body[at] ?? 0) + 1;
    const size = short === 256 ? (((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0)) + 1 : short;
    at += (short === 256 ? 3 : 1) + size;
    type = (body[at++] ?? 0) & 0x0f;
  }
  if (type !== multitrack[kind]) {
    const tag = readPacket(kind, 0, fourCharacters(body, at), type, keyframe, body.subarray(at + 4));
    return [tag];
  }
  return readTracks(kind, body.subarray(at), keyframe);
}

/** §Multitrack: one track, several of one codec, or several codecs. */
function readTracks(kind: 'video' | 'audio', data: Uint8Array, keyframe: boolean): MediaTag[] {
  const manyTracks = (data[0] ?? 0) >> 4;
  const type = (data[0] ?? 0) & 0x0f;
  const namesEach = manyTracks === 2;
  let at = 1;
  let codec = fourCharacters(data, at);
  if (!namesEach) at += 4;
  const tags: MediaTag[] = [];
  while (at < data.length) {
    if (namesEach) {
      codec = fourCharacters(data, at);
      at += 4;
    }
    const trackNumber = data[at++] ?? 0;
    const size = manyTracks === 0 ? data.length - at : uint24(data, at);
    if (manyTracks !== 0) at += 3;
    tags.push(readPacket(kind, trackNumber, codec, type, keyframe, data.subarray(at, at + size)));
    at += size;
  }
  return tags;
}

function readPacket(kind: 'video' | 'audio', trackNumber: number, codec: string, type: number, keyframe: boolean, data: Uint8Array): MediaTag {
  const base = { kind, trackNumber, codec, keyframe, compositionMs: 0, payload: data } as const;
  if (type === packet.config) return { ...base, holds: 'config' };
  const hasOffset = kind === 'video' && type === packet.frame && (codec === 'h264' || codec === 'hevc' || codec === 'vvc1');
  if (hasOffset) return { ...base, holds: 'frame', compositionMs: int24(data, 0), payload: data.subarray(3) };
  if (type === packet.frame || (kind === 'video' && type === packet.frameWithoutOffset)) return { ...base, holds: 'frame' };
  return { ...base, holds: type <= packet.lastKnown ? 'nothing' : 'unknown', packetType: type };
}

function fourCharacters(body: Uint8Array, at: number): string {
  const name = String.fromCharCode(...body.subarray(at, at + 4));
  return fourCharacterCodecs[name] ?? name.replace(/[^\w.-]/g, '').toLowerCase();
}

function int24(bytes: Uint8Array, at: number): number {
  return (uint24(bytes, at) << 8) >> 8;
}
