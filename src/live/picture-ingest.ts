import { readJpeg, type JpegFacts } from '../source/jpeg.js';
import type { SourceEvent } from '../source/source-events.js';
import { PictureRecorder } from '../source/picture-recorder.js';
import { LiveError } from '../protocol/live-error.js';

/** So that a standstill is a still picture for viewers: no longer than a part of a playlist may last. */
const standstillMs = 400;
/** Beyond this no encoder's output is of use to a player. */
const maxSidePixels = 8192;

export interface PictureIngestOptions {
  /** The recording that is made of the pictures; resolves when it was passed on. */
  readonly write: (events: readonly SourceEvent[]) => Promise<void>;
  /** Told when the last one could not be shown again. */
  readonly onFailure: (error: unknown) => void;
  readonly standstillMs?: number;
}

interface Picture {
  readonly jpeg: Uint8Array;
  readonly size: JpegFacts;
}

/** A publisher's single pictures on their way to a recording. While none comes, the last one is shown again. */
export class PictureIngest {
  readonly #options: Required<PictureIngestOptions>;
  readonly #recorder = new PictureRecorder();
  #last: Picture | undefined;
  #resting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PictureIngestOptions) {
    this.#options = { standstillMs, ...options };
  }

  /** Whether the present recording is made of pictures. */
  get running(): boolean {
    return this.#last !== undefined;
  }

  /** Resolves when the picture was passed on, or with what is wrong with it. */
  async add(jpeg: Uint8Array, arrivedAtMs: number): Promise<LiveError | undefined> {
    const size = readJpeg(jpeg);
    if ('notJpeg' in size) return new LiveError('unsupported-media', `expected a JPEG picture, got ${jpeg.length} bytes that are none: ${size.notJpeg}`);
    if (Math.max(size.width, size.height) > maxSidePixels) {
      return new LiveError('unsupported-media', `expected pictures of at most ${maxSidePixels} × ${maxSidePixels}, got ${size.width} × ${size.height}`);
    }
    this.#resting = false;
    this.#last = { jpeg, size };
    await this.#pass(this.#last, arrivedAtMs);
    return undefined;
  }

  /** Nobody is there who could send another one: the last one is not shown again until somebody comes back. */
  rest(): void {
    this.#resting = true;
    clearTimeout(this.#timer);
  }

  /** What follows is something else. */
  stop(): void {
    this.rest();
    this.#last = undefined;
    this.#recorder.reset();
  }

  async #pass(picture: Picture, atMs: number): Promise<void> {
    clearTimeout(this.#timer);
    await this.#options.write(this.#recorder.add(picture.jpeg, picture.size, atMs));
    if (this.#last !== picture || this.#resting) return;
    const again = (): void => void this.#pass(picture, performance.now()).catch(this.#options.onFailure);
    this.#timer = setTimeout(again, this.#options.standstillMs);
  }
}
