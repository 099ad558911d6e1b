import type { BroadcastOptions } from './broadcast-options.js';
import { Pictures } from './pictures.js';
import type { Viewers } from './viewers.js';

/** Pictures of a broadcast, with what is logged when an ffmpeg that makes them fails. */
export function picturesOf(options: BroadcastOptions, viewers: Viewers): Pictures {
  const { pictures, startTranscoder, ffmpegMajor, hungAfterMs, restartDelayMs, stream, id: broadcast, log } = options;
  return new Pictures({
    ...{ ...pictures, viewers, startTranscoder, ffmpegMajor },
    ...(hungAfterMs !== undefined && { hungAfterMs }),
    ...(restartDelayMs !== undefined && { restartDelayMs }),
    onFailure: (reason) => log.warn({ stream, broadcast, reason }, 'an ffmpeg that made pictures failed'),
  });
}
