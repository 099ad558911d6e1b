import { planTranscode } from '../../src/live/ffmpeg-options.js';
import { Take } from '../../src/live/take.js';
import type { TrackFacts } from '../../src/protocol/live-stream-info.js';
import { takesOf, type CutTake } from '../source/fixture.js';

const wishes = { segmentSeconds: 2, ffmpegMajor: 5 };

/** What is decided for each take of a recording, as a broadcast decides it. */
export async function judge(bytes: Uint8Array): Promise<TrackFacts[][]> {
  return Promise.all(takesOf(bytes).takes.map(judgeTake));
}

async function judgeTake({ header, frames }: CutTake): Promise<TrackFacts[]> {
  const take = new Take({ startedAtMs: 0, header });
  void take.write(frames);
  take.end();
  const forceVideoEncode = await take.copyRefusal();
  take.close();
  return [...planTranscode(header, { ...wishes, forceVideoEncode }).tracks];
}
