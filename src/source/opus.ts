/** Opus decodes at this rate, whatever was recorded. */
export const opusRate = 48_000;

/** The identification header, RFC 7845 §5.1, for one or two channels. */
export function opusConfiguration(channels: number, preSkip = 0): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = Math.min(channels, 2);
  head.writeUInt16LE(preSkip, 10);
  head.writeUInt32LE(opusRate, 12);
  return head;
}

/** How long an Opus packet lasts, by its first bytes: RFC 6716 §3.1. */
export function opusSeconds(packet: Uint8Array): number {
  const [toc = 0, second = 0] = packet;
  const config = toc >> 3;
  const frameMs = config < 12 ? ([10, 20, 40, 60][config & 3] ?? 20) : config < 16 ? ([10, 20][config & 1] ?? 20) : ([2.5, 5, 10, 20][config & 3] ?? 20);
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? second & 0x3f : 2;
  return (frames * frameMs) / 1000;
}

/** The packets in a PES packet of a transport stream: each behind a control header ("Opus in MPEG-TS" §2.1). */
export function splitOpusUnits(bytes: Uint8Array, startSeconds: number): { readonly timeSeconds: number; readonly bytes: Uint8Array }[] {
  const units: { timeSeconds: number; bytes: Uint8Array }[] = [];
  let [at, timeSeconds] = [0, startSeconds];
  while (at + 3 <= bytes.length) {
    const flags = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0x7f || (flags & 0xe0) !== 0xe0) break;
    at += 2;
    let size = 0;
    while (bytes[at] === 0xff) {
      size += 255;
      at++;
    }
    size += bytes[at++] ?? 0;
    at += (flags & 0x10 ? 2 : 0) + (flags & 0x08 ? 2 : 0);
    if (flags & 0x04) at += 1 + (bytes[at] ?? 0);
    if (size === 0 || at + size > bytes.length) break;
    const packet = bytes.subarray(at, at + size);
    units.push({ timeSeconds, bytes: packet });
    timeSeconds += opusSeconds(packet);
    at += size;
  }
  return units;
}
