import type { SourceEvent, SourceHeader } from '../source/source-events.js';
import { GroupWatch } from './group-watch.js';

export interface RecordingOptions {
  /** Wall clock, ms since the epoch, when its first byte came. */
  readonly startedAtMs: number;
  /** It goes on where another one was broken off: the header comes from there. */
  readonly continues?: {
    readonly header: SourceHeader;
    readonly headerBytes: Buffer;
    readonly copyObstacle: string;
    /** Time of the first frame that follows, on the recording's own clock. */
    readonly startSeconds: number;
  };
  /** Bytes that may lie here before a reader came. */
  readonly maxHeldBytes?: number;
}

/**
 * One container header and the bytes that follow it, until the next header or the end. A write waits until the reader
 * took it, which is how a slow ffmpeg slows the publisher's socket; only before the reader came are some bytes held.
 */
export class Recording {
  readonly startedAtMs: number;
  /** Container and tracks; undefined when the recording ended inside its header. */
  readonly header: Promise<SourceHeader | undefined>;
  /** Time of its first frame on its own clock; undefined where only ffmpeg finds out. */
  readonly startSeconds: number | undefined;
  readonly #groups = new GroupWatch();
  readonly #inheritedObstacle: string | undefined;
  readonly #maxHeldBytes: number;
  readonly #queue: { readonly bytes: Uint8Array; readonly taken: () => void }[] = [];
  #resolveHeader!: (header: SourceHeader | undefined) => void;
  #knownHeader: SourceHeader | undefined;
  #headerBytes: Buffer = Buffer.alloc(0);
  /** Infinite until it is known where the header ends. */
  #headerLength = Infinity;
  #captureTimeMs: number | undefined;
  #foundFit = false;
  #heldBytes = 0;
  #beingRead = false;
  #wakeReader: (() => void) | undefined;
  #ended = false;

  constructor({ startedAtMs, continues, maxHeldBytes = 8 * 1024 * 1024 }: RecordingOptions) {
    this.startedAtMs = startedAtMs;
    this.startSeconds = continues?.startSeconds;
    this.#maxHeldBytes = maxHeldBytes;
    this.header = new Promise((resolve) => (this.#resolveHeader = resolve));
    if (!continues) return;
    this.#inheritedObstacle = continues.copyObstacle;
    this.#headerBytes = continues.headerBytes;
    this.#queue.push({ bytes: continues.headerBytes, taken: () => undefined });
    this.announceHeader(continues.header, continues.headerBytes.length);
  }

  /** What was read in the bytes. @param headerLength how many of its first bytes are its header */
  announceHeader(header: SourceHeader, headerLength: number): void {
    this.#knownHeader = header;
    this.#headerLength = headerLength;
    this.#resolveHeader(header);
    if (!header.tracks?.some(({ kind }) => kind === 'video')) this.#groups.end();
  }

  /** When its media time 0 was captured, as the publisher says. */
  tellCaptureTime(captureTimeMs: number): void {
    this.#captureTimeMs = captureTimeMs;
  }

  /** When its first frame was captured, as the publisher said last: where the transcoder's output begins. */
  get captureTimeMs(): number | undefined {
    return this.#captureTimeMs === undefined ? undefined : this.#captureTimeMs + (this.startSeconds ?? 0) * 1000;
  }

  note(frame: Extract<SourceEvent, { type: 'frame' }>): void {
    if (frame.kind === 'video') this.#groups.add(frame);
  }

  /** Why the picture can't be copied, undefined when it can: known when the first keyframes, or enough bytes, are there. */
  async copyObstacle(): Promise<string | undefined> {
    if (this.#inheritedObstacle !== undefined) return this.#inheritedObstacle;
    await this.#groups.whenFirstKnown();
    this.#foundFit = this.#groups.obstacle === undefined;
    return this.#groups.obstacle;
  }

  /** It was found fit for copying, and then its keyframes moved apart. */
  get mustBeContinued(): boolean {
    return this.#foundFit && this.#groups.obstacle !== undefined;
  }

  /** A recording with the same header, for the bytes from a random access point on. */
  continuation({ startSeconds, ...options }: Omit<RecordingOptions, 'continues'> & { startSeconds: number }): Recording {
    const header = this.#knownHeader;
    const copyObstacle = this.#groups.obstacle;
    if (!header || !copyObstacle) throw new Error('expected a recording with a header and an obstacle to copying');
    const headerBytes = this.#headerBytes.subarray(0, this.#headerLength);
    const next = new Recording({ ...options, continues: { header, headerBytes, copyObstacle, startSeconds } });
    next.#captureTimeMs = this.#captureTimeMs;
    return next;
  }

  /** Resolves when the reader took the bytes, or gave up. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended || bytes.length === 0) return Promise.resolve();
    if (this.#headerBytes.length < this.#headerLength) this.#headerBytes = Buffer.concat([this.#headerBytes, bytes]);
    return new Promise((resolve) => {
      this.#queue.push({ bytes, taken: resolve });
      this.#heldBytes += bytes.length;
      if (!this.#beingRead) this.#hold(resolve);
      this.#wake();
    });
  }

  /** No more bytes: the reader gets what is queued, then the end. */
  end(): void {
    this.#ended = true;
    this.#resolveHeader(undefined);
    this.#groups.end();
    this.#wake();
  }

  /** The bytes in order, for one reader; leaving the loop releases every waiting writer. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    this.#beingRead = true;
    try {
      for (;;) {
        const next = this.#queue[0];
        if (next) {
          yield next.bytes;
          this.#queue.shift();
          next.taken();
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    } finally {
      this.end();
      for (const { taken } of this.#queue.splice(0)) taken();
    }
  }

  /** Lets the writer go on while there is room; a full store is reason enough to stop waiting for keyframes. */
  #hold(resolve: () => void): void {
    if (this.#heldBytes <= this.#maxHeldBytes) resolve();
    else this.#groups.end();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }
}
