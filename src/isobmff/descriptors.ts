/** DecoderConfigDescriptor, ISO/IEC 14496-1 §7.2.6.6. */
export interface DecoderConfig {
  /** objectTypeIndication. */
  readonly objectType: number;
  /** DecoderSpecificInfo, a view of the bytes; of AAC the AudioSpecificConfig. */
  readonly specific: Uint8Array | undefined;
}

const decoderConfigTag = 0x04;
const decoderSpecificTag = 0x05;

/** What the ES_Descriptor of an `esds` box says, ISO/IEC 14496-1 §7.2.6.5. @param esds its payload */
export function readDecoderConfig(esds: Uint8Array | undefined): DecoderConfig | undefined {
  if (esds === undefined) return undefined;
  let at = descriptorBody(esds, 4).at; // after version and flags: ES_Descriptor
  const streamFlags = esds[at + 2] ?? 0;
  at += 3 + (streamFlags & 0x80 ? 2 : 0) + (streamFlags & 0x40 ? 1 + (esds[at + 3] ?? 0) : 0) + (streamFlags & 0x20 ? 2 : 0);
  if (esds[at] !== decoderConfigTag) return undefined;
  const config = descriptorBody(esds, at);
  const objectType = esds[config.at] ?? 0x40;
  const specificAt = config.at + 13;
  if (esds[specificAt] !== decoderSpecificTag || specificAt >= config.at + config.length) return { objectType, specific: undefined };
  const specific = descriptorBody(esds, specificAt);
  return { objectType, specific: esds.subarray(specific.at, specific.at + specific.length) };
}

/** Where a descriptor's fields begin, after its tag and a length of one to four bytes, and how long they are. */
function descriptorBody(bytes: Uint8Array, at: number): { readonly at: number; readonly length: number } {
  let next = at + 1;
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[next++] ?? 0;
    length = length * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) break;
  }
  return { at: next, length };
}
