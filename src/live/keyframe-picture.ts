import type { TranscodePlan } from './ffmpeg-options.js';
import { PictureReader, type Picture } from './picture.js';
import type { StartTranscoder } from './transcoder.js';

export interface KeyframePictureOptions {
  readonly startTranscoder: StartTranscoder;
  /** Of `planPictures`, for one picture. */
  readonly plan: TranscodePlan;
  /** An init segment and a fragment that begins with a keyframe. */
  readonly media: readonly Buffer[];
  /** It may take so long. */
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** One keyframe as a picture; undefined when it is none, or took too long. No transcoder is left afterwards. */
export async function pictureOfKeyframe({ startTranscoder, plan, media, timeoutMs, signal }: KeyframePictureOptions): Promise<Picture | undefined> {
  if (signal.aborted) return undefined;
  const transcoder = startTranscoder(plan);
  const giveUp = (): void => void transcoder.close();
  const late = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  void media.reduce((written, bytes) => written.then(() => transcoder.write(bytes)), Promise.resolve()).then(() => transcoder.end());
  const reader = new PictureReader();
  let picture: Picture | undefined;
  try {
    await transcoder.read((chunk) => {
      picture ??= reader.push(chunk)[0];
    });
  } catch {
    picture = undefined; // whatever it wrote was no picture
  } finally {
    await transcoder.close();
    clearTimeout(late);
    signal.removeEventListener('abort', giveUp);
  }
  return picture;
}
