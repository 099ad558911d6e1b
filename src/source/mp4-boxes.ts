export interface Box {
  readonly type: string;
  readonly body: Uint8Array;
}

/** More boxes in one are looked for by nobody: a structure is read in one go, and may be large. */
const maxChildren = 1024;

/** The boxes inside a complete box's body, ISO/IEC 14496-12 §4.2, so many at most; stops where they make no sense. */
export function* childBoxes(body: Uint8Array, max = maxChildren): Generator<Box> {
  let at = 0;
  for (let count = 0; count < max && at + 8 <= body.length; count++) {
    const size = uint32(body, at) || body.length - at;
    if (size < 8 || at + size > body.length) return;
    yield { type: boxType(body, at), body: body.subarray(at + 8, at + size) };
    at += size;
  }
}

/** The body of the first box on this path, e.g. `['mdia', 'mdhd']`. */
export function findBox(body: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  const [type, ...rest] = path;
  if (type === undefined) return body;
  for (const box of childBoxes(body)) {
    if (box.type === type) return findBox(box.body, rest);
  }
  return undefined;
}

/** Four characters of a box header that begins at `at`. */
export function boxType(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0, bytes[at + 6] ?? 0, bytes[at + 7] ?? 0);
}

/** 0 where the bytes end too early: a cut box must not throw. */
export function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65536 + uint16(bytes, at + 2);
}

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}
