import { BitReader } from './bit-reader.js';
import { unescaped } from './nal-units.js';

/** nal_unit_type, ITU-T H.264 table 7-1. */
export const h264Unit = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9, filler: 12 } as const;

export function h264UnitType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** What a sequence parameter set says of all pictures under it, ITU-T H.264 §7.3.2.1. */
export interface SequenceParameters {
  readonly id: number;
  readonly profile: number;
  readonly level: number;
  readonly chromaFormat: number;
  readonly bitDepth: number;
  readonly width: number;
  readonly height: number;
  /** Width of a sample to its height; undefined: not said. */
  readonly sampleAspect: readonly [number, number] | undefined;
  /** Pictures may be fields. */
  readonly interlaced: boolean;
  /** How many pictures may come before others that are shown earlier; undefined: not said. */
  readonly reorderedPictures: number | undefined;
}

/** Longer ones are no parameter sets. */
const maxSetBytes = 4096;
const profilesWithChroma: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** Table E-1. */
const sampleAspects: readonly (readonly [number, number])[] = [[1, 1], [12, 11], [10, 11], [16, 11], [40, 33], [24, 11], [20, 11], [32, 11], [80, 33], [18, 11], [15, 11], [64, 33], [160, 99], [4, 3], [3, 2], [2, 1]];
const extendedAspect = 255;

/** @param unit with its header; undefined where it makes no sense */
export function readSequenceParameters(unit: Uint8Array): SequenceParameters | undefined {
  if (unit.length > maxSetBytes || unit.length < 5) return undefined;
  const reader = new BitReader(unescaped(unit.subarray(1)));
  const profile = reader.bits(8);
  reader.bits(8);
  const level = reader.bits(8);
  const id = reader.unsignedExpGolomb();
  const { chromaFormat, bitDepth } = profilesWithChroma.has(profile) ? readChroma(reader) : { chromaFormat: 1, bitDepth: 8 };
  reader.unsignedExpGolomb(); // log2_max_frame_num_minus4
  skipPictureOrder(reader);
  reader.unsignedExpGolomb(); // max_num_ref_frames
  reader.bit(); // gaps_in_frame_num_value_allowed_flag
  const widthInMacroblocks = reader.unsignedExpGolomb() + 1;
  const heightInMapUnits = reader.unsignedExpGolomb() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.bit(); // mb_adaptive_frame_field_flag
  reader.bit(); // direct_8x8_inference_flag
  const crop = reader.flag() ? [0, 0, 0, 0].map(() => reader.unsignedExpGolomb()) : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const fieldFactor = framesOnly ? 1 : 2;
  const cropWidth = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropHeight = (chromaFormat === 1 ? 2 : 1) * fieldFactor;
  const width = widthInMacroblocks * 16 - (left + right) * cropWidth;
  const height = heightInMapUnits * 16 * fieldFactor - (top + bottom) * cropHeight;
  const usability = reader.flag() ? readUsability(reader) : { sampleAspect: undefined, reorderedPictures: undefined };
  const isCredible = !reader.overrun && id < 32 && width > 0 && height > 0 && width <= 16_384 && height <= 16_384;
  return isCredible ? { id, profile, level, chromaFormat, bitDepth, width, height, interlaced: !framesOnly, ...usability } : undefined;
}

/** Id of a picture parameter set, §7.3.2.2. */
export function pictureParametersId(unit: Uint8Array): number {
  return new BitReader(unit.subarray(1, 9)).unsignedExpGolomb();
}

/** Whether a supplemental enhancement information unit marks a point where decoding can begin without an IDR picture, §D.1.8. */
export function marksRecoveryPoint(unit: Uint8Array): boolean {
  const recoveryPoint = 6;
  let at = 1;
  while (at + 2 <= unit.length) {
    let type = 0;
    for (; unit[at] === 0xff; at++) type += 255;
    type += unit[at++] ?? 0;
    let size = 0;
    for (; unit[at] === 0xff; at++) size += 255;
    size += unit[at++] ?? 0;
    if (type === recoveryPoint && size > 0) return true;
    at += size;
  }
  return false;
}

function readChroma(reader: BitReader): { chromaFormat: number; bitDepth: number } {
  const chromaFormat = reader.unsignedExpGolomb();
  if (chromaFormat === 3) reader.bit(); // separate_colour_plane_flag
  const bitDepth = 8 + Math.max(reader.unsignedExpGolomb(), reader.unsignedExpGolomb());
  reader.bit(); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++) {
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormat, bitDepth };
}

function skipScalingList(reader: BitReader, size: number): void {
  let [last, next] = [8, 8];
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + reader.signedExpGolomb() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.unsignedExpGolomb();
  if (type === 0) reader.unsignedExpGolomb(); // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return;
  reader.bit(); // delta_pic_order_always_zero_flag
  reader.signedExpGolomb(); // offset_for_non_ref_pic
  reader.signedExpGolomb(); // offset_for_top_to_bottom_field
  const cycle = Math.min(reader.unsignedExpGolomb(), 255);
  for (let index = 0; index < cycle; index++) reader.signedExpGolomb();
}

/** §E.1.1. */
function readUsability(reader: BitReader): Pick<SequenceParameters, 'sampleAspect' | 'reorderedPictures'> {
  const sampleAspect = reader.flag() ? readSampleAspect(reader) : undefined;
  if (reader.flag()) reader.bit(); // overscan
  if (reader.flag()) {
    reader.bits(4); // video_format, video_full_range_flag
    if (reader.flag()) reader.bits(24); // colour description
  }
  if (reader.flag()) skipCodes(reader, 2); // chroma sample locations
  if (reader.flag()) reader.skip(65); // timing
  const nalReferenceDecoder = reader.flag();
  if (nalReferenceDecoder) skipReferenceDecoder(reader);
  const vclReferenceDecoder = reader.flag();
  if (vclReferenceDecoder) skipReferenceDecoder(reader);
  if (nalReferenceDecoder || vclReferenceDecoder) reader.bit(); // low_delay_hrd_flag
  reader.bit(); // pic_struct_present_flag
  if (!reader.flag()) return { sampleAspect, reorderedPictures: undefined };
  reader.bit(); // motion_vectors_over_pic_boundaries_flag
  skipCodes(reader, 4); // sizes and lengths of vectors
  return { sampleAspect, reorderedPictures: reader.unsignedExpGolomb() };
}

function readSampleAspect(reader: BitReader): readonly [number, number] | undefined {
  const index = reader.bits(8);
  const aspect = index === extendedAspect ? ([reader.bits(16), reader.bits(16)] as const) : sampleAspects[index - 1];
  return aspect && aspect[0] > 0 && aspect[1] > 0 ? aspect : undefined;
}

function skipReferenceDecoder(reader: BitReader): void {
  const count = Math.min(reader.unsignedExpGolomb(), 31) + 1;
  reader.bits(8);
  for (let index = 0; index < count; index++) {
    skipCodes(reader, 2);
    reader.bit();
  }
  reader.skip(20);
}

function skipCodes(reader: BitReader, count: number): void {
  for (let index = 0; index < count; index++) reader.unsignedExpGolomb();
}
