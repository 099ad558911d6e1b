import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RecordingPosters } from '../../src/live/recording-posters.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { FakeTranscoder } from './fake-transcoder.js';
import { until } from './fake-studio.js';
import { foldersIn, keepRecording, openRecordings } from './kept-recordings.js';

/** JPEG's last two bytes. Test pictures are of 640 × 360: below 2304 bytes they are of one colour. */
const jpegOf = (letter: string, bytes = 3000): Buffer => Buffer.concat([Buffer.from(letter.repeat(bytes - 2)), Buffer.from([0xff, 0xd9])]);

/** @param pictures what the keyframes that are decoded become, one after another; undefined: nothing */
async function openPosters(t: Test, pictures: readonly (Buffer | undefined)[]) {
  const recordings = await openRecordings(t);
  const made: FakeTranscoder[] = [];
  const posters = new RecordingPosters({
    ...{ recordings, ffmpegMajor: 5, width: 640, turns: new Semaphore(1) },
    startTranscoder: (plan) => {
      const transcoder = new FakeTranscoder(plan);
      const picture = pictures[made.length];
      if (picture) transcoder.jpeg(picture);
      made.push(transcoder);
      return transcoder;
    },
  });
  t.teardown(() => posters.close());
  return { recordings, posters, made };
}

t.test('the picture is the first keyframe that shows something, made once for all who ask, and kept beside the recording', async (t) => {
  const { recordings, posters, made } = await openPosters(t, [undefined, jpegOf('b', 1000), jpegOf('c')]);
  const id = await keepRecording(recordings, 8);
  const answers = await Promise.all([posters.picture(id), posters.picture(id), posters.picture(id)]);
  for (const jpeg of answers) t.equal(String(jpeg.subarray(0, 1)), 'c', 'neither what is no picture nor one of a single colour');
  t.equal(made.length, 3, 'one keyframe after another, until one is good');
  t.ok(answers[0].equals(await readFile(join(recordings.folders.path(id), 'poster.jpg'))));
  t.equal(String((await posters.picture(id)).subarray(0, 1)), 'c');
  t.equal(made.length, 3, 'from the disk');
  await recordings.remove(id);
  await t.rejects(posters.picture(id), { code: 'not-found' });
});

t.test('a recording that begins dark for long shows that, and one of which nothing can be decoded is not tried again and again', async (t) => {
  const dark = await openPosters(t, Array.from({ length: 9 }, (_none, index) => jpegOf(String(index), 1000)));
  const id = await keepRecording(dark.recordings, 9);
  t.equal(String((await dark.posters.picture(id)).subarray(0, 1)), '0');
  t.equal(dark.made.length, 5, 'so many are looked at');

  const broken = await openPosters(t, []);
  const other = await keepRecording(broken.recordings, 2);
  await t.rejects(broken.posters.picture(other), { code: 'not-found' });
  await t.rejects(broken.posters.picture(other), { code: 'not-found' });
  t.equal(broken.made.length, 2, 'each of its keyframes once');
});

t.test('a picture that was half written is made anew', async (t) => {
  const { recordings, posters } = await openPosters(t, [jpegOf('a')]);
  const id = await keepRecording(recordings, 1);
  await writeFile(join(recordings.folders.path(id), 'poster.jpg'), jpegOf('x').subarray(0, 100));
  t.equal(String((await posters.picture(id)).subarray(0, 1)), 'a');
});

t.test('a recording that is removed while its picture is made stays removed', async (t) => {
  const { recordings, posters, made } = await openPosters(t, []);
  const id = await keepRecording(recordings, 1);
  const asked = t.rejects(posters.picture(id), { code: 'not-found' });
  await until(() => made.length === 1);
  made[0]?.jpeg(jpegOf('a'));
  await recordings.remove(id);
  await asked;
  t.strictSame(await foldersIn(recordings.directory), []);
});
