/** A whole box, ISO/IEC 14496-12 §4.2. */
export function box(type: string, ...payload: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([uint32(0), Buffer.from(type, 'latin1'), ...payload]);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
