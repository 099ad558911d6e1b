import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { readFixture } from './fixtures.js';
import { decode, loudnessSwitches, soundDelay } from './pictures-and-sound.js';
import { run, temporaryDirectory } from './programs.js';

const { bytes } = readFixture('chromium-h264.mkv');

t.test('the numbers drawn in the pictures are read, and the sound is found to switch every half second', async (t) => {
  const { pictures, loudness } = await decode(t, bytes);
  const numbers = pictures.map(({ number }) => number);
  t.strictSame(numbers.slice(0, 3), [1, 3, 5]); // the recorder itself left some out
  t.equal(numbers.at(-1), 303);
  t.strictSame(numbers.toSorted((a, b) => a - b), numbers);
  t.strictSame(loudnessSwitches(loudness).filter((time) => time > 3 && time < 5).map((time) => time.toFixed(1)), ['3.4', '3.9', '4.4', '4.9']);
});

for (const shiftMs of [0, 100, -80]) {
  t.test(`sound that was shifted by ${String(shiftMs)} ms is found to be`, async (t) => {
    const directory = await temporaryDirectory(t);
    const [source, shifted] = [join(directory, 'source.mkv'), join(directory, 'shifted.mp4')];
    await writeFile(source, bytes);
    // The picture is shifted too, as by a server's own timeline: only what lies between the two counts.
    const inputs = ['-itsoffset', '5', '-i', source, '-itsoffset', String(5 + shiftMs / 1_000), '-i', source];
    await run('ffmpeg', ['-v', 'error', ...inputs, '-map', '0:v', '-map', '1:a', '-c:v', 'copy', '-c:a', 'aac', '-movflags', '+frag_keyframe+empty_moov', shifted]);
    const delaySeconds = soundDelay(await decode(t, source), await decode(t, shifted));
    t.ok(Math.abs(delaySeconds * 1_000 - shiftMs) < 25, `${(delaySeconds * 1_000).toFixed(1)} ms`);
  });
}
