/** Tag types (Adobe Flash Video File Format Specification 10.1, §E.4.1). */
export const flvTagType = { audio: 8, video: 9, script: 18 } as const;

export type FlvTagType = (typeof flvTagType)[keyof typeof flvTagType];

const headerBytes = 9;
const tagHeaderBytes = 11;
/** Of a body: 24 bits. */
export const maxFlvTagBodyBytes = 0xffffff;

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
  const tag = Buffer.allocUnsafe(tagHeaderBytes + body.length + 4);
  tag[0] = type;
  tag.writeUIntBE(body.length, 1, 3);
  tag.writeUIntBE(timestampMs & 0xffffff, 4, 3);
  tag[7] = (timestampMs >> 24) & 0xff;
  tag.writeUIntBE(0, 8, 3);
  body.copy(tag, tagHeaderBytes);
  tag.writeUInt32BE(tagHeaderBytes + body.length, tagHeaderBytes + body.length);
  return tag;
}
