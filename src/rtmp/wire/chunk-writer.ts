import type { RtmpMessage } from './message.js';

/**
 * A message as chunks (§5.3), each with a full header or none: a server says little.
 * @param chunkStreamId from 2 to 63 @param message.timestamp below 0xffffff
 */
export function writeChunks(chunkStreamId: number, { type, timestamp, streamId, body }: RtmpMessage, chunkBytes: number): Buffer {
  const header = Buffer.alloc(12);
  header[0] = chunkStreamId;
  header.writeUIntBE(timestamp, 1, 3);
  header.writeUIntBE(body.length, 4, 3);
  header[7] = type;
  header.writeUInt32LE(streamId, 8);
  const pieces: Buffer[] = [header, body.subarray(0, chunkBytes)];
  for (let at = chunkBytes; at < body.length; at += chunkBytes) pieces.push(Buffer.from([0xc0 | chunkStreamId]), body.subarray(at, at + chunkBytes));
  return Buffer.concat(pieces);
}
