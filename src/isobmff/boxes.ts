import { uint32, uint64 } from './numbers.js';

/** A box inside bytes that hold it whole (ISO/IEC 14496-12 §4.2): its type, and where its payload lies in them. */
export interface BoxPlace {
  /** Four-character code, e.g. `moof`. */
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** A box as its payload alone. */
export interface BoxBody {
  readonly type: string;
  readonly body: Uint8Array;
}

/** What stands before a payload. */
export interface BoxHead {
  /** Of the whole box; 0: it goes on to the end of the stream. May be anything: nothing is checked. */
  readonly size: number;
  readonly headBytes: number;
}

/** The least that a head has. */
export const boxHeadBytes = 8;
const largeHeadBytes = 16;

/** More boxes in one are looked for by nobody: a structure is read in one go, and may be large. */
const maxChildren = 1024;

/** The head that begins at `at`; as long as it is not whole, how many bytes it needs. */
export function readBoxHead(bytes: Uint8Array, at: number): BoxHead | number {
  const available = bytes.length - at;
  if (available < boxHeadBytes) return boxHeadBytes;
  const size = uint32(bytes, at);
  if (size !== 1) return { size, headBytes: boxHeadBytes };
  return available < largeHeadBytes ? largeHeadBytes : { size: uint64(bytes, at + boxHeadBytes), headBytes: largeHeadBytes };
}

/** Four characters of a box head that begins at `at`. */
export function boxType(bytes: Uint8Array, at: number): string {
  // Five times as fast as toString() for so few bytes; read for each box of each frame.
  return String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0, bytes[at + 6] ?? 0, bytes[at + 7] ?? 0);
}

/** The boxes between two places, so many at most; the walk ends where they make no sense. */
export function* childBoxes(bytes: Uint8Array, start = 0, end = bytes.length, max = maxChildren): Generator<BoxPlace> {
  let at = start;
  for (let count = 0; count < max && at + boxHeadBytes <= end; count++) {
    const size = uint32(bytes, at) || end - at;
    if (size < boxHeadBytes || at + size > end) return;
    yield { type: boxType(bytes, at), start: at + boxHeadBytes, end: at + size };
    at += size;
  }
}

/** Follows a path of box types, e.g. `['mdia', 'mdhd']`; the first match at each level. */
export function findBox(bytes: Uint8Array, path: readonly string[], { start, end }: Pick<BoxPlace, 'start' | 'end'> = { start: 0, end: bytes.length }): BoxPlace | undefined {
  const [type, ...rest] = path;
  for (const child of childBoxes(bytes, start, end)) {
    if (child.type === type) return rest.length === 0 ? child : findBox(bytes, rest, child);
  }
  return undefined;
}

/** As `childBoxes`, for who needs no places. */
export function* boxBodies(bytes: Uint8Array, max = maxChildren): Generator<BoxBody> {
  for (const { type, start, end } of childBoxes(bytes, 0, bytes.length, max)) yield { type, body: bytes.subarray(start, end) };
}

/** As `findBox`, for who needs no place. */
export function findBody(bytes: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  const found = findBox(bytes, path);
  return found && bytes.subarray(found.start, found.end);
}
