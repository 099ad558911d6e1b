import { findBody, type BoxBody } from '../isobmff/boxes.js';
import { readDecoderConfig } from '../isobmff/descriptors.js';
import { uint16, uint32 } from '../isobmff/numbers.js';
import type { SourceTrack } from './source-events.js';

/** What one sample entry says. */
export type SampleDescription = Omit<SourceTrack, 'id' | 'kind'>;

/** Where the boxes of a sample entry begin, ISO/IEC 14496-12 §12.1.3 and §12.2.3. */
const visualHeadBytes = 78;
const soundHeadBytes = 28;

const codecs: Readonly<Record<string, string>> = {
  'avc1': 'h264', 'avc3': 'h264', 'hvc1': 'hevc', 'hev1': 'hevc', 'vp08': 'vp8', 'vp09': 'vp9', 'av01': 'av1', 'mp4v': 'mpeg4', 'jpeg': 'mjpeg', 'mjpg': 'mjpeg',
  'mp4a': 'aac', 'Opus': 'opus', 'fLaC': 'flac', '.mp3': 'mp3', 'ac-3': 'ac3', 'ec-3': 'eac3', 'alac': 'alac', 'ulaw': 'mulaw', 'alaw': 'alaw',
};
/** Boxes that hold what a decoder must be told, in the form that Matroska keeps it too. */
const configurationBoxes: Readonly<Record<string, string>> = { h264: 'avcC', hevc: 'hvcC', av1: 'av1C' };
/** objectTypeIndication of a DecoderConfigDescriptor, ISO/IEC 14496-1 §7.2.6.6. */
const objectTypes: Readonly<Record<number, string>> = { 0x20: 'mpeg4', 0x60: 'mpeg2video', 0x61: 'mpeg2video', 0x6a: 'mpeg1video', 0x69: 'mp3', 0x6b: 'mp3', 0x6c: 'mjpeg', 0xa5: 'ac3', 0xa6: 'eac3' };
const littleEndianPcm = 'A_PCM/INT/LIT';
const bigEndianPcm = 'A_PCM/INT/BIG';

export function readSampleDescription(kind: 'video' | 'audio', entry: BoxBody): SampleDescription {
  return kind === 'video' ? readVisual(entry) : readSound(entry);
}

function readVisual(entry: BoxBody): SampleDescription {
  const { body } = entry;
  const boxes = body.subarray(visualHeadBytes);
  const size = { width: uint16(body, 24), height: uint16(body, 26) };
  const pasp = findBody(boxes, ['pasp']);
  const aspect = pasp && ([uint32(pasp, 0), uint32(pasp, 4)] as const);
  const sampleAspect = aspect && aspect[0] > 0 && aspect[1] > 0 && aspect[0] !== aspect[1] ? aspect : undefined;
  const named = codecs[entry.type];
  if (named === undefined) return { codec: entry.type, ...size, sampleAspect, matroskaCodec: 'V_QUICKTIME', configuration: wholeEntry(entry) };
  const descriptor = named === 'mpeg4' ? readDecoderConfig(findBody(boxes, ['esds'])) : undefined;
  const box = configurationBoxes[named];
  const configuration = (box === undefined ? undefined : findBody(boxes, [box])?.slice()) ?? descriptor?.specific?.slice();
  return { codec: (descriptor && objectTypes[descriptor.objectType]) ?? named, ...size, sampleAspect, configuration };
}

function readSound(entry: BoxBody): SampleDescription {
  const { body } = entry;
  // QuickTime's versions 1 and 2 have more fields before the boxes.
  const version = uint16(body, 8);
  const boxes = body.subarray(soundHeadBytes + (version === 1 ? 16 : version === 2 ? 36 : 0));
  const facts = { channels: uint16(body, 16), sampleRate: uint16(body, 24), sampleBits: undefined };
  const esds = findBody(boxes, ['esds']) ?? findBody(boxes, ['wave', 'esds']);
  if (entry.type === 'mp4a') {
    const descriptor = readDecoderConfig(esds);
    const codec = (descriptor && objectTypes[descriptor.objectType]) ?? 'aac';
    return { codec, ...facts, configuration: descriptor?.specific?.slice() };
  }
  if (entry.type === 'sowt' || entry.type === 'twos') {
    return { codec: 'pcm', ...facts, sampleBits: uint16(body, 18), matroskaCodec: entry.type === 'sowt' ? littleEndianPcm : bigEndianPcm };
  }
  const codec = codecs[entry.type];
  if (codec === undefined) return { codec: entry.type, ...facts, matroskaCodec: 'A_QUICKTIME', configuration: wholeEntry(entry) };
  if (codec === 'opus') return { codec, ...facts, sampleRate: 48_000, configuration: opusHead(findBody(boxes, ['dOps'])) };
  if (codec === 'flac') return { codec, ...facts, configuration: flacHead(findBody(boxes, ['dfLa'])) };
  if (codec === 'alac') return { codec, ...facts, configuration: findBody(boxes, ['alac'])?.slice(4) };
  return { codec, ...facts };
}

/** As Matroska's V_QUICKTIME and A_QUICKTIME want it. */
function wholeEntry({ type, body }: BoxBody): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** `dOps` has big-endian numbers and no magic, Ogg's head little-endian ones; RFC 7845 §5.1, Opus in ISOBMFF §4.3.2. */
function opusHead(dOps: Uint8Array | undefined): Buffer | undefined {
  if (!dOps || dOps.length < 11) return undefined;
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = dOps[1] ?? 2;
  head.writeUInt16LE(uint16(dOps, 2), 10);
  head.writeUInt32LE(uint32(dOps, 4), 12);
  head.writeUInt16LE(uint16(dOps, 8), 16);
  head[18] = dOps[10] ?? 0;
  return Buffer.concat([head, dOps.subarray(11)]);
}

/** Metadata blocks behind version and flags, after the magic of a FLAC stream. */
function flacHead(dfLa: Uint8Array | undefined): Buffer | undefined {
  return dfLa && Buffer.concat([Buffer.from('fLaC'), dfLa.subarray(4)]);
}
