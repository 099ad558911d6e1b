/** Start codes stand between NAL units, ITU-T H.264 annex B: three bytes, of which two are zero. */
const startCode = Buffer.from([0, 0, 1]);

/** Whether these bytes begin with a start code, of three or of four bytes. */
export function beginsAnnexB(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && (bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1));
}

/** The NAL units between start codes, as views. What stands before the first start code is left out. */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const units: Uint8Array[] = [];
  let at = buffer.indexOf(startCode);
  while (at >= 0) {
    const begin = at + startCode.length;
    at = buffer.indexOf(startCode, begin);
    let end = at < 0 ? buffer.length : at;
    // A fourth byte of the start code, and trailing zeros: no NAL unit ends with a zero byte.
    while (end > begin && buffer[end - 1] === 0) end--;
    if (end > begin) units.push(buffer.subarray(begin, end));
  }
  return units;
}

/** The NAL units behind their lengths, ISO/IEC 14496-15 §5.3.3; undefined where the lengths don't fit the bytes. */
export function splitLengthPrefixed(bytes: Uint8Array, lengthBytes: number): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[at + index] ?? 0);
    at += lengthBytes;
    if (at + length > bytes.length) return undefined;
    if (length > 0) units.push(bytes.subarray(at, at + length));
    at += length;
  }
  return units;
}

/** The units in one piece, each behind its length in four bytes. */
export function joinLengthPrefixed(units: readonly Uint8Array[]): Buffer {
  const joined = Buffer.allocUnsafe(units.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const unit of units) {
    at = joined.writeUInt32BE(unit.length, at);
    joined.set(unit, at);
    at += unit.length;
  }
  return joined;
}

/** Without the bytes that keep start codes from occurring by chance, ITU-T H.264 §7.4.1. */
export function unescaped(unit: Uint8Array): Uint8Array {
  const payload = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    payload[length++] = byte;
  }
  return payload.subarray(0, length);
}
