/** Tools that make of ordinary media what real publishers send: cut, joined, announced late. */

const packetBytes = 188;

export function transportPackets(ts: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(ts.length / packetBytes) }, (_, index) => ts.subarray(index * packetBytes, (index + 1) * packetBytes));
}

export const pidOf = (packet: Buffer): number => packet.readUInt16BE(1) & 0x1fff;

/** The packets without those of these PIDs. */
export function withoutPids(ts: Buffer, ...pids: readonly number[]): Buffer {
  return Buffer.concat(transportPackets(ts).filter((packet) => !pids.includes(pidOf(packet))));
}

const beginsUnit = (packet: Buffer): boolean => (packet.readUInt8(1) & 0x40) !== 0;
const payloadAt = (packet: Buffer): number => (packet.readUInt8(3) & 0x20 ? 5 + packet.readUInt8(4) : 4);

/** What ffmpeg gives a program's map, picture and sound. */
export const pids = { map: 0x1000, video: 0x100, audio: 0x101 } as const;

/**
 * The program's maps, changed: `change` gets each with its number among them, the entries of its streams, and gives the entries that stay.
 * @returns the stream with sections that are as long as before says nothing of their checksum
 */
export function withMaps(ts: Buffer, change: (entries: readonly MapEntry[], number: number) => readonly MapEntry[]): Buffer {
  let number = 0;
  return Buffer.concat(
    transportPackets(ts).map((packet) => {
      if (pidOf(packet) !== pids.map || !beginsUnit(packet)) return packet;
      const at = payloadAt(packet) + 1 + packet.readUInt8(payloadAt(packet));
      const length = packet.readUInt16BE(at + 1) & 0x0fff;
      const headEnd = at + 12 + (packet.readUInt16BE(at + 10) & 0x0fff);
      const entries: MapEntry[] = [];
      for (let entry = headEnd; entry < at + 3 + length - 4; ) {
        const descriptors = packet.readUInt16BE(entry + 3) & 0x0fff;
        entries.push({ type: packet.readUInt8(entry), pid: packet.readUInt16BE(entry + 1) & 0x1fff, descriptors: packet.subarray(entry + 5, entry + 5 + descriptors) });
        entry += 5 + descriptors;
      }
      const body = Buffer.concat(change(entries, number++).map(writeEntry));
      const section = Buffer.concat([packet.subarray(at, headEnd), body]);
      section.writeUInt16BE(0xb000 | (section.length - 3 + 4), 1);
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(section));
      const changed = Buffer.alloc(packetBytes, 0xff);
      packet.copy(changed, 0, 0, at);
      Buffer.concat([section, checksum]).copy(changed, at);
      return changed;
    }),
  );
}

export interface MapEntry {
  readonly type: number;
  readonly pid: number;
  readonly descriptors: Buffer;
}

function writeEntry({ type, pid, descriptors }: MapEntry): Buffer {
  return Buffer.concat([Buffer.from([type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0 | (descriptors.length >> 8), descriptors.length & 0xff]), descriptors]);
}

/** Of MPEG-2 sections, ISO/IEC 13818-1 annex A. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

export interface FlvTag {
  readonly type: number;
  readonly timeMs: number;
  readonly body: Buffer;
}

const flvHeadBytes = 13;

export function flvTags(flv: Buffer): FlvTag[] {
  const tags: FlvTag[] = [];
  for (let at = flvHeadBytes; at + 11 <= flv.length; ) {
    const length = flv.readUIntBE(at + 1, 3);
    tags.push({ type: flv.readUInt8(at), timeMs: (flv.readUInt8(at + 7) << 24) | flv.readUIntBE(at + 4, 3), body: flv.subarray(at + 11, at + 11 + length) });
    at += 11 + length + 4;
  }
  return tags;
}

/** A file header that announces both kinds, and the tags. */
export function flvFile(tags: readonly FlvTag[]): Buffer {
  const header = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
  return Buffer.concat([header, ...tags.flatMap(({ type, timeMs, body }) => {
    const head = Buffer.alloc(11);
    head.writeUInt8(type, 0);
    head.writeUIntBE(body.length, 1, 3);
    head.writeUIntBE(timeMs & 0xffffff, 4, 3);
    head.writeUInt8((timeMs >>> 24) & 0xff, 7);
    const back = Buffer.alloc(4);
    back.writeUInt32BE(11 + body.length);
    return [head, body, back];
  })]);
}

/** Whether a tag holds what a decoder must be told (H.264 or AAC). */
export const isFlvConfiguration = ({ type, body }: FlvTag): boolean => (type === 9 || (type === 8 && body.readUInt8(0) >> 4 === 10)) && body[1] === 0;

export interface Mp4Box {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The boxes of the highest level. */
export function mp4Boxes(mp4: Buffer): Mp4Box[] {
  const boxes: Mp4Box[] = [];
  for (let at = 0; at + 8 <= mp4.length; ) {
    const size = mp4.readUInt32BE(at) || mp4.length - at;
    boxes.push({ type: mp4.toString('latin1', at + 4, at + 8), bytes: mp4.subarray(at, at + size) });
    at += size;
  }
  return boxes;
}
