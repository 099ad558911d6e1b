import t, { type Test } from 'tap';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { withUnitsInFront } from '../../src/fmp4/parameter-sets.js';
import { retimed } from '../../src/fmp4/retime.js';
import { goesOnUnder } from '../../src/live/mp4-file.js';
import { parameterUnits } from '../../src/live/parameter-units.js';
import { findProgram, run, skipWithout, temporaryDirectory } from '../helpers/programs.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const skip = skipWithout(findProgram('ffprobe'), 'ffprobe');

interface Made {
  readonly init: InitSegment;
  readonly media: Buffer;
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
  const units = parameterUnits(init);
  const described = moved.map((fragment) => (units && fragment.runs.some(({ trackId, startsWithSync }) => trackId === units.trackId && startsWithSync) ? withUnitsInFront(fragment, units.trackId, units.bytes) : fragment));
  return { init, media: Buffer.concat(described.map(({ bytes }) => bytes)) };
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
  const sizes = ['320x180', '640x360', '320x180', '320x180'];
  const made = [];
  for (const [second, size] of sizes.entries()) made.push(await make(size, second, { video: second === 3 ? ['-bf', '2'] : ['-profile:v', 'baseline'] }));
  const [first] = made;
  for (const { init } of made) t.ok(first && goesOnUnder(first.init, init));
  const widths = await widthsIn(t, [first?.init.bytes ?? Buffer.alloc(0), ...made.map(({ media }) => media)]);
  t.strictSame(widths, sizes.flatMap((size) => Array.from({ length: 10 }, () => Number.parseInt(size, 10))));
});

t.test('a file ends where sound or tracks are others than it says', { skip }, async (t) => {
  const [first, fast] = [await make('320x180', 0), await make('320x180', 1, { audio: ['-ar', '44100'] })];
  t.notOk(goesOnUnder(first.init, fast.init), 'another sample rate');
  for (const tracks of [first.init.tracks.slice(0, 1), first.init.tracks.slice(1)]) t.notOk(goesOnUnder(first.init, { ...first.init, tracks }));
});
