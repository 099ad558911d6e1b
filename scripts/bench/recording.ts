import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import { run, temporaryDirectory } from '../../test/helpers/programs.js';
import { SourceReader } from '../../src/source/source-reader.js';
import type { Scope } from './scope.js';

const loopSeconds = 20;

/**
 * Makes a file shaped like what Chromium's recorder emits for a 720p30 camera: H.264 at about 2.5 Mbit/s with a keyframe
 * every 2 s, stereo Opus in packets of 60 ms, a live Matroska with a cluster a burst. The picture repeats itself; the sound does
 * not, since its encoder fills the last packet up, and each joint would be a hole that moves sound from picture.
 */
export async function makeRecording(scope: Scope, seconds: number): Promise<string> {
  const directory = await temporaryDirectory(scope, 'onair-bench-media');
  const loop = join(directory, 'loop.mkv');
  const file = join(directory, 'recording.mkv');
  const quiet = ['-hide_banner', '-loglevel', 'error', '-y'];
  await run('ffmpeg', [
    ...quiet,
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t,format=yuv420p'],
    ...['-t', String(Math.min(loopSeconds, seconds))],
    ...['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'superfast', '-tune', 'zerolatency', '-g', '60', '-sc_threshold', '0'],
    ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '1250k'],
    ...['-f', 'matroska', loop],
  ]);
  await run('ffmpeg', [
    ...quiet,
    ...['-stream_loop', '-1', '-i', loop],
    ...['-f', 'lavfi', '-i', 'aevalsrc=0.2*sin(330*2*PI*t)|0.2*sin(471*2*PI*t):s=48000'],
    ...['-t', String(seconds), '-map', '0:v', '-map', '1:a', '-c:v', 'copy', '-c:a', 'libopus', '-b:a', '128k', '-frame_duration', '60'],
    ...['-f', 'matroska', '-live', '1', '-cluster_time_limit', '60', '-cluster_size_limit', '5000000'],
    file,
  ], { timeoutMs: 600_000 });
  return file;
}

/** What a recorder gives in one go, and when after its start. */
export interface Burst {
  readonly dueMs: number;
  readonly bytes: Buffer;
}

/** The file as its recorder would have emitted it: one burst a cluster, at the time of its last frame. */
export async function* readBursts(file: string): AsyncGenerator<Burst> {
  const reader = new SourceReader();
  let pending: Buffer = Buffer.alloc(0);
  let pendingOffset = 0;
  let cluster: number | undefined;
  let dueMs = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (const event of reader.push(chunk)) {
      if (event.type !== 'frame') continue;
      if (cluster !== undefined && event.offset !== cluster) {
        yield { dueMs, bytes: pending.subarray(0, event.offset - pendingOffset) };
        pending = pending.subarray(event.offset - pendingOffset);
        pendingOffset = event.offset;
      }
      cluster = event.offset;
      dueMs = Math.max(dueMs, event.timeSeconds * 1000);
    }
  }
  yield { dueMs, bytes: pending };
}
