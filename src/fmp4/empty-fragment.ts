import { box, uint32 } from '../isobmff/box-writer.js';
import type { Fragment } from './fragment.js';

const durationIsEmpty = 0x010000;
const defaultBaseIsMoof = 0x020000;

/** A fragment without samples: it says of a stretch of time that nothing is in it (ISO/IEC 14496-12 §8.8.7). */
export function emptyFragment(trackId: number, baseMediaDecodeTime: number): Fragment {
  const tfhd = box('tfhd', uint32(durationIsEmpty | defaultBaseIsMoof), uint32(trackId));
  const time = Buffer.alloc(12);
  time.writeUInt8(1, 0);
  time.writeBigUInt64BE(BigInt(Math.round(baseMediaDecodeTime)), 4);
  const moof = box('moof', box('mfhd', uint32(0), uint32(0)), box('traf', tfhd, box('tfdt', time)));
  return { bytes: Buffer.concat([moof, box('mdat')]), runs: [] };
}

/** Whole boxes, and nothing to play. Behind the first one are more bytes than a player looks at to find out whether there is another. */
export const boxesWithoutMedia = Buffer.concat([box('moov'), box('mdat', Buffer.alloc(64))]);
