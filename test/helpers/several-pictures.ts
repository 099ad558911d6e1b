import { record, type NumberedRecording } from './numbered-recording.js';

export interface SeveralPictures extends NumberedRecording {
  /** Of the pictures beside the first, which keeps its size. */
  readonly heights?: readonly number[] | undefined;
  readonly keyframeSeconds?: number | undefined;
  /** Of one picture alone, by its number: its keyframes come so much later than the others'. */
  readonly late?: { readonly picture: number; readonly seconds: number } | undefined;
}

/** A live Matroska with several H.264 pictures of the same numbers, keyframes at the same times, and one sound: what a page sends that makes a ladder. */
export function recordSeveralPictures(what: SeveralPictures, output: readonly string[] = []): Promise<Buffer> {
  const { heights = [90], keyframeSeconds = 1, late, sound = true } = what;
  const maps = ['-map', '0:v', ...heights.flatMap(() => ['-map', '0:v']), ...(sound ? ['-map', '1:a'] : [])];
  const sizes = heights.flatMap((height, index) => [`-filter:v:${index + 1}`, `scale=-2:${height}`]);
  const keyframes = [0, ...heights].flatMap((_, picture) => [
    `-force_key_frames:v:${picture}`,
    late?.picture === picture ? `expr:gte(t,${late.seconds}+n_forced*${keyframeSeconds})` : `expr:gte(t,n_forced*${keyframeSeconds})`,
  ]);
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '600', '-sc_threshold', '0', '-threads:v', '1', '-c:a', 'libopus', '-b:a', '64k'];
  return record(what, [...maps, ...sizes, ...keyframes, ...codecs, ...output, '-f', 'matroska', '-live', '1']);
}
