/** Tag types (Adobe Flash Video File Format Specification 10.1, §E.4.1). */
export const flvTagType = { audio: 8, video: 9, script: 18 } as const;

export type FlvTagType = (typeof flvTagType)[keyof typeof flvTagType];

const headerBytes = 9;
/** What stands before a tag's body: type, size, timestamp, stream id. */
export const flvTagHeadBytes = 11;
/** Behind each body stands how long its tag was. */
export const flvBackPointerBytes = 4;
/** Of a body: 24 bits. */
export const maxFlvTagBodyBytes = 0xffffff;

export interface FlvTagHead {
  readonly type: number;
  readonly bodyBytes: number;
  /** Decode time in ms, 32 bits that wrap. */
  readonly timestamp: number;
}

/** The head that begins at `at`, of whose bytes all have come. */
export function readFlvTagHead(bytes: Uint8Array, at = 0): FlvTagHead {
  const extension = bytes[at + 7] ?? 0;
  return { type: (bytes[at] ?? 0) & 0x1f, bodyBytes: uint24(bytes, at + 1), timestamp: ((extension << 24) | uint24(bytes, at + 4)) >>> 0 };
}

/** How long the tag was that ends before `at`. */
export function readFlvBackPointer(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 2 ** 24 + uint24(bytes, at + 1);
}

/** Big-endian, of three bytes; 0 for those that are not there. */
export function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** The file header and the size of the tag before the first, which is 0 (§E.2, §E.3). */
export function flvHeader({ audio, video }: { audio: boolean; video: boolean }): Buffer {
  const flags = (audio ? 4 : 0) | (video ? 1 : 0);
  return Buffer.from([...Buffer.from('FLV'), 1, flags, 0, 0, 0, headerBytes, 0, 0, 0, 0]);
}

/**
 * One tag and its size behind it (§E.4).
 * @param timestampMs from 0 to 2^31 - 1: readers take it for a signed number of 32 bits
 */
export function flvTag(type: FlvTagType, timestampMs: number, body: Buffer): Buffer {
  const tag = Buffer.allocUnsafe(flvTagHeadBytes + body.length + 4);
  tag[0] = type;
  tag.writeUIntBE(body.length, 1, 3);
  tag.writeUIntBE(timestampMs & 0xffffff, 4, 3);
  tag[7] = (timestampMs >> 24) & 0xff;
  tag.writeUIntBE(0, 8, 3);
  body.copy(tag, flvTagHeadBytes);
  tag.writeUInt32BE(flvTagHeadBytes + body.length, flvTagHeadBytes + body.length);
  return tag;
}
