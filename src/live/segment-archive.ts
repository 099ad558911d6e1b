import type { Readable } from 'node:stream';
import type { HeldBytes, MediaPieces, SegmentKeeper, StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import type { MediaStore } from '../storage/media-store.js';
import { WriteBehind } from '../storage/write-behind.js';
import { WriteHealth } from '../storage/write-health.js';
import { settledWithin } from './settled-within.js';

export interface SegmentArchiveOptions {
  /** Of this broadcast alone. */
  readonly store: MediaStore;
  /** Told when the store does not take what is written: the window stays in memory. */
  readonly onWriteFailure: (error: Error) => void;
  /** Told when it does so again, with how many segments it did not take by then, of all. */
  readonly onWriteRecovery?: ((untaken: number) => void) | undefined;
  /** Told of each time that the store does not give back what it took. */
  readonly onReadFailure: (error: Error) => void;
  /** More than this that waits to be written, and the store is too slow. */
  readonly maxWaitingBytes?: number | undefined;
  /** How long whoever asks for a segment waits for the store. */
  readonly readTimeoutMs?: number | undefined;
  /** How long `clear()` waits for the store. */
  readonly clearTimeoutMs?: number | undefined;
}

/**
 * The whole segments of one broadcast in a store: written behind its back, read from there once they have left memory. A store that
 * fails, hangs or does not keep up costs nothing but a warning, since what is not safe there stays in memory; one that
 * did not give back what it took is not relied on again, unless it was only busy with what others asked for.
 */
export class SegmentArchive implements SegmentKeeper {
  readonly #store: MediaStore;
  readonly #writer: WriteBehind;
  readonly #options: SegmentArchiveOptions;
  readonly #readTimeoutMs: number;
  #reliable = true;
  /** How often the store gave back what was asked for. */
  #answers = 0;
  readonly #health = new WriteHealth();
  #untaken = 0;

  constructor(options: SegmentArchiveOptions) {
    const { store, maxWaitingBytes, readTimeoutMs = 5000 } = options;
    this.#options = options;
    this.#store = store;
    this.#readTimeoutMs = readTimeoutMs;
    this.#writer = new WriteBehind({ store, maxWaitingBytes, onFailure: (error) => this.#tellOfWriting(error) });
  }

  /** What waits for the store. */
  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  get reliable(): boolean {
    return this.#reliable;
  }

  keepInit(uri: string, bytes: Buffer): void {
    void this.#writer.put(uri, { byteLength: bytes.length, pieces: [bytes] });
  }

  async keep(uri: string, media: MediaPieces): Promise<StoredMedia | undefined> {
    const { byteLength } = media;
    if (!(await this.#writer.put(uri, media))) {
      this.#untaken += 1;
      return undefined;
    }
    if (this.#health.taken() && this.#health.recovered()) this.#options.onWriteRecovery?.(this.#untaken);
    const store = this.#store;
    const open = async (start: number, length: number): Promise<Readable> => {
      const stream = await this.#inTime((signal) => store.open(uri, { start, byteLength: length }, signal), (late) => late.destroy());
      stream.once('error', (error) => this.#failed(error));
      return stream;
    };
    const read = store.read && ((start: number, length: number): Promise<HeldBytes> => this.#inTime((signal) => store.read!(uri, { start, byteLength: length }, signal), (late) => late.letGo()));
    return { byteLength, open, read };
  }

  remove(uri: string): void {
    this.#writer.remove(uri);
  }

  /** Removes everything. Resolves when nothing is left, or when the store did not let go of it in time. Idempotent. */
  async clear(): Promise<void> {
    const { clearTimeoutMs = 1000 } = this.#options;
    try {
      const cleared = this.#writer.close().then(() => this.#store.clear());
      if (!(await settledWithin(cleared, clearTimeoutMs))) throw new Error('the store does not answer');
    } catch (error) {
      this.#tellOfWriting(error as Error);
    }
  }

  #tellOfWriting(error: Error): void {
    if (this.#health.failed()) this.#options.onWriteFailure(error);
  }

  /**
   * @param undo what is done with what comes too late
   * @throws {LiveError} unavailable, when the store does not give it
   */
  async #inTime<T>(ask: (signal: AbortSignal) => Promise<T>, undo: (late: T) => void): Promise<T> {
    const patience = new AbortController();
    const answersBefore = this.#answers;
    let cause: Error;
    let isBusy = false;
    try {
      const asked = ask(patience.signal);
      if (await settledWithin(asked, this.#readTimeoutMs)) {
        this.#answers += 1;
        return await asked;
      }
      patience.abort();
      void asked.then(undo, () => undefined);
      // More is asked of it than it can give in that time.
      isBusy = this.#answers !== answersBefore;
      cause = new Error(`the store did not answer within ${this.#readTimeoutMs} ms${isBusy ? ', and answered others meanwhile' : ''}`);
    } catch (error) {
      cause = error as Error;
    }
    if (isBusy) this.#options.onReadFailure(cause);
    else this.#failed(cause);
    throw new LiveError('unavailable', isBusy ? 'the store is busy; try again' : 'the store does not give back this segment; try again', { cause });
  }

  #failed(error: Error): void {
    this.#reliable = false;
    this.#options.onReadFailure(error);
  }
}
