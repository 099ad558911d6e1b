import type { RecordingReason } from '../../../protocol/ingest-messages.js';
import type { OnairError } from '../errors.js';
import type { OpenRecording, RecorderOptions, Recording } from '../recorder.js';

/** How long the end of a recording is waited for where another one follows: a recorder that hangs must not hold that one back. */
const maxTailMs = 2_000;

type Recorded = Pick<RecorderOptions, 'media' | 'quality'>;

export interface RecordingSequenceOptions {
  readonly open: OpenRecording;
  readonly onRecording: (mimeType: string, reason: RecordingReason | undefined) => void;
  readonly onChunk: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The present recording ended by itself: null when all its tracks ended. */
  readonly onStopped: (error: OnairError | null) => void;
  /** Another recording should begin: what is recorded no longer fits the present one. */
  readonly onOutgrown: RecorderOptions['onOutgrown'];
}

/** A recorder whose bytes have to wait for the end of the one before. */
interface Waiting {
  readonly recorder: Recording;
  readonly reason: RecordingReason | undefined;
  readonly chunks: Uint8Array<ArrayBuffer>[];
}

/**
 * One recording after another, as one sequence of bytes. At a joint the next recorder starts before the last one stops, and its
 * bytes wait until the other's last ones are out: so next to nothing is lost in between.
 */
export class RecordingSequence {
  readonly #options: RecordingSequenceOptions;
  #current: Recording | undefined;
  #waiting: Waiting | undefined;
  #joint: Promise<void> = Promise.resolve();
  #stop: Promise<void> | undefined;

  constructor(options: RecordingSequenceOptions) {
    this.#options = options;
  }

  /** The recording whose bytes are being given; undefined before the first. */
  get current(): Recording | undefined {
    return this.#current;
  }

  tick(): void {
    this.#current?.tick();
    this.#waiting?.recorder.tick();
  }

  /** @returns whether what is recorded goes on with it, without a joint */
  setBitRate(videoBitsPerSecond: number): boolean {
    const recording = [this.#current, this.#waiting?.recorder].filter((each) => each !== undefined);
    return recording.length > 0 && recording.every((each) => each.setBitRate(videoBitsPerSecond));
  }

  /**
   * Begins a recording; the one before is given to its last byte first.
   * @returns a promise of the moment when the new one's bytes leave
   * @throws {OnairError} when this media cannot be recorded; what was recorded before goes on
   */
  begin(what: Recorded, reason?: RecordingReason): Promise<void> {
    if (this.#stop !== undefined) return this.#stop;
    const waiting: Waiting = { recorder: this.#start(what), reason, chunks: [] };
    const before = this.#current;
    // Another joint is under way: what was to come then never began.
    this.#waiting?.recorder.discard();
    const isUnderWay = this.#waiting !== undefined;
    this.#waiting = waiting;
    if (before === undefined) this.#join();
    else if (!isUnderWay) {
      const joint = atMost(maxTailMs, before.stop()).then(() => {
        if (joint === this.#joint) this.#join();
      });
      this.#joint = joint;
    }
    return this.#joint;
  }

  /** Begins a recording at once; what was not given of the one before is left out. @throws {OnairError} as `begin()` */
  beginAnew(what: Recorded): void {
    if (this.#stop !== undefined) return;
    const recorder = this.#start(what);
    this.#current?.discard();
    this.#waiting?.recorder.discard();
    this.#current = undefined;
    this.#joint = Promise.resolve();
    this.#waiting = { recorder, reason: undefined, chunks: [] };
    this.#join();
  }

  /** Resolves, at every call, when the last byte of the last recording has been given. */
  stop(): Promise<void> {
    this.#stop ??= this.#finish();
    return this.#stop;
  }

  /** Stops without giving what is left. */
  discard(): void {
    this.#current?.discard();
    this.#waiting?.recorder.discard();
    this.#stop ??= Promise.resolve();
  }

  async #finish(): Promise<void> {
    const last = this.#waiting?.recorder.stop();
    await this.#joint;
    await (last ?? this.#current?.stop());
  }

  #start(what: Recorded): Recording {
    const recorder: Recording = this.#options.open({
      ...what,
      onChunk: (bytes) => {
        if (recorder === this.#current) this.#options.onChunk(bytes);
        else if (recorder === this.#waiting?.recorder) this.#waiting.chunks.push(bytes);
      },
      onStopped: (error) => {
        if (recorder === this.#current || recorder === this.#waiting?.recorder) this.#options.onStopped(error);
      },
      onOutgrown: (size) => {
        if (recorder === (this.#waiting?.recorder ?? this.#current)) this.#options.onOutgrown(size);
      },
    });
    return recorder;
  }

  /** The bytes of the recording that waited leave from now on. */
  #join(): void {
    const next = this.#waiting;
    if (next === undefined) return;
    this.#waiting = undefined;
    this.#current?.discard();
    this.#current = next.recorder;
    this.#options.onRecording(next.recorder.mimeType, next.reason);
    for (const bytes of next.chunks) this.#options.onChunk(bytes);
  }
}

function atMost(limitMs: number, awaited: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, limitMs);
    awaited.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
