import t from 'tap';
import { Encoded } from '../../src/hls/encoded.js';
import type { Presentation } from '../../src/hls/presentation.js';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';
import { dyingTranscoders } from '../helpers/dying-transcoders.js';
import { record } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';
import { ffmpeg, findProgram, skipWithout } from '../helpers/programs.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { openStudio, Publishing } from '../live/fake-studio.js';

t.setTimeout(120_000);
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
/** With SEEDS=11-60 as many others are tried. */
const [firstSeed = 1, lastSeed = 2] = (process.env.SEEDS ?? '1-2').split('-').map(Number);
const never = () => () => undefined;
const seconds = 3;
const source = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-sc_threshold', '0', '-threads', '1', '-c:a', 'aac', '-b:a', '64k'];
const containers: Readonly<Record<string, readonly string[]>> = {
  matroska: [...source, '-f', 'matroska', '-live', '1'],
  flv: [...source, '-f', 'flv'],
  'mpegts, in a pyramid': [...source, '-bf', '3', '-b-pyramid', 'normal', '-refs', '3', '-f', 'mpegts'],
  'matroska, with sound that is encoded': [...source, '-c:a', 'libopus', '-f', 'matroska', '-live', '1'],
};

/** All that is listed at the end: by timeline, as it follows each other. */
async function listed({ lead }: Presentation): Promise<{ readonly text: string; readonly timelines: readonly Buffer[] }> {
  const list = (await lead.mediaPlaylist({}, never)).body;
  if (!(list instanceof Encoded)) throw new Error('expected a playlist');
  const bytesOf = async (name: string): Promise<Buffer> => {
    const { body } = await lead.media(name, never);
    if (body instanceof Buffer) return body;
    if (!body || !('open' in body)) throw new Error(`expected ${name} to be there`);
    return Buffer.concat(await (await body.open(0, body.byteLength)).toArray());
  };
  const text = list.identity.toString();
  const timelines: Buffer[][] = [];
  for (const { uri = '', mapUri = '', isDiscontinuity } of readMediaPlaylist(text).segments) {
    if (isDiscontinuity || timelines.length === 0) timelines.push([await bytesOf(mapUri)]);
    timelines.at(-1)?.push(await bytesOf(uri));
  }
  return { text, timelines: timelines.map((each) => Buffer.concat(each)) };
}

t.test('of a copied source with pictures out of order each picture comes once and in order, at whichever byte of its output ffmpeg dies', { skip }, async (t) => {
  for (const [name, output] of Object.entries(containers)) {
    const recording = await record({ seconds, width: 160, height: 96 }, output);
    const numbers = Array.from({ length: seconds * 25 }, (_, number) => number);
    for (let seed = firstSeed; seed <= lastSeed; seed++) {
      const random = seededRandom(seed);
      const deaths = Array.from({ length: 2 }, () => Math.floor(1 + random() * recording.length * 0.7));
      const studio = await openStudio(t, { startTranscoder: dyingTranscoders(() => deaths.shift()), ffmpegMajor: ffmpeg?.major ?? 0, windowSegments: 100, restartDelayMs: 0, openSegmentStore: () => new MemoryMediaStore() });
      const broadcast = await studio.publish('cam');
      const { connection } = new Publishing(broadcast);
      for (let at = 0, next = 0; at < recording.length; at = next) {
        next = Math.min(recording.length, at + 1 + Math.floor(random() * 10_000));
        await connection.write(recording.subarray(at, next));
      }
      connection.end();
      t.equal(await broadcast.closed, null);
      t.equal(deaths.length, 0, 'they died');
      const { text, timelines } = await listed(broadcast.presentation);
      t.strictSame(violations([readMediaPlaylist(text)]), [], `${name}, seed ${seed}: its playlist breaks no rule`);
      const decoded = await Promise.all(timelines.map((each) => decode(t, each, ['-xerror'])));
      t.strictSame(decoded.flatMap(({ pictures }) => pictures.map(({ number }) => number)), numbers, `${name}, seed ${seed}: each picture once, in order`);
      t.equal(timelines.length, 1, 'in one timeline');
    }
  }
});
