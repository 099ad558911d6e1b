import t from 'tap';

import { readAmf0, writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { ChunkReader } from '../../src/rtmp/wire/chunk-reader.js';
import { writeChunks } from '../../src/rtmp/wire/chunk-writer.js';
import { Handshake } from '../../src/rtmp/wire/handshake.js';
import type { RtmpMessage } from '../../src/rtmp/wire/message.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const readAll = (bytes: Buffer, sliceBytes = bytes.length, maxMessageBytes = 10_000): RtmpMessage[] => {
  const reader = new ChunkReader({ maxMessageBytes });
  const messages: RtmpMessage[] = [];
  for (let at = 0; at < bytes.length; at += sliceBytes) messages.push(...reader.push(bytes.subarray(at, at + sliceBytes)));
  return messages;
};

t.test('AMF 0 is written and read byte for byte as the specification has it', async (t) => {
  t.strictSame(writeAmf0(['connect', 1, { app: 'live', ok: true }, null, undefined]), hex('02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0002 6f6b 01 01 000009 05 06'));
  t.strictSame(readAmf0(hex('02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0002 6f6b 01 01 000009 05 06')), ['connect', 1, { app: 'live', ok: true }, null, undefined]);
  t.strictSame(readAmf0(hex('08 00000001 0005 7769647468 00 4084000000000000 000009')), [{ width: 640 }], 'an ECMA array');
  t.strictSame(readAmf0(hex('0a 00000002 05 01 00')), [[null, false]], 'a strict array');
  t.strictSame(readAmf0(hex('0b 4084000000000000 0000')), [640], 'a date');
  t.strictSame(readAmf0(hex('0c 00000002 6869')), ['hi'], 'a long string');
});

t.test('AMF 0 that promises more than there is, nests without end or names the prototype does no harm', async (t) => {
  t.throws(() => readAmf0(hex('02 ffff 61')), { name: 'RtmpProtocolError', message: /^expected .* got 4$/ });
  t.throws(() => readAmf0(Buffer.concat(Array.from({ length: 100 }, () => hex('03 0001 61')))), /deep, got more/);
  t.throws(() => readAmf0(hex('0a ffffffff 05')), /got/);
  t.throws(() => readAmf0(hex('11')), /expected an AMF 0 value, got one of type 17/);
  const [value] = readAmf0(hex('03 0009 5f5f70726f746f5f5f 03 0001 78 01 01 000009 000009'));
  t.equal(({} as Record<string, unknown>).x, undefined);
  t.ok(Object.hasOwn(value as object, '__proto__'));
});

t.test('the handshake is answered whatever the slices, and what came behind it is kept', async (t) => {
  const c1 = Buffer.concat([hex('00000001 00000000'), Buffer.alloc(1528, 5)]);
  const sent = Buffer.concat([Buffer.from([3]), c1, Buffer.alloc(1536, 1), Buffer.from('rest')]);
  for (const sliceBytes of [1, 700, 1537, 3073, 4000]) {
    const handshake = new Handshake({ random: Buffer.alloc(1528, 8), timeMs: 7 });
    const answers: Buffer[] = [];
    let behind: Buffer | undefined;
    for (let at = 0; at < sent.length && !behind; at += sliceBytes) {
      const { answer, rest } = handshake.push(sent.subarray(at, at + sliceBytes));
      answers.push(answer);
      behind = rest && Buffer.concat([rest, sent.subarray(at + sliceBytes)]);
    }
    const answer = Buffer.concat(answers);
    t.equal(answer.length, 1 + 2 * 1536);
    t.equal(answer[0], 3);
    t.strictSame(answer.subarray(1, 9), hex('00000007 00000000'), 'S1: the time, then zeros');
    t.strictSame(answer.subarray(1537 + 8), c1.subarray(8), 'S2 echoes C1');
    t.equal(String(behind), 'rest');
  }
  t.throws(() => new Handshake({ random: Buffer.alloc(1528), timeMs: 0 }).push(Buffer.from('GET / HTTP/1.1')), /expected RTMP of version 3, got a first byte of 71/);
});

