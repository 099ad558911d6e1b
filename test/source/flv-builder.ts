/** What `flv` puts together: the file header and tags in order. */
export type FlvPart = { readonly timeMs?: number } & ({ readonly video: readonly number[] } | { readonly audio: readonly number[] } | { readonly script: readonly number[] });

export const avcConfig = { video: [0x17, 0, 0, 0, 0, 1, 100, 0, 31, 0xff, 0xe1] };
export const aacConfig = { audio: [0xaf, 0, 0x11, 0x90] }; // AAC-LC, 48 kHz, stereo
export const keyframe = (timeMs: number): FlvPart => ({ timeMs, video: [0x17, 1, 0, 0, 0, 9, 9, 9] });
export const picture = (timeMs: number): FlvPart => ({ timeMs, video: [0x27, 1, 0, 0, 40, 9] });
export const sound = (timeMs: number): FlvPart => ({ timeMs, audio: [0xaf, 1, 9, 9] });

/** A tag as Adobe FLV 10.1 §E.4.1 says, with its back pointer. */
export function flvTag(part: FlvPart): Buffer {
  const [type, body] = 'video' in part ? [9, part.video] : 'audio' in part ? [8, part.audio] : [18, part.script];
  const time = part.timeMs ?? 0;
  const head = Buffer.alloc(11);
  head[0] = type;
  head.writeUIntBE(body.length, 1, 3);
  head.writeUIntBE(time & 0xffffff, 4, 3);
  head[7] = (time >> 24) & 0xff;
  const back = Buffer.alloc(4);
  back.writeUInt32BE(11 + body.length);
  return Buffer.concat([head, Buffer.from(body), back]);
}

/** @param announces `av`, `v`, `a` or nothing */
export function flv(announces: string, parts: readonly FlvPart[]): Buffer {
  const flags = (announces.includes('a') ? 4 : 0) | (announces.includes('v') ? 1 : 0);
  return Buffer.concat([Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]), ...parts.map(flvTag)]);
}
