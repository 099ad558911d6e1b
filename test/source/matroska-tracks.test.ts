import t from 'tap';
import { readTracks } from '../../src/source/matroska-tracks.js';

/** A Tracks element's data with one picture of 320 × 180, rolled counterclockwise by so many degrees, RFC 9559 §5.1.4.1.28.45. */
function rolled(degrees: number): Buffer {
  const roll = Buffer.alloc(8);
  roll.writeDoubleBE(degrees);
  const projection = Buffer.concat([Buffer.from('76708b767588', 'hex'), roll]);
  const video = Buffer.concat([Buffer.from('b0820140ba8200b4', 'hex'), projection]);
  const entry = Buffer.concat([Buffer.from('d78101', 'hex'), Buffer.from('838101', 'hex'), Buffer.from('8685', 'hex'), Buffer.from('V_VP8'), Buffer.from([0xe0, 0x80 | video.length]), video]);
  return Buffer.concat([Buffer.from([0xae, 0x80 | entry.length]), entry]);
}

t.test('a picture that is rolled is to be turned the other way; only quarter turns are known', async (t) => {
  for (const [roll, rotation] of [[-90, 90], [90, 270], [180, 180], [-180, 180], [270, 90], [0, undefined], [45, undefined], [NaN, undefined]] as const) {
    t.match(readTracks(rolled(roll))?.[0]?.track, { width: 320, height: 180, rotation }, `${roll}°`);
  }
});
