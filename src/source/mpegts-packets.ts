/** ISO/IEC 13818-1 §2.4.3.2. */
export const packetBytes = 188;
export const syncByte = 0x47;

export interface Packet {
  readonly pid: number;
  /** A section or a PES packet starts in it. */
  readonly begins: boolean;
  readonly randomAccess: boolean;
  readonly payload: Uint8Array;
}

/** A stream of a program, by the PMT's word for it. */
export interface ProgramStream {
  readonly pid: number;
  readonly kind: 'video' | 'audio';
  /** `privateData` where the map does not tell: its packets do. */
  readonly codec: string;
  /** Opus only: how many channels its descriptor tells. */
  readonly channels?: number | undefined;
}

export interface PesStart {
  /** Of 90 kHz, 33 bits; undefined where the packet has no time. */
  readonly presentationTicks: number | undefined;
  /** The same as the presentation's where it is not said. */
  readonly decodeTicks: number | undefined;
  /** How long its payload is; undefined: until the next one begins. */
  readonly payloadBytes: number | undefined;
  readonly payload: Uint8Array;
}

const streamTypes: Readonly<Record<number, readonly ['video' | 'audio', string]>> = {
  0x01: ['video', 'mpeg1video'],
  0x02: ['video', 'mpeg2video'],
  0x03: ['audio', 'mp3'], // or a lower layer: the decoder is the same
  0x04: ['audio', 'mp3'],
  0x0f: ['audio', 'aac'],
  0x10: ['video', 'mpeg4'],
  0x11: ['audio', 'aac_latm'],
  0x1b: ['video', 'h264'],
  0x24: ['video', 'hevc'],
  0x81: ['audio', 'ac3'],
  0x82: ['audio', 'dts'],
  0x84: ['audio', 'eac3'],
  0x86: ['audio', 'dts'],
  0x87: ['audio', 'eac3'],
};
/** Of private streams, by descriptor: DVB's AC-3 and E-AC-3, and registration by four characters. */
const descriptorTags = { registration: 0x05, ac3: 0x6a, eac3: 0x7a, dts: 0x7b } as const;
/** Private data that is no sound says so: teletext, subtitles, and other data of DVB, ETSI EN 300 468 §6.1. */
const dataDescriptors: ReadonlySet<number> = new Set([0x45, 0x46, 0x56, 0x59, 0x66, 0x6f, 0x71]);
const privateStreamType = 0x06;
/** A codec that is told by its packets only. */
export const privateData = 'privateData';
const registrations: Readonly<Record<string, readonly ['video' | 'audio', string]>> = { Opus: ['audio', 'opus'], 'AC-3': ['audio', 'ac3'], 'EAC3': ['audio', 'eac3'], HEVC: ['video', 'hevc'], DTS1: ['audio', 'dts'], DTS2: ['audio', 'dts'], DTS3: ['audio', 'dts'] };

/** The parts of one whole packet, §2.4.3.3. */
export function readPacket(bytes: Uint8Array): Packet {
  const [, second = 0, third = 0, control = 0, adaptationBytes = 0, adaptationFlags = 0] = bytes;
  const hasAdaptation = (control & 0x20) !== 0;
  const payloadAt = (control & 0x10) === 0 ? packetBytes : hasAdaptation ? 5 + adaptationBytes : 4;
  return {
    pid: ((second & 0x1f) << 8) | third,
    begins: (second & 0x40) !== 0,
    randomAccess: hasAdaptation && adaptationBytes > 0 && (adaptationFlags & 0x40) !== 0,
    payload: bytes.subarray(Math.min(payloadAt, packetBytes)),
  };
}

/** PID of the first program's PMT, §2.4.4.3; undefined where this is no PAT. */
export function readProgramMapPid(payload: Uint8Array): number | undefined {
  const section = sectionOf(payload, 0x00);
  for (let at = 8; section && at + 4 <= section.length; at += 4) {
    if (uint16(section, at) !== 0) return uint16(section, at + 2) & 0x1fff;
  }
  return undefined;
}

/** The pictures and sounds of a program, §2.4.4.8; undefined where this is no PMT. What a packet does not hold is left out. */
export function readProgramMap(payload: Uint8Array): ProgramStream[] | undefined {
  const section = sectionOf(payload, 0x02);
  if (!section) return undefined;
  const streams: ProgramStream[] = [];
  let at = 12 + (uint16(section, 10) & 0x0fff);
  while (at + 5 <= section.length) {
    const descriptorsAt = at + 5;
    const next = descriptorsAt + (uint16(section, at + 3) & 0x0fff);
    const descriptors = section.subarray(descriptorsAt, next);
    const type = section[at] ?? 0;
    const found = streamTypes[type] ?? privateType(type, descriptors);
    if (found) streams.push({ pid: uint16(section, at + 1) & 0x1fff, kind: found[0], codec: found[1], channels: opusChannels(descriptors) });
    at = next;
  }
  return streams;
}

/** The start of a PES packet, §2.4.3.7; undefined where it makes no sense. */
export function readPesStart(bytes: Uint8Array): PesStart | undefined {
  const [zero, nought, one, , , , , flags = 0, headerBytes = 0] = bytes;
  if (zero !== 0 || nought !== 0 || one !== 1 || bytes.length < 9) return undefined;
  const length = uint16(bytes, 4);
  const payload = bytes.subarray(9 + headerBytes);
  const presentationTicks = (flags & 0x80) !== 0 && bytes.length >= 14 ? readTimestamp(bytes, 9) : undefined;
  const decodeTicks = (flags & 0xc0) === 0xc0 && bytes.length >= 19 ? readTimestamp(bytes, 14) : presentationTicks;
  return { presentationTicks, decodeTicks, payloadBytes: length === 0 ? undefined : Math.max(0, length - 3 - headerBytes), payload };
}

function readTimestamp(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = bytes.subarray(at, at + 5);
  return ((a >> 1) & 0x07) * 2 ** 30 + ((b << 22) | ((c >> 1) << 15) | (d << 7) | (e >> 1));
}

function sectionOf(payload: Uint8Array, tableId: number): Uint8Array | undefined {
  const section = payload.subarray(1 + (payload[0] ?? 0));
  if (section[0] !== tableId) return undefined;
  const checksumBytes = 4;
  return section.subarray(0, Math.max(0, 3 + (uint16(section, 1) & 0x0fff) - checksumBytes));
}

function privateType(type: number, descriptors: Uint8Array): readonly ['video' | 'audio', string] | undefined {
  let isData = type !== privateStreamType;
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    const tag = descriptors[at];
    if (tag === descriptorTags.ac3) return ['audio', 'ac3'];
    if (tag === descriptorTags.eac3) return ['audio', 'eac3'];
    if (tag === descriptorTags.dts) return ['audio', 'dts'];
    const registered = tag === descriptorTags.registration ? registrations[String.fromCharCode(...descriptors.subarray(at + 2, at + 6))] : undefined;
    if (registered) return registered;
    isData ||= dataDescriptors.has(tag ?? 0) || tag === descriptorTags.registration;
  }
  return isData ? undefined : ['audio', privateData];
}

/** ETSI TS 101 154 and Opus in MPEG-TS: the extension descriptor 0x7f with the tag 0x80. */
function opusChannels(descriptors: Uint8Array): number | undefined {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    if (descriptors[at] === 0x7f && descriptors[at + 2] === 0x80) return (descriptors[at + 3] ?? 2) || 2;
  }
  return undefined;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
