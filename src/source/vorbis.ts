import { BitReader } from './bit-reader.js';

const audioMode = { mappingBits: 8, zeroBits: 32, flagBits: 1, countBits: 6 } as const;
const maxModes = 64;

/** How long Vorbis packets last, Vorbis I §4.3: known from the modes in the setup header and from the packet before. */
export class VorbisDurations {
  readonly #blockSizes: readonly [number, number];
  readonly #modes: readonly number[];
  #lastSize: number | undefined;

  constructor(identification: Uint8Array, setup: Uint8Array) {
    const sizes = identification[28] ?? 0;
    this.#blockSizes = [2 ** (sizes & 0x0f), 2 ** (sizes >> 4)];
    this.#modes = modesOf(setup);
  }

  /** In samples; 0 for the very first. */
  of(packet: Uint8Array): number {
    const bits = Math.max(0, Math.ceil(Math.log2(this.#modes.length || 1)));
    const mode = ((packet[0] ?? 0) >> 1) & (2 ** bits - 1);
    const size = this.#blockSizes[this.#modes[mode] === 1 ? 1 : 0];
    const samples = this.#lastSize === undefined ? 0 : (this.#lastSize + size) / 4;
    this.#lastSize = size;
    return samples;
  }
}

/** The block flag of each mode. They stand at the end of the header, behind codebooks that nobody wants to read: so it is read backwards. */
function modesOf(setup: Uint8Array): number[] {
  const reader = new BitReader(Uint8Array.from(setup).reverse());
  while (!reader.overrun && reader.bit() === 0) continue; // the framing bit, behind which the last byte is filled up
  const flags: number[] = [];
  let found: number[] = [];
  while (flags.length < maxModes && !reader.overrun) {
    if (reader.bits(audioMode.mappingBits) > 63 || reader.bits(audioMode.zeroBits) !== 0) break;
    flags.unshift(reader.bit());
    if (reader.peek(audioMode.countBits) + 1 === flags.length) found = [...flags];
  }
  return found;
}
