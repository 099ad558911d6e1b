import { writeAmf0, type AmfValue } from '../../src/rtmp/wire/amf0.js';

/** Chunks as bad as can be thought of, of about so many bytes. */
export function rtmpChunks(length: number): readonly (readonly [idea: string, bytes: Buffer])[] {
  const full = (id: number, type: number, bodyBytes: number, timestamp = 0): Buffer => {
    const header = Buffer.alloc(12);
    header[0] = id;
    header.writeUIntBE(timestamp, 1, 3);
    header.writeUIntBE(bodyBytes, 4, 3);
    header[7] = type;
    header[8] = 1;
    return header;
  };
  const chunkSize = (bytes: number): Buffer => Buffer.concat([full(2, 1, 4), Buffer.from([bytes >> 24, (bytes >> 16) & 0xff, (bytes >> 8) & 0xff, bytes & 0xff])]);
  const streams = Array.from({ length: 60 }, (_, index) => index + 3);
  const begun = Buffer.concat([chunkSize(1), ...streams.map((id) => Buffer.concat([full(id, 9, 60_000), Buffer.from([0x17])]))]);
  return [
    ['messages of nothing, a byte each', Buffer.concat([full(5, 9, 0), Buffer.alloc(length, 0xc5)])],
    ['sound of nothing, a byte each', Buffer.concat([full(5, 8, 0), Buffer.alloc(length, 0xc5)])],
    ['chunks of one byte', Buffer.concat([chunkSize(1), full(5, 9, 0xffff), Buffer.from([0x17]), filled(Buffer.from([0xc5, 1]), Math.min(length, 2 * 0xfffe))])],
    ['chunks of sixty messages in turn', Buffer.concat([begun, filled(Buffer.concat(streams.map((id) => Buffer.from([0xc0 | id, 1]))), Math.min(length, 60 * 2 * 900))])],
    ['messages that are begun anew', filled(full(5, 9, 500), length)],
    ['chunk sizes', filled(chunkSize(128), length)],
    ['messages that are given up', filled(Buffer.concat([full(2, 2, 4), Buffer.from([0, 0, 0, 5])]), length)],
    ['configurations', filled(Buffer.concat([full(5, 9, 5), Buffer.from([0x17, 0, 0, 0, 0])]), length)],
    ['configurations, each another', Buffer.concat(Array.from({ length: Math.ceil(length / 18) }, (_, index) => Buffer.concat([full(5, 9, 6), Buffer.from([0x17, 0, 0, 0, 0, index & 0xff])])))],
    ['frames of five bytes', Buffer.concat([full(5, 9, 5), Buffer.from([0x17, 0, 0, 0, 0]), filled(Buffer.from([0xc5, 0x27, 1, 0, 0, 0]), length)])],
    ['facts', filled(Buffer.concat([full(5, 18, 3), Buffer.from([2, 0, 0])]), length)],
    ['times that go round', Buffer.concat([full(5, 8, 1, 0xffffff), Buffer.from('ffffffff2f', 'hex'), filled(Buffer.from('c5ffffffff2f', 'hex'), length)])],
  ];
}

/** AMF 0 as bad as can be thought of, of about so many bytes. */
export function amfValues(length: number): readonly (readonly [idea: string, bytes: Buffer])[] {
  const nested = (depth: number): AmfValue => (depth === 0 ? null : { a: nested(depth - 1) });
  return [
    ['nothing, again and again', Buffer.alloc(length, 5)],
    ['empty texts', filled(Buffer.from([2, 0, 0]), length)],
    ['empty objects', filled(Buffer.from([3, 0, 0, 9]), length)],
    ['objects in objects', filled(writeAmf0([nested(8)]), length)],
    ['objects that do not end', filled(Buffer.from([3, 0, 1, 0x61]), length)],
    ['one name, again and again', Buffer.concat([Buffer.from([3]), filled(Buffer.from([0, 1, 0x61, 5]), length), Buffer.from([0, 0, 9])])],
    ['many names', Buffer.concat([Buffer.from([3]), ...Array.from({ length: Math.ceil(length / 9) }, (_, index) => Buffer.concat([Buffer.from([0, 6]), Buffer.from(String(index).padStart(6, '0')), Buffer.from([5])])), Buffer.from([0, 0, 9])])],
    ['numbers for names', Buffer.concat([Buffer.from([3]), ...Array.from({ length: Math.ceil(length / 12) }, (_, index) => Buffer.concat([Buffer.from([0, 9]), Buffer.from(String(4_000_000_000 - index * 7919 > 0 ? 4_000_000_000 - index * 7919 : index).padStart(9, '1').slice(0, 9)), Buffer.from([5])])), Buffer.from([0, 0, 9])])],
    ['a list that claims to be long', Buffer.concat([Buffer.from([10, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(length, 5)])],
    ['lists in lists', filled(Buffer.from([10, 0, 0, 0, 1]), length)],
    ['a text of broken letters', Buffer.concat([Buffer.from([12, (length >> 24) & 0xff, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]), Buffer.alloc(length, 0xc3)])],
  ];
}

function filled(pattern: Buffer, bytes: number): Buffer {
  return Buffer.alloc(Math.max(1, Math.floor(bytes / pattern.length)) * pattern.length).fill(pattern);
}
