import { setTimeout as delay } from 'node:timers/promises';
import type { InitSegment } from '../fmp4/init-segment.js';
import { Signal } from './signal.js';
import type { TranscodePlan } from './ffmpeg-options.js';
import type { FragmentBurst } from './fragment-burst.js';
import { OutputWatch } from './output-watch.js';
import { PictureReader, type Picture } from './picture.js';
import type { StartTranscoder, Transcoder } from './transcoder.js';
import type { ViewerSink } from './viewer.js';
import type { Viewers } from './viewers.js';

export interface PictureEncoderOptions {
  /** Where the fragments come from: a viewer like any other. */
  readonly viewers: Viewers;
  readonly plan: TranscodePlan;
  readonly startTranscoder: StartTranscoder;
  readonly hungAfterMs: number;
  readonly restartDelayMs: number;
  /** Told in words when a transcoder failed. */
  readonly onFailure: (reason: string) => void;
}

/** A transcoder that failed more often than this, without running well in between, will not do better. */
const maxFailuresInARow = 3;
/** So long a run makes up for what failed before. */
const goodRunMs = 10_000;

/** JPEG pictures of a live stream, for everybody who looks at once: one transcoder at a time, over all timelines of the broadcast. */
export class PictureEncoder implements ViewerSink {
  /** Resolves when nothing more comes and no transcoder is left. */
  readonly closed: Promise<void>;
  /** How many look. */
  viewerCount = 0;
  readonly #options: PictureEncoderOptions;
  readonly #news = new Signal();
  readonly #closing = new AbortController();
  #leave: () => void = () => undefined;
  /** What is done with the transcoder, one after another. */
  #work: Promise<void> = Promise.resolve();
  #backlogBytes = 0;
  #transcoder: Transcoder | undefined;
  #watch: OutputWatch | undefined;
  #latest: Picture | undefined;
  #failures = 0;

  constructor(options: PictureEncoderOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      const settle = (): void => void this.#work.then(() => this.#stop()).then(resolve);
      this.#closing.signal.addEventListener('abort', settle, { once: true });
    });
    this.#join();
  }

  /** Aborted when nothing more comes. */
  get ending(): AbortSignal {
    return this.#closing.signal;
  }

  get latest(): Picture | undefined {
    return this.#latest;
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** The latest picture as soon as there is another one than `than`; undefined when none comes any more, or `signal` is aborted. */
  async next(than: Picture | undefined, signal: AbortSignal): Promise<Picture | undefined> {
    while (!signal.aborted && !this.#closing.signal.aborted && this.#latest === than) await this.#news.next();
    return signal.aborted || this.#latest === than ? undefined : this.#latest;
  }

  /** Lets everybody who waits look whether it is still worth it. */
  wake(): void {
    this.#news.wake();
  }

  message(): void {
    return;
  }

  init({ bytes, tracks }: InitSegment): void {
    const hasPicture = tracks.some(({ kind }) => kind === 'video');
    this.#enqueue(bytes.length, async () => {
      await this.#stop();
      if (hasPicture && !this.#closing.signal.aborted) await this.#start(bytes);
    });
  }

  media(burst: FragmentBurst): void {
    const { mp4 } = burst;
    this.#enqueue(mp4.length, () => this.#write(mp4));
  }

  end(): void {
    this.close();
  }

  drop(): void {
    this.close();
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#leave();
    this.#closing.abort();
    // A transcoder that takes nothing would hold the work up.
    void this.#transcoder?.close();
    this.wake();
  }

  #join(): void {
    this.#leave = this.#options.viewers.join(this);
  }

  #enqueue(bytes: number, work: () => Promise<void>): void {
    this.#backlogBytes += bytes;
    this.#work = this.#work
      .then(() => (this.#closing.signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        this.#options.onFailure(error instanceof Error ? error.message : String(error));
        this.close();
      })
      .finally(() => (this.#backlogBytes -= bytes));
  }

  async #start(init: Buffer): Promise<void> {
    const { startTranscoder, plan } = this.#options;
    this.#transcoder = startTranscoder(plan);
    void this.#read(this.#transcoder);
    await this.#write(init);
  }

  async #write(bytes: Buffer): Promise<void> {
    // Without pictures to count: a still picture gives none for long, while its sound goes on.
    this.#watch?.offered(bytes.length, 0);
    await this.#transcoder?.write(bytes);
    this.#watch?.taken();
  }

  async #stop(): Promise<void> {
    const transcoder = this.#transcoder;
    this.#transcoder = undefined;
    this.#watch?.stop();
    this.#watch = undefined;
    await transcoder?.close();
  }

  async #read(transcoder: Transcoder): Promise<void> {
    const { hungAfterMs } = this.#options;
    const startedAtMs = performance.now();
    const reader = new PictureReader();
    let reason = 'ffmpeg ended by itself';
    const giveUp = (why: string): void => {
      reason = why;
      void transcoder.close();
    };
    const watch = new OutputWatch({ hungAfterMs, firstOutputTimeoutMs: hungAfterMs, onSilent: () => giveUp(`ffmpeg hung for ${hungAfterMs} ms`) });
    this.#watch = watch;
    await transcoder.read((chunk) => {
      try {
        const picture = reader.push(chunk).at(-1);
        if (!picture) return;
        watch.gave();
        this.#latest = picture;
        this.#news.wake();
      } catch (error) {
        giveUp((error as Error).message);
      }
    });
    const died = await transcoder.closed;
    watch.stop();
    // Whoever replaces or closes it has let go of it before.
    if (this.#transcoder !== transcoder || this.#closing.signal.aborted) return;
    if (performance.now() - startedAtMs >= goodRunMs) this.#failures = 0;
    await this.#recover(died?.message ?? reason);
  }

  /** Begins anew with the present group of pictures. */
  async #recover(reason: string): Promise<void> {
    this.#leave();
    this.#transcoder = undefined;
    this.#options.onFailure(reason);
    if (++this.#failures > maxFailuresInARow) return this.close();
    await delay(this.#options.restartDelayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    if (!this.#closing.signal.aborted) this.#join();
  }
}
