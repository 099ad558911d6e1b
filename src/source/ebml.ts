import { ByteFeed } from './byte-feed.js';

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
  const id = peekId(feed);
  if (typeof id === 'string') return id;
  const sizeBytes = vintLength(feed.at(id.bytes));
  if (sizeBytes === undefined) return 'more';
  if (sizeBytes > 8) return 'invalid';
  const dataBytes = peekVint(feed, id.bytes, sizeBytes);
  return dataBytes === undefined ? 'more' : { id: id.value, headBytes: id.bytes + sizeBytes, dataBytes };
}

/** The id of the element at the feed's position as soon as its bytes are there. */
export function peekElementId(feed: ByteFeed): number | undefined {
  const id = peekId(feed);
  return typeof id === 'string' ? undefined : id.value;
}

function peekId(feed: ByteFeed): { readonly value: number; readonly bytes: number } | 'more' | 'invalid' {
  const bytes = vintLength(feed.at(0));
  if (bytes === undefined) return 'more';
  if (bytes > 4) return 'invalid';
  let value = 0;
  for (let index = 0; index < bytes; index++) {
    const byte = feed.at(index);
    if (byte === undefined) return 'more';
    value = value * 256 + byte;
  }
  return { value, bytes };
}

/** The variable-size integer of so many bytes that begins `at` places on; undefined until it is there. */
export function peekVint(feed: ByteFeed, at: number, bytes: number): number | undefined {
  const ones = (1 << (8 - bytes)) - 1;
  let value = (feed.at(at) ?? 0) & ones;
  let allOnes = value === ones;
  for (let index = at + 1; index < at + bytes; index++) {
    const byte = feed.at(index);
    if (byte === undefined) return undefined;
    value = value * 256 + byte;
    allOnes &&= byte === 0xff;
  }
  return allOnes ? Infinity : value;
}

/** More elements in one are looked for by nobody: a header is read in one go. */
const maxChildren = 1024;

/** The children of a complete element, the first thousand; stops where they make no sense. */
export function* children(data: Uint8Array): Generator<Element> {
  const feed = new ByteFeed();
  feed.load(data);
  for (let count = 0; count < maxChildren && feed.offset < data.length; count++) {
    const head = peekElementHead(feed);
    if (typeof head === 'string') return;
    const start = feed.offset + head.headBytes;
    const end = Math.min(start + head.dataBytes, data.length);
    yield { id: head.id, data: data.subarray(start, end) };
    feed.skip(end - feed.offset);
  }
}

/** Length of a variable-size integer by its first byte; 9 stands for one that can't be. RFC 8794 §4. */
export function vintLength(firstByte: number | undefined): number | undefined {
  return firstByte === undefined ? undefined : Math.clz32(firstByte) - 23;
}

/** An EBML unsigned integer, RFC 8794 §7.2; an impossible length reads as 0. */
export function unsigned(bytes: Uint8Array): number {
  if (bytes.length > 8) return 0;
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** An EBML float, RFC 8794 §7.3; an impossible length reads as 0. */
export function float(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.length === 4 ? view.getFloat32(0) : bytes.length === 8 ? view.getFloat64(0) : 0;
}

/** Names are short; a longer one is cut. */
const longestText = 64;

/** An EBML string up to its first zero, RFC 8794 §7.4. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const length = Math.min(end < 0 ? bytes.length : end, longestText);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}
