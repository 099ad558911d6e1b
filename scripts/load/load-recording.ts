import { join } from 'node:path';

import { run, temporaryDirectory } from '../../test/helpers/programs.js';
import type { Scope } from '../bench/scope.js';

/** Makes a recording that costs the server the least: H.264 and AAC to be copied, 320×180, 10 pictures and about 100 kbit a second. */
export async function makeLoadRecording(scope: Scope, seconds: number): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'onair-load-media'), 'recording.mkv');
  await run('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-y'],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10,format=yuv420p', '-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000'],
    ...['-t', String(seconds), '-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'superfast', '-tune', 'zerolatency'],
    ...['-g', '20', '-sc_threshold', '0', '-b:v', '80k', '-maxrate', '80k', '-bufsize', '40k', '-c:a', 'aac', '-b:a', '24k', '-ac', '1'],
    ...['-f', 'matroska', '-live', '1', '-cluster_time_limit', '100', file],
  ], { timeoutMs: 120_000 });
  return file;
}
