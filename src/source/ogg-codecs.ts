import { opusRate, opusSeconds } from './opus.js';
import type { SourceTrack } from './source-events.js';
import { VorbisDurations } from './vorbis.js';

/** How one codec is mapped onto Ogg: its headers, and what its granule positions mean. */
export interface OggMapping {
  readonly kind: 'video' | 'audio';
  /** How many packets stand before the first frame. */
  readonly headers: number;
  /** All but the id, once all headers are there. */
  readonly describe: (headers: readonly Uint8Array[]) => Omit<SourceTrack, 'id'>;
  /** When the frame ends, or in pictures' case begins, that a page's position belongs to. */
  readonly secondsAt: (granule: number) => number;
  /** How long packets last, asked once for each in their order. */
  readonly durations: (headers: readonly Uint8Array[]) => (packet: Uint8Array) => number;
  readonly isKeyframe: (packet: Uint8Array) => boolean;
}

const always = (): boolean => true;

/** By the first packet of a logical stream; undefined where it is none of these. */
export function oggMappingOf(first: Uint8Array): OggMapping | undefined {
  const magic = Buffer.from(first.subarray(0, 9)).toString('latin1');
  if (magic.startsWith('OpusHead') && first.length >= 19) return opus(first);
  if (magic.startsWith('\u0001vorbis') && first.length >= 30) return vorbis(first);
  if (magic.startsWith('\u007fFLAC') && first.length >= 51) return flac(first);
  if (magic.startsWith('\u0080theora') && first.length >= 42) return theora(first);
  if (magic.startsWith('Speex') && first.length >= 80) return speex(first);
  return undefined;
}

/** RFC 7845: the position counts what pre-skip takes off again, which Matroska keeps as a delay. */
function opus(head: Uint8Array): OggMapping {
  const view = viewOf(head);
  const codecDelayNs = Math.round((view.getUint16(10, true) * 1e9) / opusRate) || undefined;
  return {
    kind: 'audio',
    headers: 2,
    describe: ([configuration]) => ({ kind: 'audio', codec: 'opus', sampleRate: opusRate, channels: head[9] ?? 2, configuration, codecDelayNs }),
    secondsAt: (granule) => granule / opusRate,
    durations: () => opusSeconds,
    isKeyframe: always,
  };
}

function vorbis(head: Uint8Array): OggMapping {
  const sampleRate = viewOf(head).getUint32(12, true) || 1;
  return {
    kind: 'audio',
    headers: 3,
    describe: (headers) => ({ kind: 'audio', codec: 'vorbis', sampleRate, channels: head[11] ?? 2, configuration: laced(headers) }),
    secondsAt: (granule) => granule / sampleRate,
    durations: ([identification = head, , setup = head]) => {
      const samples = new VorbisDurations(identification, setup);
      return (packet) => samples.of(packet) / sampleRate;
    },
    isKeyframe: always,
  };
}

/** Ogg mapping of FLAC: behind magic, version and a count of headers comes what begins a FLAC stream. */
function flac(head: Uint8Array): OggMapping {
  const view = viewOf(head);
  const info = head.slice(9);
  const blockSamples = view.getUint16(19);
  const sampleRate = view.getUint32(27) >>> 12 || 1;
  if (info[4] !== undefined) info[4] |= 0x80; // the last block of metadata that is handed on
  return {
    kind: 'audio',
    headers: Math.min(view.getUint16(7), 64) + 1,
    describe: () => ({ kind: 'audio', codec: 'flac', sampleRate, channels: (((head[29] ?? 0) >> 1) & 7) + 1, configuration: info.subarray(0, 42) }),
    secondsAt: (granule) => granule / sampleRate,
    durations: () => () => blockSamples / sampleRate,
    isKeyframe: always,
  };
}

/** Theora §6.2 and §A.2.3: the position is a keyframe's number, and how many pictures follow it. */
function theora(head: Uint8Array): OggMapping {
  const view = viewOf(head);
  const frameSeconds = (view.getUint32(26) || 1) / (view.getUint32(22) || 25);
  const shift = 2 ** ((view.getUint16(40) >> 5) & 0x1f);
  return {
    kind: 'video',
    headers: 3,
    describe: (headers) => ({ kind: 'video', codec: 'theora', width: view.getUint16(10) * 16, height: view.getUint16(12) * 16, configuration: laced(headers) }),
    secondsAt: (granule) => (Math.floor(granule / shift) + (granule % shift)) * frameSeconds,
    durations: () => () => frameSeconds,
    isKeyframe: (packet) => ((packet[0] ?? 0) & 0x40) === 0,
  };
}

function speex(head: Uint8Array): OggMapping {
  const view = viewOf(head);
  const sampleRate = view.getUint32(36, true) || 16_000;
  const samples = view.getUint32(56, true) * (view.getUint32(64, true) || 1);
  return {
    kind: 'audio',
    headers: 2 + Math.min(view.getUint32(68, true), 8),
    describe: () => ({ kind: 'audio', codec: 'speex', sampleRate, channels: view.getUint32(48, true) || 1, configuration: head }),
    secondsAt: (granule) => granule / sampleRate,
    durations: () => () => samples / sampleRate,
    isKeyframe: always,
  };
}

/** Several headers as Matroska keeps them: Xiph lacing, as of a block (RFC 9559 §10.3.2). */
function laced(headers: readonly Uint8Array[]): Buffer {
  const sizes = headers.slice(0, -1).flatMap(({ length }) => [...Array.from({ length: Math.floor(length / 255) }, () => 255), length % 255]);
  return Buffer.concat([Buffer.from([headers.length - 1, ...sizes]), ...headers]);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
