import t from 'tap';
import { BoxReader } from '../../src/fmp4/box-reader.js';
import { childBoxes, findBox } from '../../src/isobmff/boxes.js';
import { box } from '../helpers/media-builder.js';
import { seeded } from '../source/fixture.js';

const boxes = [
  box('ftyp', [Buffer.from('iso6')]),
  box('free'),
  box('mdat', [Buffer.alloc(300, 7)]),
  box('mdat', [Buffer.from('long form')], { size64: true }),
  box('moof', [box('traf', [Buffer.alloc(5)])]),
];
const stream = Buffer.concat(boxes);

function read(chunks: Iterable<Buffer>, maxBoxBytes?: number): { type: string; bytes: string }[] {
  const reader = new BoxReader(maxBoxBytes === undefined ? {} : { maxBoxBytes });
  return [...chunks].flatMap((chunk) => reader.push(chunk)).map(({ type, bytes }) => ({ type, bytes: bytes.toString('hex') }));
}

function* sliced(bytes: Buffer, nextLength: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const length = nextLength();
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const expected = boxes.map((bytes) => ({ type: bytes.toString('latin1', 4, 8), bytes: bytes.toString('hex') }));

t.test('the same boxes come out wherever the chunks end', async (t) => {
  t.strictSame(read([stream]), expected, 'one chunk');
  t.strictSame(read(sliced(stream, () => 1)), expected, 'byte by byte');
  for (let cut = 0; cut <= stream.length; cut++) {
    if (JSON.stringify(read([stream.subarray(0, cut), stream.subarray(cut)])) !== JSON.stringify(expected)) t.fail(`cut at ${cut}`);
  }
  for (let seed = 0; seed < 50; seed++) {
    const random = seeded(seed);
    t.strictSame(read(sliced(stream, () => Math.floor(random() * 40))), expected, `seed ${seed}`);
  }
});

t.test('a box that lies within one chunk is not copied', async (t) => {
  const [first] = new BoxReader().push(stream);
  t.equal(first?.bytes.buffer, stream.buffer);
});

t.test('a box larger than allowed is refused as soon as its header is there, in words', async (t) => {
  t.throws(() => new BoxReader({ maxBoxBytes: 100 }).push(box('mdat', [Buffer.alloc(200)]).subarray(0, 8)), new RangeError('expected a box of 8 to 100 bytes, got "mdat" of 208 bytes'));
  t.equal(read([box('mdat', [Buffer.alloc(92)])], 100).length, 1, 'the largest allowed is taken');
  const huge = Buffer.from('00000001 6d646174 00200000 00000000'.replaceAll(' ', ''), 'hex');
  t.throws(() => new BoxReader().push(huge), { name: 'RangeError', message: /"mdat" of 9007199254740992 bytes/ });
});

t.test('a size smaller than its own header is refused in words', async (t) => {
  for (const [size, smallest] of [['00000000', 8], ['00000007', 8]] as const) {
    const header = Buffer.from(`${size}6d6f6f66`, 'hex');
    t.throws(() => new BoxReader().push(header), { name: 'RangeError', message: new RegExp(`expected a box of ${smallest} to \\d+ bytes, got "moof" of ${Number.parseInt(size, 16)} bytes`) });
  }
  const long = Buffer.from('000000016d6f6f66000000000000000f', 'hex');
  t.throws(() => new BoxReader().push(long), { name: 'RangeError', message: /expected a box of 16 to \d+ bytes, got "moof" of 15 bytes/ });
});

t.test('a damaged size inside a box ends the walk and reads nothing beyond', async (t) => {
  const parent = box('moov', [box('trak'), Buffer.from('ffffffff6d646961', 'hex'), box('mvex')]);
  t.strictSame([...childBoxes(parent, 8, parent.length)].map(({ type }) => type), ['trak']);
  t.equal(findBox(parent, ['trak', 'mdia'], { start: 8, end: parent.length }), undefined);
});
