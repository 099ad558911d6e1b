import type { TrackFacts } from '../protocol/live-stream-info.js';
import type { SourceHeader } from '../source/source-events.js';

/** What ffmpeg is asked to do with one recording. */
export interface TranscodePlan {
  /** ffmpeg's name of the demuxer. */
  readonly inputFormat: string;
  /** What happens to each track, and why. Empty: nothing in the recording can be shown. */
  readonly tracks: readonly TrackFacts[];
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
}

export interface TranscodeWishes {
  readonly segmentSeconds: number;
  /** Why video must be encoded even if it could be copied. */
  readonly forceVideoEncode?: string;
  readonly ffmpegMajor: number;
}

export function planTranscode(header: SourceHeader, _wanted: TranscodeWishes): TranscodePlan {
  return { inputFormat: header.container, tracks: [], inputOptions: [], outputOptions: [] };
}
