import t from 'tap';
import { flvTags, matroska, mp4, ogg, transportStream, type CraftedRecordings } from '../../scripts/fuzz/crafted-media.js';
import { children } from '../../src/source/ebml.js';
import { readJpeg } from '../../src/source/jpeg.js';
import { childBoxes } from '../../src/isobmff/boxes.js';
import { SourceReader } from '../../src/source/source-reader.js';

const lengths = [4_000, 60_000, 400_000];

const containers: Readonly<Record<string, (bytes: number) => CraftedRecordings>> = { Matroska: matroska, MP4: mp4, FLV: flvTags, 'MPEG-TS': transportStream, Ogg: ogg };

for (const [container, craft] of Object.entries(containers)) {
  t.test(`no ${container} makes more events than half its bytes, but for what may be told in advance`, async (t) => {
    for (const length of lengths) {
      for (const [idea, bytes] of craft(length)) {
        const events = new SourceReader().push(bytes);
        t.ok(events.length <= 10_001 + bytes.length / 2, `${idea}, ${bytes.length} bytes: ${events.length} events`);
        t.ok(events.every((event) => !('timeSeconds' in event) || Math.abs(event.timeSeconds) <= 1e11), idea);
      }
    }
  });
}

const ebml = Buffer.from('1a45dfa3874282847765626d', 'hex');
const segment = Buffer.from('1853806701ffffffffffffff', 'hex');
const opusTrack = (number: number): Buffer => Buffer.concat([Buffer.from([0xae, 0x8e, 0xd7, 0x81, number, 0x83, 0x81, 2, 0x86, 0x86]), Buffer.from('A_OPUS')]);
const webm = (tracks: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(tracks);
  const size = Buffer.from([0x10, 0, 0, 0]);
  size.writeUInt16BE(body.length, 2);
  return Buffer.concat([ebml, segment, Buffer.from('1654ae6b', 'hex'), size, body]);
};
/** One cluster of a second: silence in frames of three bytes, as recorders send it for a microphone that is off. */
function silentSecond(atSeconds: number): Buffer {
  const cluster = Buffer.from('1f43b67501ffffffffffffffe78400000000', 'hex');
  cluster.writeUInt32BE(atSeconds * 1000, 14);
  const blocks = Array.from({ length: 50 }, (_, index) => Buffer.from([0xa3, 0x87, 0x81, (index * 20) >> 8, (index * 20) & 0xff, 0x80, 0xf8, 0xff, 0xfe]));
  return Buffer.concat([cluster, ...blocks]);
}

t.test('hours of silence, the thinnest sound there is, are read to their end', async (t) => {
  const reader = new SourceReader();
  const events = reader.push(webm([opusTrack(1)]));
  let frames = 0;
  for (let second = 0; second < 3 * 3600; second++) {
    for (const event of reader.push(silentSecond(second))) {
      if (event.type === 'frame') frames++;
      if (event.type === 'not-media') t.fail(event.reason);
    }
  }
  t.match(events, [{ type: 'recording' }]);
  t.equal(frames, 3 * 3600 * 50);
});

t.test('a clock that counts from 1970, and one that is set again every minute, are read on', async (t) => {
  const reader = new SourceReader();
  reader.push(webm([opusTrack(1)]));
  for (let minute = 0; minute < 2000; minute++) {
    const events = reader.push(silentSecond(minute % 2 === 0 ? 4_000_000 : minute));
    t.notOk(events.some(({ type }) => type === 'not-media'));
  }
});

t.test('a recording of 32 tracks is read, one of 33 is refused in words', async (t) => {
  const tracks = Array.from({ length: 33 }, (_, index) => opusTrack(index + 1));
  const [of32, of33] = [tracks.slice(0, 32), tracks].map((some) => new SourceReader().push(Buffer.concat([webm(some), silentSecond(0)])));
  t.equal(of32?.find((event) => event.type === 'header')?.header.tracks.length, 32);
  t.strictSame(of33?.at(-1), { type: 'not-media', reason: 'expected at most 32 tracks, got more' });
});

t.test('what makes frames of nothing is refused in words, and nothing follows', async (t) => {
  const craftedAs = (idea: string): Buffer => mp4(1_000_000).find(([name]) => name === idea)?.[1] ?? Buffer.alloc(0);
  const bytes = craftedAs('a run that claims samples by defaults, in every fragment');
  const reader = new SourceReader();
  t.match(reader.push(bytes).at(-1), { type: 'not-media', reason: /^expected frames of 2 bytes at least, got more/ });
  t.strictSame(reader.push(bytes.subarray(300)), []);
  const hours = new SourceReader().push(craftedAs('samples that last an hour each'));
  t.strictSame(hours.map(({ type }) => type), ['recording', 'header'], 'no frame is told whose bytes did not come');
});

t.test('what is read in one go is small, however long the message is: what is larger is refused in words', async (t) => {
  const refusal = (bytes: Buffer): unknown => new SourceReader().push(bytes).at(-1);
  const crafted = (recordings: CraftedRecordings, idea: string): Buffer => recordings.find(([name]) => name === idea)?.[1] ?? Buffer.alloc(0);
  t.strictSame(refusal(crafted(mp4(1_000_000), 'samples of four bytes')), { type: 'not-media', reason: 'expected at most 20000 frames in a movie fragment, got more' });
  t.strictSame(refusal(crafted(matroska(600_000), 'one track of many pictures of nothing')), { type: 'not-media', reason: 'expected a WebM or Matroska header, got one that is too long' });
  t.match(new SourceReader().push(crafted(mp4(60_000), 'samples of four bytes')), [{ type: 'recording' }, { type: 'header' }], 'some minutes in a fragment are read');
});

t.test('of boxes and elements in one, and of markers before a picture, no more are looked at than anybody needs', async (t) => {
  const boxes = Buffer.alloc(80_000).fill(Buffer.from('0000000866726565', 'hex'));
  t.equal([...childBoxes(boxes)].length, 1024);
  const elements = Buffer.alloc(20_000).fill(Buffer.from([0xec, 0x80]));
  t.equal([...children(elements)].length, 1024);
  t.strictSame(readJpeg(Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(100_000, 0xff)])), { notJpeg: 'there are more than 10000 markers before the picture' });
});