t.test('messages come out of chunks as they went in, whatever the cuts', async (t) => {
  const long = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
  const stream = Buffer.concat([
    writeChunks(3, { type: 20, timestamp: 5, streamId: 0, body: Buffer.from('command') }, 128),
    // Interleaved: a sound in the middle of a picture.
    writeChunks(6, { type: 9, timestamp: 40, streamId: 1, body: long }, 128).subarray(0, 12 + 128),
    writeChunks(4, { type: 8, timestamp: 41, streamId: 1, body: Buffer.from('sound') }, 128),
    writeChunks(6, { type: 9, timestamp: 40, streamId: 1, body: long }, 128).subarray(12 + 128),
    writeChunks(2, { type: 1, timestamp: 0, streamId: 0, body: hex('00001000') }, 128),
    hex('46 000028 0003e8 09'), long, // format 1: 40 ms later, of 1000 bytes
    hex('86 00001e'), long, // format 2: 30 ms later
    hex('c6'), long, // format 3: the same again
    writeChunks(5, { type: 20, timestamp: 0, streamId: 0, body: Buffer.alloc(0) }, 4096),
  ]);
  const expected = [[20, 5, 7], [8, 41, 5], [9, 40, 1000], [1, 0, 4], [9, 80, 1000], [9, 110, 1000], [9, 140, 1000], [20, 0, 0]];
  for (const sliceBytes of [1, 2, 3, 7, 127, 129, 1000, stream.length]) {
    const messages = readAll(stream, sliceBytes);
    t.strictSame(messages.map(({ type, timestamp, body }) => [type, timestamp, body.length]), expected, `in slices of ${String(sliceBytes)}`);
    t.ok(messages.filter(({ type }) => type === 9).every(({ body }) => body.equals(long)));
  }
});

t.test('timestamps of 32 bits stand in every chunk of a message, or in its first alone', async (t) => {
  const body = Buffer.alloc(200, 3);
  const head = hex('06 ffffff 0000c8 09 01000000 fffffff0');
  for (const repeated of [hex('c6 fffffff0'), hex('c6')]) {
    for (const sliceBytes of [1, 5, 1000]) {
      const messages = readAll(Buffer.concat([head, body.subarray(0, 128), repeated, body.subarray(128), hex('46 000020 000001 09 aa')]), sliceBytes);
      t.strictSame(messages.map(({ timestamp }) => timestamp), [0xfffffff0, 0x10], 'and wrap');
      t.ok(messages[0]?.body.equals(body));
    }
  }
});

t.test('an aborted message is forgotten, and so is one whose stream begins another', async (t) => {
  const long = writeChunks(6, { type: 9, timestamp: 0, streamId: 1, body: Buffer.alloc(200) }, 128);
  const abort = writeChunks(2, { type: 2, timestamp: 0, streamId: 0, body: hex('00000006') }, 128);
  const next = writeChunks(6, { type: 9, timestamp: 1, streamId: 1, body: Buffer.from('next') }, 128);
  t.strictSame(readAll(Buffer.concat([long.subarray(0, 140), abort, next])).map(({ type, body }) => [type, body.length]), [[2, 4], [9, 4]]);
  t.strictSame(readAll(Buffer.concat([long.subarray(0, 140), next])).map(({ type, body }) => [type, body.length]), [[9, 4]]);
});

t.test('what is larger than allowed is refused before it is kept', async (t) => {
  t.throws(() => readAll(hex('06 000000 ffffff 09 01000000')), { code: 'over-limit', message: /at most 10000 bytes, got one of 16777215/ });
  const unfinished = Array.from({ length: 60 }, (_, index) => writeChunks(3 + index, { type: 9, timestamp: 0, streamId: 1, body: Buffer.alloc(9999) }, 128).subarray(0, 140));
  t.doesNotThrow(() => readAll(Buffer.concat(unfinished)));
  const large = writeChunks(2, { type: 1, timestamp: 0, streamId: 0, body: hex('00001000') }, 128);
  t.throws(() => readAll(Buffer.concat([large, ...[3, 4, 5].map((id) => writeChunks(id, { type: 9, timestamp: 0, streamId: 1, body: Buffer.alloc(9999) }, 4096).subarray(0, 12 + 4096))])), { code: 'over-limit' });
  t.throws(() => readAll(Buffer.concat(Array.from({ length: 70 }, (_, index) => Buffer.concat([Buffer.from([0, index]), hex('000000 000001 09 01000000 aa')])))), /at most 64 chunk streams/);
  t.throws(() => readAll(writeChunks(2, { type: 1, timestamp: 0, streamId: 0, body: hex('00000000') }, 128)), /chunk size/);
  t.throws(() => readAll(hex('c6')), /full header/);
});
