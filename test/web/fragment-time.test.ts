import t from 'tap';
import { firstDecodeSeconds, readInitFacts } from '../../src/web/sdk/playback/fragment-time.js';

const box = (type: string, ...bodies: Uint8Array[]): Uint8Array => {
  const size = 8 + bodies.reduce((sum, body) => sum + body.byteLength, 0);
  return Buffer.concat([uint32(size), Buffer.from(type, 'latin1'), ...bodies]);
};
const uint32 = (...values: number[]): Uint8Array => Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])));
const version1 = 0x01000000;

const track = (id: number, timescale: number, handler: string, long: boolean): Uint8Array =>
  box(
    'trak',
    box('tkhd', long ? uint32(version1, 0, 0, 0, 0, id) : uint32(0, 0, 0, id)),
    box(
      'mdia',
      box('mdhd', long ? uint32(version1, 0, 0, 0, 0, timescale) : uint32(0, 0, 0, timescale)),
      box('hdlr', uint32(0, 0), Buffer.from(handler, 'latin1')),
    ),
  );
const init = Buffer.concat([box('ftyp', uint32(1)), box('moov', box('mvhd', uint32(0)), track(1, 90_000, 'vide', false), track(2, 48_000, 'soun', true))]);
const traf = (id: number, tfdt: Uint8Array): Uint8Array => box('traf', box('tfhd', uint32(0, id)), box('tfdt', tfdt));

t.test('timescales and kinds of tracks are read from init segments of either version', async (t) => {
  const facts = readInitFacts(init);
  t.same([...facts.timescales], [[1, 90_000], [2, 48_000]]);
  t.equal(facts.kinds, 'soun,vide');
});

t.test('the earliest decode time of all tracks and fragments counts, in seconds', async (t) => {
  const facts = readInitFacts(init);
  const fragment = Buffer.concat([
    box('moof', box('mfhd', uint32(0, 1)), traf(1, uint32(0, 900_000)), traf(2, uint32(version1, 0, 475_200))),
    box('mdat', uint32(0)),
    box('moof', box('mfhd', uint32(0, 2)), traf(1, uint32(0, 903_000))),
    box('mdat', uint32(0)),
  ]);
  t.equal(firstDecodeSeconds(fragment, facts), 9.9);
});

t.test('a decode time beyond 32 bits is read whole', async (t) => {
  t.equal(firstDecodeSeconds(box('moof', traf(1, uint32(version1, 1, 0))), readInitFacts(init)), 2 ** 32 / 90_000);
});

t.test('bytes without fragments, and boxes cut short, give no time', async (t) => {
  const facts = readInitFacts(init);
  t.equal(firstDecodeSeconds(new Uint8Array(0), facts), undefined);
  t.equal(firstDecodeSeconds(uint32(0xffffffff, 0), facts), undefined);
});
