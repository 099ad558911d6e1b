import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { MediaBytes } from '../../src/hls/media-bytes.js';

function part(...pieces: string[]): MediaBytes {
  return new MediaBytes(pieces.map((piece) => Buffer.from(piece)));
}

function inMemory({ body }: MediaBytes): Buffer {
  if (!Buffer.isBuffer(body)) throw new Error('expected it in memory');
  return body;
}

t.test('a segment that nobody asks for stays in the pieces of its parts', async (t) => {
  const first = part('ab', 'c');
  const segment = MediaBytes.ofParts([first, part('de')]);
  t.equal(segment.byteLength, 5);
  t.strictSame(segment.pieces.map(String), ['ab', 'c', 'de']);
  t.strictSame(first.pieces.map(String), ['abc'], 'and its parts are still whole');
});

t.test('once one of them was asked for, a segment and its parts share one memory', async (t) => {
  const [first, empty, last] = [part('ab', 'c'), part(), part('de', 'fgh')];
  const segment = MediaBytes.ofParts([first, empty, last]);
  t.strictSame([first, empty, last].map((each) => String(inMemory(each))), ['abc', '', 'defgh']);
  t.equal(String(inMemory(segment)), 'abcdefgh');
  t.equal(segment.pieces.length, 1);
  t.equal(inMemory(last).buffer, inMemory(segment).buffer);
  t.equal(inMemory(last), inMemory(last), 'and no view is made twice');
});

t.test('a part that was asked for while its segment was open is kept once, not twice', async (t) => {
  const [first, second] = [part('ab', 'c'), part('de', 'f')];
  t.equal(String(inMemory(first)), 'abc');
  const segment = MediaBytes.ofParts([first, second]);
  t.equal(segment.pieces.length, 1);
  t.equal(inMemory(first).buffer, inMemory(segment).buffer);
  t.equal(String(inMemory(second)), 'def');
});

t.test('what has left memory is read from where it is stored, whole and part by part, and nothing of it is kept', async (t) => {
  const parts = [part('ab', 'c'), part('de', 'f'), part('gh')];
  const asked = inMemory(parts[0]!);
  const segment = MediaBytes.ofParts(parts);
  t.equal(String(asked), 'abc');
  t.equal(String(inMemory(parts[1]!)), 'def');
  t.equal(segment.bytesInMemory, 8);
  segment.leaveMemory({ byteLength: 8, open: async (start, byteLength) => Readable.from([Buffer.from('abcdefgh').subarray(start, start + byteLength)]) });
  const read = async ({ body }: MediaBytes): Promise<string> => (Buffer.isBuffer(body) ? 'in memory' : text(await body.open(0, body.byteLength)));
  t.strictSame(await Promise.all([segment, ...parts].map(read)), ['abcdefgh', 'abc', 'def', 'gh']);
  t.strictSame([segment, ...parts].map(({ bytesInMemory, byteLength }) => [bytesInMemory, byteLength]), [[0, 8], [0, 3], [0, 3], [0, 2]]);
  const { body } = parts[1]!;
  t.equal(Buffer.isBuffer(body) ? '' : await text(await body.open(1, 2)), 'ef', 'a range of a part');
  t.throws(() => segment.pieces, /has left/);
});
