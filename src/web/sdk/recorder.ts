import { OnairError } from './errors.js';
import type { Quality } from './quality.js';
import { mayStandStill, steadyVideo, type SteadyVideo } from './steady-video.js';
import { assertCanRecord, recordableMimeTypes } from './support.js';

const timesliceMs = 50;

/** What Chromium understands beyond the standard's options: without it keyframes may be many seconds apart. */
interface RecorderOptionsWithKeyframes extends MediaRecorderOptions {
  readonly videoKeyFrameIntervalDuration: number;
}

export type RecordedQuality = Pick<Quality, 'videoBitsPerSecond' | 'audioBitsPerSecond' | 'frameRate' | 'height'>;

export interface RecorderOptions {
  readonly media: MediaStream;
  readonly quality: RecordedQuality;
  readonly onChunk: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The tracks no longer fit the header: another recording should begin. With pictures of another size, which one. */
  readonly onOutgrown: (size: { readonly width: number; readonly height: number } | undefined) => void;
  /** The recording ended without `stop()`: null when all its tracks ended. */
  readonly onStopped: (error: OnairError | null) => void;
}

/** One quality of the picture, as it is sent. */
export interface SentPictures {
  readonly width: number;
  readonly height: number;
  /** Over the last seconds. */
  readonly bitsPerSecond: number;
}

/** One recording (one container header) of a MediaStream, as bytes in order; it begins at once. */
export interface Recording {
  readonly mimeType: string;
  /** By `performance.now()`: media time 0 of the recording, but for a frame or so. */
  readonly startedAtMs: number;
  /** Whether it has given anything at all. */
  readonly hasGiven: boolean;
  /** How long the recorder has given nothing. */
  readonly silentMs: number;
  /** How long no sound has come, where that is known. */
  readonly soundMissingMs?: number;
  /** Each quality of the picture, the source first, where that is known. */
  readonly sentPictures?: readonly SentPictures[];
  /** Call ten times a second, at a pace that a hidden tab does not slow. */
  tick(): void;
  /** @returns whether the recording goes on with it; else another one has to begin */
  setBitRate(videoBitsPerSecond: number): boolean;
  /** Resolves, at every call, when the last chunk has been given to `onChunk`. */
  stop(): Promise<void>;
  /** Stops without giving what is left. */
  discard(): void;
}

/** Begins a recording. @throws {OnairError} unsupported-browser | recorder-failed */
export type OpenRecording = (options: RecorderOptions) => Recording;

/** By the browser's MediaRecorder. */
export class Recorder implements Recording {
  readonly mimeType: string;
  readonly startedAtMs: number;
  readonly #options: RecorderOptions;
  readonly #recorder: MediaRecorder;
  readonly #steady: readonly SteadyVideo[];
  readonly #inOrder: (read: Promise<ArrayBuffer>) => Promise<void>;
  #delivered: Promise<void> = Promise.resolve();
  #stop: Promise<void> | undefined;
  #discarding = false;
  #lastChunkAtMs = performance.now();
  #hasGiven = false;

  /** Starts recording at once. @throws {OnairError} unsupported-browser | recorder-failed */
  constructor(options: RecorderOptions) {
    assertCanRecord();
    this.#options = options;
    this.#inOrder = deliverInOrder((bytes) => {
      if (!this.#discarding) options.onChunk(bytes);
    });
    const { media, steady } = steadied(options.media);
    this.#steady = steady;
    try {
      this.#recorder = startRecorder(media, options.quality);
    } catch (error) {
      for (const { close } of steady) close();
      throw error;
    }
    this.startedAtMs = performance.now();
    this.mimeType = this.#recorder.mimeType;
    this.#recorder.addEventListener('dataavailable', ({ data }) => {
      if (data.size === 0) return;
      this.#lastChunkAtMs = performance.now();
      this.#hasGiven = true;
      this.#delivered = this.#inOrder(data.arrayBuffer());
    });
    this.#recorder.addEventListener('error', (event) => this.#stopped(recorderError('error' in event ? event.error : undefined)));
    this.#recorder.addEventListener('stop', () => this.#stopped(null));
  }

  get hasGiven(): boolean {
    return this.#hasGiven;
  }

  get silentMs(): number {
    return performance.now() - this.#lastChunkAtMs;
  }

  /** A MediaRecorder keeps the bit rate that it began with. */
  setBitRate(): boolean {
    return false;
  }

  tick(): void {
    for (const { tick } of this.#steady) tick();
  }

  stop(): Promise<void> {
    this.#stop ??= this.#finish();
    return this.#stop;
  }

  discard(): void {
    this.#discarding = true;
    void this.stop();
  }

  async #finish(): Promise<void> {
    if (this.#recorder.state !== 'inactive') {
      const stopped = new Promise((resolve) => this.#recorder.addEventListener('stop', resolve, { once: true }));
      this.#recorder.stop();
      await stopped;
    }
    for (const { close } of this.#steady) close();
    await this.#delivered;
  }

  #stopped(error: OnairError | null): void {
    if (this.#stop !== undefined) return;
    void this.stop().then(() => this.#options.onStopped(error));
  }
}

/** Blobs may be read in any order: what they hold must leave in the order in which they were recorded. */
export function deliverInOrder(deliver: (bytes: Uint8Array<ArrayBuffer>) => void): (read: Promise<ArrayBuffer>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (read) => {
    last = Promise.all([read, last]).then(([buffer]) => deliver(new Uint8Array(buffer)));
    return last;
  };
}

function steadied(media: MediaStream): { media: MediaStream; steady: SteadyVideo[] } {
  const steady: SteadyVideo[] = [];
  const tracks = media.getTracks().map((track) => {
    const copy = mayStandStill(track) ? steadyVideo(track) : undefined;
    if (copy !== undefined) steady.push(copy);
    return copy?.track ?? track;
  });
  return { media: new MediaStream(tracks), steady };
}

/** What a browser says it supports is not always what it can start: then the next best is tried. */
function startRecorder(media: MediaStream, quality: RecorderOptions['quality']): MediaRecorder {
  const kinds = { video: media.getVideoTracks().length > 0, audio: media.getAudioTracks().length > 0 };
  let failure: unknown;
  for (const mimeType of recordableMimeTypes(kinds, (type) => MediaRecorder.isTypeSupported(type))) {
    try {
      const options: RecorderOptionsWithKeyframes = {
        mimeType,
        videoBitsPerSecond: quality.videoBitsPerSecond,
        audioBitsPerSecond: quality.audioBitsPerSecond,
        // As often as `webcodecs/encoding.ts` makes them.
        videoKeyFrameIntervalDuration: 1000,
      };
      const recorder = new MediaRecorder(media, options);
      recorder.start(timesliceMs);
      return recorder;
    } catch (error) {
      failure = error;
    }
  }
  throw new OnairError(
    'unsupported-browser',
    'This browser cannot record this camera, microphone or screen in any format Onair takes. Use a current Chrome, Edge, Firefox or Safari.',
    { cause: failure },
  );
}

/** Whatever a recorder threw or told, in words. */
export function recorderError(cause: unknown): OnairError {
  if (cause instanceof OnairError) return cause;
  const said = cause instanceof Error || cause instanceof DOMException ? ` (${cause.message})` : '';
  return new OnairError('recorder-failed', `The browser’s recorder stopped${said}. Try a lower quality, or go live again.`, { cause });
}
