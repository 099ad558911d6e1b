import type { ByteFeed } from './byte-feed.js';

/** The start of an EBML element, RFC 8794 §5 and §6. */
export interface ElementHead {
  readonly id: number;
  readonly headBytes: number;
  /** Infinity: unknown, it lasts until an element that can't be its child. */
  readonly dataBytes: number;
}

export interface Element {
  readonly id: number;
  readonly data: Uint8Array;
}

/** Reads the head at the feed's position without consuming it. */
export function peekElementHead(feed: ByteFeed): ElementHead | 'more' | 'invalid' {
  const idBytes = vintLength(feed.peek(1)?.[0]);
  if (idBytes === undefined) return 'more';
  if (idBytes > 4) return 'invalid';
  const id = feed.peek(idBytes);
  if (id === undefined) return 'more';
  const idValue = unsigned(id);
  const sizeBytes = vintLength(feed.peek(idBytes + 1)?.[idBytes]);
  if (sizeBytes === undefined) return 'more';
  if (sizeBytes > 8) return 'invalid';
  const head = feed.peek(idBytes + sizeBytes);
  if (head === undefined) return 'more';
  return { id: idValue, headBytes: idBytes + sizeBytes, dataBytes: vintValue(head.subarray(idBytes)) };
}

/** The id of the element at the feed's position as soon as its bytes are there. */
export function peekElementId(feed: ByteFeed): number | undefined {
  const idBytes = vintLength(feed.peek(1)?.[0]);
  if (idBytes === undefined) return undefined;
  const id = feed.peek(Math.min(idBytes, 4));
  return id === undefined ? undefined : unsigned(id);
}

/** The children of a complete element; stops where they make no sense. */
export function* children(data: Uint8Array): Generator<Element> {
  let at = 0;
  while (at < data.length) {
    const idBytes = vintLength(data[at]) ?? 9;
    const sizeBytes = vintLength(data[at + idBytes]) ?? 9;
    const dataAt = at + idBytes + sizeBytes;
    if (idBytes > 4 || sizeBytes > 8 || dataAt > data.length) return;
    const end = Math.min(dataAt + vintValue(data.subarray(at + idBytes, dataAt)), data.length);
    yield { id: unsigned(data.subarray(at, at + idBytes)), data: data.subarray(dataAt, end) };
    at = end;
  }
}

/** Length of a variable-size integer by its first byte; 9 stands for one that can't be. RFC 8794 §4. */
export function vintLength(firstByte: number | undefined): number | undefined {
  return firstByte === undefined ? undefined : Math.clz32(firstByte) - 23;
}

/** Value of a variable-size integer without its marker; Infinity when all its bits are 1. */
export function vintValue(bytes: Uint8Array): number {
  const first = (bytes[0] ?? 0) & ((1 << (8 - bytes.length)) - 1);
  const allOnes = (1 << (8 - bytes.length)) - 1 === first && bytes.subarray(1).every((byte) => byte === 0xff);
  return allOnes ? Infinity : bytes.subarray(1).reduce((value, byte) => value * 256 + byte, first);
}

export function unsigned(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** An EBML float, RFC 8794 §7.3; an impossible length reads as 0. */
export function float(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.length === 4 ? view.getFloat32(0) : bytes.length === 8 ? view.getFloat64(0) : 0;
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').replace(/\0+$/, '');
}
