import t from 'tap';
import { MediaBytes } from '../../src/hls/media-bytes.js';

function part(...pieces: string[]): MediaBytes {
  return new MediaBytes(pieces.map((piece) => Buffer.from(piece)));
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
  t.strictSame([first, empty, last].map(({ bytes }) => String(bytes)), ['abc', '', 'defgh']);
  t.equal(String(segment.bytes), 'abcdefgh');
  t.equal(segment.pieces.length, 1);
  t.equal(last.bytes.buffer, segment.bytes.buffer);
  t.equal(last.bytes, last.bytes, 'and no view is made twice');
});

t.test('a part that was asked for while its segment was open is kept once, not twice', async (t) => {
  const [first, second] = [part('ab', 'c'), part('de', 'f')];
  t.equal(String(first.bytes), 'abc');
  const segment = MediaBytes.ofParts([first, second]);
  t.equal(segment.pieces.length, 1);
  t.equal(first.bytes.buffer, segment.bytes.buffer);
  t.equal(String(second.bytes), 'def');
});
