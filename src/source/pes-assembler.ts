import { maxFrameBytes } from './container-reader.js';
import type { PesStart } from './mpegts-packets.js';

/** A whole PES packet, in the pieces it came in. */
export interface PesPacket {
  readonly start: PesStart;
  readonly offset: number;
  readonly randomAccess: boolean;
  readonly bytes: Uint8Array;
}

interface Open {
  readonly start: PesStart;
  readonly offset: number;
  readonly randomAccess: boolean;
  readonly pieces: Uint8Array[];
  length: number;
}

/** Puts the PES packets of one stream together, ISO/IEC 13818-1 §2.4.3.6. One that gets too long is left out. */
export class PesAssembler {
  #open: Open | undefined;

  /** A packet begins: the one before it is whole. */
  begin(start: PesStart, offset: number, randomAccess: boolean): PesPacket | undefined {
    const before = this.finish();
    this.#open = { start, offset, randomAccess, pieces: [start.payload], length: start.payload.length };
    return before;
  }

  /** More of the packet that began. */
  add(payload: Uint8Array): void {
    const open = this.#open;
    if (!open) return;
    open.pieces.push(payload);
    open.length += payload.length;
    if (open.length > maxFrameBytes) this.#open = undefined;
  }

  /** The packet, as soon as all that it announced is there. */
  whole(): PesPacket | undefined {
    const wanted = this.#open?.start.payloadBytes;
    return this.#open && wanted !== undefined && this.#open.length >= wanted ? this.finish() : undefined;
  }

  /** Nothing of it follows. */
  finish(): PesPacket | undefined {
    const open = this.#open;
    this.#open = undefined;
    if (!open || open.length === 0) return undefined;
    const { start, offset, randomAccess, pieces, length } = open;
    const bytes = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, length);
    return { start, offset, randomAccess, bytes: start.payloadBytes === undefined ? bytes : bytes.subarray(0, start.payloadBytes) };
  }
}
