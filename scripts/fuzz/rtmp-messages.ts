import { writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { writeChunks } from '../../src/rtmp/wire/chunk-writer.js';
import { messageType } from '../../src/rtmp/wire/message.js';

const command = (...values: Parameters<typeof writeAmf0>[0]): Buffer => writeChunks(3, { type: messageType.commandAmf0, timestamp: 0, streamId: 0, body: writeAmf0(values) }, 128);
const media = (type: number, timestamp: number, bytes: readonly number[], padding = 0): Buffer =>
  writeChunks(6, { type, timestamp, streamId: 1, body: Buffer.concat([Buffer.from(bytes), Buffer.alloc(padding, 1)]) }, 128);

/** What an encoder says up to `publish`. */
export function rtmpBeginning(name: string): Buffer {
  return Buffer.concat([
    command('connect', 1, { app: 'live', flashVer: 'fuzz', tcUrl: 'rtmp://127.0.0.1/live' }),
    command('releaseStream', 2, null, name),
    command('FCPublish', 3, null, name),
    command('createStream', 4, null),
    command('publish', 5, null, name, 'live'),
  ]);
}

/** And what follows: descriptions, sequence headers, frames of one and of several chunks, all forms of header. */
export const rtmpMedia = Buffer.concat([
  writeChunks(4, { type: messageType.dataAmf0, timestamp: 0, streamId: 1, body: writeAmf0(['@setDataFrame', 'onMetaData', { width: 640, height: 360 }]) }, 128),
  media(messageType.video, 0, [0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 0, 0]),
  media(messageType.audio, 0, [0xaf, 0, 0x12, 0x10]),
  media(messageType.video, 0, [0x17, 1, 0, 0, 0], 1000),
  media(messageType.audio, 23, [0xaf, 1], 200),
  Buffer.from('46000028000008092701000000aabbcc', 'hex'),
  Buffer.from('c62701000000aabbcc', 'hex'),
  media(messageType.video, 0xfffffe, [0x27, 1, 0, 0, 0], 300),
  Buffer.from('06ffffff0000040901000000fffffff027010000', 'hex'),
  command('FCUnpublish', 6, null, 'cam'),
  command('deleteStream', 7, null, 1),
]);

export const rtmpMessages = Buffer.concat([rtmpBeginning('cam?key=x'), rtmpMedia]);
