import t, { type Test } from 'tap';
import { record, remake } from '../helpers/numbered-recording.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { skipBeforeFfmpeg } from '../helpers/programs.js';
import { numbersOf, push, type Pushed, type Way } from '../helpers/pushed.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(120_000);
t.jobs = 2;

// The filter that leaves packets out.
const skip = skipBeforeFfmpeg(5);
const server = await startServer(t, { RTMP_PORT: '0' });
const seconds = 8;
const rate = 25;
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-b:v', '600k'];
const fragmented = ['-f', 'mp4', '-movflags', 'frag_keyframe+delay_moov+default_base_moof', '-frag_duration', '200000'];
const formats: Readonly<Record<string, readonly string[]>> = { matroska: ['-f', 'matroska', '-cluster_time_limit', '200'], mp4: fragmented, mpegts: ['-f', 'mpegts'], flv: ['-f', 'flv'] };
const whole = skip ? Buffer.alloc(0) : await record({ seconds }, [...x264, '-c:a', 'aac', '-f', 'matroska']);
const source = skip ? undefined : await decode(t, whole);

/** Every way in that a container has. */
const waysOf = (format: string): readonly Way[] => (format === 'flv' ? ['put', 'rtmp'] : format === 'matroska' ? ['post', 'socket'] : ['put']);

/** The pictures that are shown: each once, in order, from one to the last. */
function checkPictures(t: Test, { timelines }: Pushed, from: number, what: string): void {
  t.strictSame(numbersOf(timelines), Array.from({ length: seconds * rate - from }, (_, index) => from + index), `${what}: every picture from ${from} on, once`);
}

/** Sound belongs to its pictures wherever both are. */
function checkSound(t: Test, { timelines }: Pushed, what: string): void {
  const both = timelines.filter(({ pictures, loudness }) => pictures.length > 0 && loudness.length > 1000);
  t.ok(both.length > 0, `${what}: there is sound`);
  for (const each of both) t.ok(Math.abs(soundDelay(source!, each)) <= 0.05, `${what}: sound is off by ${soundDelay(source!, each).toFixed(3)} s`);
}

const kindsOf = ({ info }: Pushed): string => (info.recording?.tracks ?? []).map(({ kind, action }) => `${kind} ${action}`).join(', ');

for (const [format, options] of Object.entries(formats)) {
  for (const lateSeconds of [0.1, 0.5, 3]) {
    t.test(`${format}: sound or picture that begins ${lateSeconds} s late is taken in, and nothing of the other is lost`, { skip }, async (t) => {
      const lateSound = await remake(whole, ['-map', '0', '-c', 'copy', '-bsf:a', `noise=drop=lt(pts*tb\\,${lateSeconds})`, ...options]);
      const latePicture = await remake(whole, ['-map', '0', '-c:a', 'copy', ...x264, '-vf', `trim=start=${lateSeconds}`, '-copyts', ...options]);
      const firstLate = (await decode(t, latePicture)).pictures[0]?.number ?? 0;
      t.ok(firstLate > 0, `the first picture is ${firstLate}`);
      for (const way of waysOf(format)) {
        const name = `${format}-${way}-${String(lateSeconds).replace('.', '-')}`;
        const sound = await push(t, server, `sound-${name}`, lateSound, way);
        checkPictures(t, sound, 0, `sound by ${way}`);
        checkSound(t, sound, `sound by ${way}`);
        const picture = await push(t, server, `picture-${name}`, latePicture, way);
        checkPictures(t, picture, firstLate, `picture by ${way}`);
        checkSound(t, picture, `picture by ${way}`);
        for (const pushed of [sound, picture]) t.equal(kindsOf(pushed), 'video copy, audio copy');
      }
    });
  }
}
