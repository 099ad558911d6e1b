import { maxDecodedPixels } from './encode-limits.js';
import type { TranscodePlan } from './ffmpeg-options.js';

export interface PictureWishes {
  /** At most; smaller pictures stay as they are. */
  readonly width: number;
  /** At most; a picture that comes is never shown twice. Absent: the first picture alone. */
  readonly framesPerSecond?: number;
  readonly ffmpegMajor: number;
}

/** What ffmpeg is asked to make JPEG pictures out of our own fragments; they come out as `PictureReader` reads them. */
export function planPictures({ width, framesPerSecond, ffmpegMajor }: PictureWishes): TranscodePlan {
  // The first picture of each slot of time. Not the filter `fps`: that fills a standstill with copies.
  const slot = `*${framesPerSecond ?? 1}+0.001)`;
  const pace = framesPerSecond === undefined ? [] : [`select=isnan(prev_selected_t)+gt(floor(t${slot}\\,floor(prev_selected_t${slot})`];
  // In square pixels; no bitstream is to ask for a picture of any height.
  const size = `scale=w=max(2\\,trunc(min(${width}\\,iw*max(sar\\,1))/2)*2):h=max(2\\,min(${4 * width}\\,round(ow*ih/iw/sar/2)*2)):flags=fast_bilinear:out_range=full,setsar=1`;
  return {
    inputFormat: 'mp4',
    tracks: [],
    outputs: [],
    inputOptions: ['-hide_banner', '-nostats', '-loglevel', 'warning', '-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-max_pixels', String(maxDecodedPixels)],
    outputOptions: [
      ...['-map', '0:v:0', '-vf', [...pace, size].join(','), ffmpegMajor >= 6 ? '-fps_mode' : '-vsync', 'passthrough'],
      ...(framesPerSecond === undefined ? ['-frames:v', '1'] : []),
      ...['-c:v', 'mjpeg', '-threads', '1', '-pix_fmt', 'yuvj420p', '-q:v', '5', '-flush_packets', '1', '-f', 'mpjpeg'],
    ],
    outputStartSeconds: 0,
  };
}
