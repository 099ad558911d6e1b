import { buffer } from 'node:stream/consumers';
import type { Manifest, ManifestSegment } from '../hls/manifest.js';
import type { ByteRange } from '../hls/whole-segment.js';
import { LiveError } from '../protocol/live-error.js';
import { pictureOfKeyframe } from './keyframe-picture.js';
import { planPictures } from './picture-options.js';
import type { Recordings } from './recordings.js';
import type { Semaphore } from './semaphore.js';
import type { StartTranscoder } from './transcoder.js';

const fileName = 'poster.jpg';
/** Cameras begin black, and films with a fade: so many keyframes are looked at for one that shows something. */
const keyframesTried = 5;
/** A picture of one colour takes two thirds of it; one with a word on it takes more. */
const blankBytesPerPixel = 0.01;
/** What could not be made, or not be kept, is not tried again before. */
const tryAgainAfterMs = 60_000;
const mostHeld = 100;

export interface RecordingPostersOptions {
  readonly recordings: Pick<Recordings, 'get' | 'manifest' | 'folders'>;
  readonly startTranscoder: StartTranscoder;
  readonly ffmpegMajor: number;
  /** Of the pictures, at most. */
  readonly width: number;
  /** Who may make a picture now. */
  readonly turns: Semaphore;
  /** One keyframe may take so long. */
  readonly timeoutMs?: number;
}

/** A picture of each recording, of one of its first keyframes: made when somebody asks for the first time, and kept beside its segments. */
export class RecordingPosters {
  readonly #options: RecordingPostersOptions;
  readonly #closing = new AbortController();
  readonly #making = new Map<string, Promise<Buffer | undefined>>();
  /** Where the store keeps none. */
  readonly #held = new Map<string, { readonly jpeg: Buffer | undefined; readonly untilMs: number }>();

  constructor(options: RecordingPostersOptions) {
    this.#options = options;
  }

  /** A JPEG. @throws {LiveError} not-found: no such recording, or no picture in it */
  async picture(id: string): Promise<Buffer> {
    const recording = this.#options.recordings.get(id);
    if (recording.sums.durationSeconds > 0 && recording.sums.width === undefined) throw new LiveError('not-found', 'it has sound only, no picture');
    const jpeg = (await this.#kept(id)) ?? (await this.#made(id));
    if (!jpeg) throw new LiveError('not-found', 'there is no picture of it yet');
    return jpeg;
  }

  /** Resolves when no transcoder is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#making.values());
  }

  async #kept(id: string): Promise<Buffer | undefined> {
    try {
      const jpeg = await buffer(await this.#options.recordings.folders.store(id).open(fileName));
      // A server that died while it wrote leaves a part.
      return isWhole(jpeg) ? jpeg : undefined;
    } catch {
      return undefined;
    }
  }

  /** Once, however many ask. */
  #made(id: string): Promise<Buffer | undefined> {
    const held = this.#held.get(id);
    if (held && performance.now() < held.untilMs) return Promise.resolve(held.jpeg);
    const making = this.#making.get(id) ?? this.#makeAndKeep(id).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #makeAndKeep(id: string): Promise<Buffer | undefined> {
    const { recordings, turns } = this.#options;
    if (!(await turns.acquire(this.#closing.signal))) return undefined;
    const jpeg = await this.#make(id)
      .catch(() => undefined)
      .finally(() => turns.release());
    this.#held.delete(id);
    const store = recordings.folders.store(id);
    const isKept = jpeg !== undefined && (await store.put(fileName, { byteLength: jpeg.length, pieces: [jpeg] }).then(() => true, () => false));
    if (!isKept) this.#hold(id, jpeg);
    if (this.#isThere(id)) return jpeg;
    // Removed meanwhile: nothing of it stays, and nothing comes back.
    await store.clear();
    return undefined;
  }

  async #make(id: string): Promise<Buffer | undefined> {
    const manifest = await this.#options.recordings.manifest(id);
    let first: Buffer | undefined;
    for (const { segment, keyframe } of keyframesOf(manifest).slice(0, keyframesTried)) {
      const jpeg = await this.#pictureOf(id, segment, keyframe);
      if (jpeg && jpeg.length >= this.#blankBytes(manifest, segment)) return jpeg;
      first ??= jpeg;
    }
    return first;
  }

  async #pictureOf(id: string, { mapUri, uri }: ManifestSegment, keyframe: ByteRange): Promise<Buffer | undefined> {
    const { recordings, startTranscoder, ffmpegMajor, width, timeoutMs = 5000 } = this.#options;
    const { folders } = recordings;
    const [init, segment] = [await folders.media(id, mapUri), await folders.media(id, uri)];
    const media = [await buffer(await init.open(0, init.byteLength)), await buffer(await segment.open(keyframe.start, keyframe.byteLength))];
    const picture = await pictureOfKeyframe({ startTranscoder, plan: planPictures({ width, ffmpegMajor }), media, timeoutMs, signal: this.#closing.signal });
    return picture?.jpeg;
  }

  #blankBytes({ inits }: Manifest, { mapUri }: ManifestSegment): number {
    const { width = 0, height = 0 } = inits.get(mapUri)?.picture ?? {};
    const scale = Math.min(1, this.#options.width / width);
    return width * height * scale ** 2 * blankBytesPerPixel;
  }

  #hold(id: string, jpeg: Buffer | undefined): void {
    this.#held.set(id, { jpeg, untilMs: performance.now() + tryAgainAfterMs });
    const [oldest] = this.#held.keys();
    if (this.#held.size > mostHeld && oldest !== undefined) this.#held.delete(oldest);
  }

  #isThere(id: string): boolean {
    try {
      this.#options.recordings.get(id);
      return true;
    } catch {
      return false;
    }
  }
}

function keyframesOf({ segments }: Manifest): { segment: ManifestSegment; keyframe: ByteRange }[] {
  return segments.flatMap((segment) => (segment.keyframe && !segment.gap ? [{ segment, keyframe: segment.keyframe }] : []));
}

/** Ends with its mark (ISO/IEC 10918-1 §B.1.1.3, EOI). */
function isWhole(jpeg: Buffer): boolean {
  return jpeg.length > 2 && jpeg.readUInt16BE(jpeg.length - 2) === 0xffd9;
}
