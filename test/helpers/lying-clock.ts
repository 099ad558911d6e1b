import { children } from '../../src/source/ebml.js';

const clusterId = Buffer.from('1f43b675', 'hex');

/** A WebM or Matroska recording whose clusters say another time than they should. */
export function withLyingClock(recording: Buffer, lie: (clusterMs: number) => number): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (let at = recording.indexOf(clusterId); at >= 0; at = recording.indexOf(clusterId, at + 4)) {
    const size = sizeLength(recording[at + 4] ?? 0);
    const timestamp = at + 4 + size;
    if (recording[timestamp] !== 0xe7) continue; // these four bytes were part of a picture
    const [element] = children(recording.subarray(timestamp, timestamp + 10));
    if (!element) continue;
    const ms = element.data.reduce((value, byte) => value * 256 + byte, 0);
    const told = Buffer.alloc(10);
    told[0] = 0xe7;
    told[1] = 0x88;
    told.writeBigUInt64BE(BigInt(lie(ms)), 2);
    // Of unknown size, so that it may grow.
    parts.push(recording.subarray(done, at), clusterId, Buffer.from('01ffffffffffffff', 'hex'), told);
    done = timestamp + 2 + element.data.length;
  }
  return Buffer.concat([...parts, recording.subarray(done)]);
}

function sizeLength(firstByte: number): number {
  return Math.clz32(firstByte) - 23;
}
