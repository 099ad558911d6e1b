import t from 'tap';
import { Dice } from '../../scripts/fuzz/dice.js';
import { readByFfmpeg } from '../../scripts/fuzz/ffmpeg-reading.js';
import { mutateTake, writeAndCheck, writerSeeds } from '../../scripts/fuzz/written-matroska.js';
import { findProgram, skipBeforeFfmpeg } from '../helpers/programs.js';

t.test('whatever tracks claim and frames are, what is written is whole and strict Matroska that holds every frame', async (t) => {
  for (let seed = 0; seed < 1500; seed++) {
    const dice = new Dice(seed);
    t.doesNotThrow(() => writeAndCheck(dice, mutateTake(dice, dice.pick(writerSeeds))), `seed ${String(seed)}`);
  }
});

const ffmpegPath = findProgram('ffmpeg');
t.test('ffmpeg finds every frame in it', { skip: skipBeforeFfmpeg(5) }, async (t) => {
  const { frames, failures } = readByFfmpeg({ ffmpegPath: ffmpegPath ?? '', seed: 1, recordings: 40 });
  t.strictSame(failures, []);
  t.ok(frames > 400, `${String(frames)} frames`);
});
