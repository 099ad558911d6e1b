import { h264UnitType, h264Unit, pictureParametersId, readSequenceParameters, type SequenceParameters } from './h264.js';

/** So many of each kind fit into an AVCDecoderConfigurationRecord's counters or are of any use. */
const maxSets = 31;
const profilesWithChroma: ReadonlySet<number> = new Set([100, 110, 122, 144, 244]);

/** Bytes of an AVCDecoderConfigurationRecord that are there before any parameter set, ISO/IEC 14496-15 §5.3.3.1. */
const recordHeadBytes = 6;

export function isAvcConfiguration(record: Uint8Array): boolean {
  return record.length >= recordHeadBytes + 1 && record[0] === 1;
}

/** How many bytes say a NAL unit's length. */
export function unitLengthBytes(record: Uint8Array): number {
  return ((record[4] ?? 3) & 3) + 1;
}

/** The parameter sets of an AVCDecoderConfigurationRecord, as views; those that the bytes do not hold are left out. */
export function setsInConfiguration(record: Uint8Array): Uint8Array[] {
  const sets: Uint8Array[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (record[at] ?? 0) & mask;
    at++;
    for (let index = 0; index < count; index++) {
      const length = ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0);
      const set = record.subarray(at + 2, at + 2 + length);
      at += 2 + length;
      if (set.length === length && length > 0) sets.push(set);
    }
  }
  return sets;
}

/** Profile and level stand at the front: they are known of every set. */
export type Known = Pick<SequenceParameters, 'profile' | 'level'> & Partial<SequenceParameters>;

/** The parameter sets of an H.264 track, by their ids: what came last counts. */
export class ParameterSets {
  readonly #sequences = new Map<number, Uint8Array>();
  readonly #pictures = new Map<number, Uint8Array>();
  #parameters: Known | undefined;
  #record: Buffer | undefined;

  /** Takes one NAL unit, if it is a parameter set. Answers whether something changed by it. */
  add(unit: Uint8Array): boolean {
    const type = h264UnitType(unit);
    if (type === h264Unit.pps) return this.#put(this.#pictures, pictureParametersId(unit), unit);
    if (type !== h264Unit.sps) return false;
    const parameters = readSequenceParameters(unit);
    // What we can't read a decoder may still know how to.
    if (unit.length < 4 || !this.#put(this.#sequences, parameters?.id ?? 0, unit)) return false;
    this.#parameters = parameters ?? { profile: unit[1] ?? 0, level: unit[3] ?? 0 };
    return true;
  }

  /** What the latest sequence parameter set says. */
  get parameters(): Known | undefined {
    return this.#parameters;
  }

  /** An AVCDecoderConfigurationRecord with all of them, lengths of NAL units in four bytes; undefined while one kind is missing. */
  get record(): Buffer | undefined {
    return (this.#record ??= this.#compose());
  }

  #put(sets: Map<number, Uint8Array>, id: number, unit: Uint8Array): boolean {
    const known = sets.get(id);
    if (known ? Buffer.from(known).equals(unit) : sets.size >= maxSets) return false;
    sets.set(id, Buffer.from(unit));
    this.#record = undefined;
    return true;
  }

  #compose(): Buffer | undefined {
    const [first] = this.#sequences.values();
    const parameters = this.#parameters;
    if (!first || !parameters || this.#pictures.size === 0) return undefined;
    const prefixed = (unit: Uint8Array): Uint8Array[] => [Buffer.from([unit.length >> 8, unit.length & 0xff]), unit];
    const { profile, chromaFormat = 1, bitDepth = 8 } = parameters;
    return Buffer.concat([
      Buffer.from([1, first[1] ?? 0, first[2] ?? 0, first[3] ?? 0, 0xff, 0xe0 | this.#sequences.size]),
      ...[...this.#sequences.values()].flatMap(prefixed),
      Buffer.from([this.#pictures.size]),
      ...[...this.#pictures.values()].flatMap(prefixed),
      ...(profilesWithChroma.has(profile) ? [Buffer.from([0xfc | chromaFormat, 0xf8 | (bitDepth - 8), 0xf8 | (bitDepth - 8), 0])] : []),
    ]);
  }
}
