import t, { type Test } from 'tap';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { retimed } from '../../src/fmp4/retime.js';
import { splitAtKeyframe, type FragmentBurst } from '../../src/live/fragment-burst.js';
import { Mp4File } from '../../src/live/mp4-file.js';
import { findProgram, run, skipWithout, temporaryDirectory } from '../helpers/programs.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const skip = skipWithout(findProgram('ffprobe'), 'ffprobe');

interface Made {
  readonly init: InitSegment;
  readonly bursts: readonly FragmentBurst[];
}

/** A second of pictures and sound as our ffmpeg makes them, at a second of media time. */
async function make(size: string, atSeconds: number, { video = ['-profile:v', 'baseline'], audio = ['-ar', '48000'] }: { video?: string[]; audio?: string[] } = {}): Promise<Made> {
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=10`, '-f', 'lavfi', '-i', 'sine=440:sample_rate=48000', '-t', '1'];
  const container = ['-movflags', 'empty_moov+default_base_moof+skip_trailer+frag_discont', '-frag_duration', '1', '-use_editlist', '0', '-video_track_timescale', '90000', '-f', 'mp4', 'pipe:1'];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-nostdin', ...source, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '5', '-pix_fmt', 'yuv420p', ...video, '-c:a', 'aac', ...audio, ...container]);
  const fragments: Fragment[] = [];
  let init: InitSegment | undefined;
  for (const event of new FragmentReader().push(stdout)) {
    if (event.type === 'init') init = event.init;
    else fragments.push(event.fragment);
  }
  if (!init) throw new Error('expected an init segment');
  const timescales = new Map(init.tracks.map(({ trackId, timescale }) => [trackId, timescale]));
  const moved = fragments.map((fragment, number) => retimed(fragment, number, ({ trackId, baseMediaDecodeTime }) => ({ baseMediaDecodeTime: baseMediaDecodeTime + atSeconds * (timescales.get(trackId) ?? 0) })));
  return { init, bursts: splitAtKeyframe(moved, init) };
}

/** Width of every picture that a decoder finds in the file. */
async function widthsIn(t: Test, pieces: readonly Buffer[]): Promise<number[]> {
  const file = join(await temporaryDirectory(t), 'file.mp4');
  await writeFile(file, Buffer.concat(pieces));
  const { stdout, stderr } = await run('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=width', '-of', 'csv=p=0', file]);
  t.equal(stderr, '', 'no complaint');
  return stdout.toString().split('\n').flatMap((line) => (Number.parseInt(line, 10) > 0 ? [Number.parseInt(line, 10)] : []));
}

t.test('a file goes on over other parameter sets, sizes and back again: each picture is decoded by its own', { skip }, async (t) => {
  const file = new Mp4File();
  const pieces: Buffer[] = [];
  const sizes = ['320x180', '640x360', '320x180', '320x180'];
  for (const [second, size] of sizes.entries()) {
    const { init, bursts } = await make(size, second, { video: second === 3 ? ['-bf', '2'] : ['-profile:v', 'baseline'] });
    const begin = file.goOn(init);
    t.equal(begin?.length, second === 0 ? init.bytes.length : 0, 'it is described once');
    pieces.push(begin ?? Buffer.alloc(0), ...bursts.map((burst) => file.media(burst)));
  }
  const widths = await widthsIn(t, pieces);
  t.strictSame(widths, sizes.flatMap((size) => Array.from({ length: 10 }, () => Number.parseInt(size, 10))));
});

t.test('what follows unchanged is sent as it is, the same memory for all', { skip }, async (t) => {
  const file = new Mp4File();
  const [first, second] = [await make('320x180', 0), await make('320x180', 1)];
  file.goOn(first.init);
  t.same(file.goOn(second.init), Buffer.alloc(0));
  for (const burst of second.bursts) t.equal(file.media(burst), burst.mp4);
});

t.test('a file ends where sound or tracks are others than it says', { skip }, async (t) => {
  const [first, fast] = [await make('320x180', 0), await make('320x180', 1, { audio: ['-ar', '44100'] })];
  const file = new Mp4File();
  file.goOn(first.init);
  t.equal(file.goOn(fast.init), undefined, 'another sample rate');
  for (const tracks of [first.init.tracks.slice(0, 1), first.init.tracks.slice(1)]) t.equal(file.goOn({ ...first.init, tracks }), undefined);
});
