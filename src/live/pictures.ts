import { setTimeout as delay } from 'node:timers/promises';
import { LiveError } from '../protocol/live-error.js';
import type { Picture } from './picture.js';
import { PictureEncoder } from './picture-encoder.js';
import { planPictures } from './picture-options.js';
import { Poster, type PosterPicture } from './poster.js';
import type { StartTranscoder } from './transcoder.js';
import type { Semaphore } from './semaphore.js';
import type { Viewers } from './viewers.js';

/** What all streams of a server share about pictures. */
export interface PictureSettings {
  /** Of `/frames`, at most. */
  readonly framesPerSecond: number;
  /** Of the widest pictures. */
  readonly width: number;
  readonly posterMaxAgeMs: number;
  /** Who may encode for viewers now. */
  readonly encoders: Semaphore;
  /** Who may make a poster now. */
  readonly posters: Semaphore;
}

export interface PicturesOptions extends PictureSettings {
  readonly viewers: Viewers;
  readonly startTranscoder: StartTranscoder;
  readonly ffmpegMajor: number;
  readonly hungAfterMs?: number;
  readonly restartDelayMs?: number;
  readonly onFailure: (reason: string) => void;
}

export interface Look {
  /** The narrowest pictures that are at least so wide; absent: the widest there are. */
  readonly width?: number | undefined;
  /** Fewer than there are; absent: all. */
  readonly framesPerSecond?: number | undefined;
  /** Aborted when the viewer goes. */
  readonly signal: AbortSignal;
}

/** So few that nobody can start many encoders: the whole width, a half, a quarter. */
const widthDivisors = [4, 2, 1];

/** JPEG pictures of one live stream, made only while somebody looks. */
export class Pictures {
  readonly #options: PicturesOptions;
  readonly #encoders = new Map<number, PictureEncoder>();
  readonly #closings = new Set<Promise<void>>();
  readonly #poster: Poster;
  #closed = false;

  constructor(options: PicturesOptions) {
    this.#options = options;
    const { viewers, startTranscoder, ffmpegMajor, width, posterMaxAgeMs: maxAgeMs, posters: turns } = options;
    this.#poster = new Poster({ viewers, startTranscoder, plan: planPictures({ width, ffmpegMajor }), maxAgeMs, turns });
  }

  /**
   * The latest picture again and again, until the broadcast is over or `signal` is aborted. Whoever takes long to come for the next
   * one gets what is the latest then.
   * @throws {LiveError} not-found without a picture; unavailable when there are as many encoders as may be, or after `close`
   */
  look({ width, framesPerSecond = Infinity, signal }: Look): AsyncGenerator<Picture, void, undefined> {
    this.#requirePicture();
    const encoder = this.#encoderOf(this.#widthFor(width));
    encoder.viewerCount++;
    const leave = (): void => {
      encoder.viewerCount--;
      encoder.wake();
      if (encoder.viewerCount === 0) encoder.close();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return eachNew(encoder, framesPerSecond >= this.#options.framesPerSecond ? 0 : 1000 / framesPerSecond, signal);
  }

  /**
   * A recent picture.
   * @throws {LiveError} not-found when there is none; unavailable after `close`
   */
  async poster(): Promise<PosterPicture> {
    this.#requirePicture();
    this.#requireOpen();
    const poster = await this.#poster.picture(this.#encoders.get(this.#options.width)?.latest);
    this.#requireOpen();
    if (!poster) throw new LiveError('not-found', 'there is no picture of it yet');
    return poster;
  }

  /** Everybody who looks is told that it is over; resolves when no transcoder is left. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const encoder of this.#encoders.values()) encoder.close();
    await Promise.all([this.#poster.close(), ...this.#closings]);
  }

  #requirePicture(): void {
    const { timeline } = this.#options.viewers;
    if (timeline && !timeline.init.tracks.some(({ kind }) => kind === 'video')) throw new LiveError('not-found', 'it has sound only, no picture');
  }

  /** Of a broadcast that is over nobody asks for pictures: one that runs, and has none made here any more, goes on at another server. */
  #requireOpen(): void {
    if (this.#closed) throw new LiveError('unavailable', 'its pictures are not made at this server any more; come again in a moment');
  }

  #widthFor(wanted: number | undefined): number {
    const widths = widthDivisors.map((divisor) => Math.round(this.#options.width / divisor));
    return widths.find((width) => wanted !== undefined && width >= wanted) ?? this.#options.width;
  }

  #encoderOf(width: number): PictureEncoder {
    const running = this.#encoders.get(width);
    if (running) return running;
    const { viewers, startTranscoder, ffmpegMajor, framesPerSecond, encoders, hungAfterMs = 10_000, restartDelayMs = 1000, onFailure } = this.#options;
    this.#requireOpen();
    if (!encoders.tryAcquire()) throw new LiveError('unavailable', 'the server makes as many pictures as it can; try again later');
    const plan = planPictures({ width, framesPerSecond, ffmpegMajor });
    const encoder = new PictureEncoder({ viewers, plan, startTranscoder, hungAfterMs, restartDelayMs, onFailure });
    if (!encoder.ending.aborted) this.#encoders.set(width, encoder);
    encoder.ending.addEventListener('abort', () => this.#forget(width, encoder), { once: true });
    const closing = encoder.closed.then(() => encoders.release());
    this.#closings.add(closing);
    void closing.finally(() => this.#closings.delete(closing));
    return encoder;
  }

  /** Whoever comes from now on needs another one. */
  #forget(width: number, encoder: PictureEncoder): void {
    if (this.#encoders.get(width) === encoder) this.#encoders.delete(width);
  }
}

async function* eachNew(encoder: PictureEncoder, pauseMs: number, signal: AbortSignal): AsyncGenerator<Picture, void, undefined> {
  let shown: Picture | undefined;
  for (;;) {
    shown = await encoder.next(shown, signal);
    if (!shown) return;
    yield shown;
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
