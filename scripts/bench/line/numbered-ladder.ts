import { join } from 'node:path';

import { numberedInput } from '../../../test/helpers/numbered-recording.js';
import { run, temporaryDirectory } from '../../../test/helpers/programs.js';
import type { Scope } from '../scope.js';

interface Rung {
  readonly lines: number;
  readonly kbits: number;
}

/** Bits as a page sends them for 720p, 480p and 360p; the pictures are half as large, so that to show them costs the machine little. */
export const ladder: readonly Rung[] = [
  { lines: 360, kbits: 2500 },
  { lines: 240, kbits: 1000 },
  { lines: 180, kbits: 500 },
];

/** Numbered pictures with sound as a page sends them, a keyframe each second: nothing is to be encoded while it is played. */
export async function makeNumberedLadder(scope: Scope, name: string, rungs: readonly Rung[], seconds: number): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'onair-bench-line'), `${name}.mkv`);
  const perRung = rungs.flatMap(({ lines, kbits }, index) => [
    ...[`-filter:v:${String(index)}`, `scale=-2:${String(lines)}`],
    ...['b', 'maxrate', 'minrate'].flatMap((option) => [`-${option}:v:${String(index)}`, `${String(kbits)}k`]),
    ...[`-bufsize:v:${String(index)}`, `${String(kbits / 2)}k`],
  ]);
  await run(
    'ffmpeg',
    [
      ...[...numberedInput({ seconds, width: 640, height: 360, rate: 30 }), ...rungs.flatMap(() => ['-map', '0:v']), '-map', '1:a', ...perRung],
      // Filled up to its rate: a test card alone takes less.
      ...['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads:v', '1', '-g', '30', '-keyint_min', '30', '-sc_threshold', '0', '-x264-params', 'nal-hrd=cbr'],
      ...['-c:a', 'libopus', '-b:a', '96k', '-frame_duration', '20', '-f', 'matroska', '-live', '1', '-cluster_time_limit', '60', '-cluster_size_limit', '5000000', '-y', file],
    ],
    { timeoutMs: 300_000 },
  );
  return file;
}
