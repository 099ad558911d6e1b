import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { findProgram, run, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { numbersOf, pushBody } from '../helpers/pushed.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(120_000);

const seconds = 24;
/**
 * What may be ahead of time: the burst for the first playlist, what came of one track before the other (a fragment of two seconds), and
 * something for the rounding of what is listed.
 */
const aheadSeconds = 4.5 + 2 + 1;
const rate = 25;

t.test('a finished file that is pushed at full speed is watched from its first seconds and played at its own pace, whole', { skip: skipWithout(findProgram('ffmpeg'), 'ffmpeg') }, async (t) => {
  const server = await startServer(t, { RTMP_PORT: '0' });
  // Less than RTMP's window in all: ffmpeg closes without reading the acknowledgement, which throws away what is still on its way.
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-b:v', '600k', '-minrate', '600k', '-bufsize', '600k', '-nal-hrd', 'cbr', '-maxrate', '600k'];
  const matroska = await record({ seconds }, [...x264, '-c:a', 'aac', '-f', 'matroska']);
  const wrapped = (...output: string[]): Promise<Buffer> => remake(matroska, ['-c', 'copy', ...output]);
  // An index can be put first only where a file can be written twice.
  const indexFirst = join(await temporaryDirectory(t), 'film.mp4');
  await writeFile(`${indexFirst}.mkv`, matroska);
  await run('ffmpeg', ['-v', 'error', '-i', `${indexFirst}.mkv`, '-c', 'copy', '-movflags', 'faststart', indexFirst]);
  const files: Readonly<Record<string, Buffer>> = {
    matroska,
    'index-first': await readFile(indexFirst),
    'fragmented-mp4': await wrapped('-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'),
    mpegts: await wrapped('-f', 'mpegts'),
    flv: await wrapped('-f', 'flv'),
  };
  const beganAt = performance.now();
  const byRtmp = run('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-c', 'copy', '-f', 'flv', server.rtmpUrl('rtmp')], { input: matroska });
  const pushed = [...Object.entries(files).map(([stream, bytes]) => pushBody(server, stream, bytes).then(({ status }) => t.equal(status, 200, stream))), byRtmp];
  const watched = [...Object.keys(files), 'rtmp'].map(async (stream) => {
    const viewer = new HlsViewer(server.hlsUrl(stream));
    const media = await viewer.mediaUrl;
    await waitUntil(`${stream} shows its second third`, async () => {
      const playlist = await (await fetch(media)).text();
      const listed = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, duration]) => sum + Number(duration), 0);
      const elapsed = (performance.now() - beganAt) / 1000;
      if (listed > elapsed + aheadSeconds) throw new Error(`expected ${stream} at its own pace, got ${listed} s after ${elapsed} s`);
      return listed > seconds / 3;
    });
    await viewer.ended;
    const timelines = await Promise.all((await viewer.timelines()).map(({ bytes }) => decode(t, bytes)));
    t.strictSame(numbersOf(timelines), Array.from({ length: seconds * rate }, (_, index) => index), `${stream}: every picture once`);
  });
  await Promise.all([...pushed, ...watched]);
});
