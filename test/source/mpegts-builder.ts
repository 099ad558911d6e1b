const mapPid = 0x100;
export const videoPid = 0x101;
export const audioPid = 0x102;

export const sps = [0, 0, 1, 0x67, 100, 0, 31];
export const idr = [0, 0, 1, 0x65, 9, 9];
export const slice = [0, 0, 1, 0x41, 9, 9];

/** A packet with a payload of any length up to 184 bytes: an adaptation field fills the rest. */
export function packet(pid: number, payload: readonly number[], { begins = true, randomAccess = false } = {}): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  const room = 184 - payload.length;
  bytes.set([0x47, (begins ? 0x40 : 0) | (pid >> 8), pid & 0xff, room > 0 ? 0x30 : 0x10]);
  if (room > 0) bytes[4] = room - 1;
  if (room > 1) bytes[5] = randomAccess ? 0x40 : 0;
  bytes.set(payload, 188 - payload.length);
  return bytes;
}

/** PAT and PMT. @param streams stream type and PID */
export function program(streams: readonly (readonly [type: number, pid: number, descriptors?: readonly number[]])[] = [[0x1b, videoPid], [0x0f, audioPid]]): Buffer {
  const section = (table: number, body: readonly number[]): number[] => [0, table, 0xb0, body.length + 4, ...body, 1, 2, 3, 4];
  const entries = streams.flatMap(([type, pid, descriptors = []]) => [type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length, ...descriptors]);
  return Buffer.concat([
    packet(0, section(0, [0, 1, 0xc1, 0, 0, 0, 0, 0xe0, 0x10, 0, 1, 0xe0 | (mapPid >> 8), mapPid & 0xff])),
    packet(mapPid, section(2, [0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, ...entries])),
  ]);
}

/** The packet that a frame begins in. @param ticks of 90 kHz */
export function frame(pid: number, ticks: number, payload: readonly number[] = [], randomAccess = false): Buffer {
  const high = Math.floor(ticks / 2 ** 30) & 0x07;
  const time = [0x21 | (high << 1), (ticks >>> 22) & 0xff, (ticks >>> 14) | 1, (ticks >>> 7) & 0xff, (ticks << 1) | 1].map((byte) => byte & 0xff);
  return packet(pid, [0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, ...time, ...payload], { randomAccess });
}

/** A second and a half of pictures and sound. */
export function mpegts(): Buffer {
  const frames = Array.from({ length: 45 }, (_, index) => [
    frame(videoPid, 126_000 + index * 3000, index % 30 === 0 ? [...sps, ...idr] : slice, index % 30 === 0),
    ...(index % 5 === 0 ? [frame(audioPid, 126_000 + index * 3000, [0xff, 0xf1])] : []),
  ]).flat();
  return Buffer.concat([program(), ...frames]);
}
