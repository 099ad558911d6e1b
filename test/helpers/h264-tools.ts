import { BitReader } from '../../src/source/bit-reader.js';
import { unescaped } from '../../src/source/nal-units.js';
import { flvFile, flvTags, isFlvConfiguration } from './media-tools.js';

/** Before an AVCDecoderConfigurationRecord in a video tag. */
const tagHeadBytes = 5;

/** FLV with H.264 whose sequence parameter set says nothing of how pictures are used: neither aspect nor timing nor reordering. */
export function withoutUsability(flv: Buffer): Buffer {
  return flvFile(flvTags(flv).map((tag) => (tag.type === 9 && isFlvConfiguration(tag) ? { ...tag, body: Buffer.concat([tag.body.subarray(0, tagHeadBytes), shortenedRecord(tag.body.subarray(tagHeadBytes))]) } : tag)));
}

/** An AVCDecoderConfigurationRecord with one set of each kind, ISO/IEC 14496-15 §5.3.3.1. */
function shortenedRecord(record: Buffer): Buffer {
  const length = record.readUInt16BE(6);
  const set = shortened(record.subarray(8, 8 + length));
  const head = Buffer.from(record.subarray(0, 8));
  head.writeUInt16BE(set.length, 6);
  return Buffer.concat([head, set, record.subarray(8 + length)]);
}

/** A set of Baseline, Main or High without scaling lists, up to `vui_parameters_present_flag`, which becomes 0; ITU-T H.264 §7.3.2.1. */
function shortened(unit: Uint8Array): Buffer {
  const bytes = unescaped(unit.subarray(1));
  const reader = new BitReader(bytes);
  let position = 0;
  const bits = (count: number): number => {
    position += count;
    return reader.bits(count);
  };
  const golomb = (): number => {
    let zeros = 0;
    while (bits(1) === 0) zeros++;
    return 2 ** zeros - 1 + bits(zeros);
  };
  const profile = bits(8);
  bits(16);
  golomb();
  if (profile === 100) {
    golomb();
    golomb();
    golomb();
    bits(1);
    if (bits(1) === 1) throw new Error('expected no scaling lists');
  }
  golomb();
  if (golomb() !== 0) throw new Error('expected pictures in an order of type 0');
  golomb();
  golomb();
  bits(1);
  golomb();
  golomb();
  if (bits(1) === 0) bits(1);
  bits(1);
  if (bits(1) === 1) for (let side = 0; side < 4; side++) golomb();
  // Up to here as it was; then: no usability information, and the bit that ends every set.
  const kept = Array.from({ length: position }, (_, index) => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1).concat([0, 1]);
  const written = Buffer.alloc(Math.ceil(kept.length / 8));
  for (const [index, bit] of kept.entries()) written[index >> 3]! |= bit << (7 - (index & 7));
  return Buffer.concat([unit.subarray(0, 1), written]);
}
