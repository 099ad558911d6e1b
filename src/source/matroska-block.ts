import { vintLength } from './ebml.js';

export interface Block {
  readonly track: number;
  /** From its cluster's time on. */
  readonly ticks: number;
  readonly keyframe: boolean;
  /** One, or several that were laced together. */
  readonly frames: readonly Uint8Array[];
}

/**
 * A Block or SimpleBlock, RFC 9559 §10; undefined when it can't be one.
 * @param from where its data begins: behind the element's head
 */
export function readBlock(data: Uint8Array, from: number): Block | undefined {
  const number = vint(data, from);
  if (number === undefined || number.end + 3 > data.length) return undefined;
  const at = number.end;
  const flags = data[at + 2] ?? 0;
  const frames = unlace(data.subarray(at + 3), (flags >> 1) & 3);
  return frames && { track: number.value, ticks: (((data[at] ?? 0) << 24) >> 16) | (data[at + 1] ?? 0), keyframe: (flags & 0x80) !== 0, frames };
}

/** §10.3; undefined where the sizes don't fit the bytes. */
function unlace(data: Uint8Array, lacing: number): Uint8Array[] | undefined {
  if (lacing === 0) return [data];
  const count = (data[0] ?? 0) + 1;
  if (lacing === 2) {
    const size = (data.length - 1) / count;
    return Number.isInteger(size) && size > 0 ? Array.from({ length: count }, (_, index) => data.subarray(1 + index * size, 1 + (index + 1) * size)) : undefined;
  }
  const sizes = lacing === 1 ? xiphSizes(data, count) : ebmlSizes(data, count);
  let at = sizes?.end ?? 0;
  const frames = sizes?.values.map((size) => data.subarray(at, (at += size)));
  if (!frames || at > data.length) return undefined;
  return [...frames, data.subarray(at)];
}

interface Sizes {
  readonly values: readonly number[];
  readonly end: number;
}

/** Of all but the last frame. */
function xiphSizes(data: Uint8Array, count: number): Sizes | undefined {
  const values: number[] = [];
  let at = 1;
  while (values.length < count - 1) {
    let size = 0;
    while (data[at] === 255) {
      size += 255;
      at++;
    }
    size += data[at++] ?? 0;
    values.push(size);
    if (at > data.length) return undefined;
  }
  return { values, end: at };
}

/** The first as a size, the others as what they differ from the one before. */
function ebmlSizes(data: Uint8Array, count: number): Sizes | undefined {
  const values: number[] = [];
  let at = 1;
  while (values.length < count - 1) {
    const next = vint(data, at);
    if (!next) return undefined;
    const bias = 2 ** (7 * (next.end - at) - 1) - 1;
    const size = values.length === 0 ? next.value : values.at(-1)! + next.value - bias;
    if (size < 0) return undefined;
    values.push(size);
    at = next.end;
  }
  return { values, end: at };
}

function vint(data: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  const length = vintLength(data[at]);
  if (length === undefined || length > 8 || at + length > data.length) return undefined;
  let value = (data[at] ?? 0) & ((1 << (8 - length)) - 1);
  for (let index = at + 1; index < at + length; index++) value = value * 256 + (data[index] ?? 0);
  return { value, end: at + length };
}
