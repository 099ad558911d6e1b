import { join } from 'node:path';
import { segmentFiles, type SegmentFiles } from './segment-files.js';
import { settledWithin } from './settled-within.js';
import type { Semaphore } from './semaphore.js';

export interface SegmentStoreOptions {
  /** A folder of this broadcast's own; made when the first file comes. */
  readonly directory: string;
  /** Told once, when the disk does not take what is written: the live stream goes on from memory. */
  readonly onFailure: (error: Error) => void;
  /** Who may use the disk now, of all broadcasts: each hung call holds one of the few threads that Node has for files. */
  readonly turns: Semaphore;
  readonly files?: SegmentFiles | undefined;
  /** More than this that waits to be written, and the disk is too slow. */
  readonly maxWaitingBytes?: number | undefined;
  /** How long `clear()` waits for the disk. */
  readonly clearTimeoutMs?: number | undefined;
}

interface Step {
  readonly name: string | undefined;
  readonly bytes: number;
  readonly run: () => Promise<void>;
}

/**
 * Writes a broadcast's window through to disk, in order, and prunes it. It never delays or fails the broadcast: a disk that
 * fails, or does not keep up, costs the rest of the copy on disk and one warning. What waits to be written is bounded in
 * bytes, and in time by the window: a file that is to be removed before it was written came too late.
 */
export class SegmentStore {
  readonly #options: { readonly [Name in keyof SegmentStoreOptions]-?: NonNullable<SegmentStoreOptions[Name]> };
  #waiting: Step[] = [];
  #waitingBytes = 0;
  /** Resolves when nothing waits any more; on a disk that hangs, never. */
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #closed = false;
  #failed = false;

  constructor({ files = segmentFiles, maxWaitingBytes = 67_108_864, clearTimeoutMs = 1000, ...options }: SegmentStoreOptions) {
    this.#options = { files, maxWaitingBytes, clearTimeoutMs, ...options };
    this.#enqueue({ name: undefined, bytes: 0, run: () => files.makeFolder(options.directory) });
  }

  /** What waits for the disk. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** @param name a plain file name made by the packager, never by a client */
  write(name: string, pieces: readonly Buffer[]): void {
    const { files, directory, maxWaitingBytes } = this.#options;
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes) return this.#fail(tooSlow(this.#waitingBytes));
    this.#enqueue({ name, bytes, run: () => files.write(join(directory, name), pieces) });
  }

  remove(name: string): void {
    const { files, directory } = this.#options;
    if (this.#waiting.some((step) => step.name === name)) return this.#fail(tooSlow(this.#waitingBytes));
    this.#enqueue({ name: undefined, bytes: 0, run: () => files.remove(join(directory, name)) });
  }

  /** Removes the folder. Resolves when nothing of it is left, or when the disk did not let go of it in time. Idempotent. */
  async clear(): Promise<void> {
    this.#closed = true;
    this.#drop();
    if (!(await settledWithin(this.#removeAll(), this.#options.clearTimeoutMs))) this.#fail(new Error('the disk does not answer'));
  }

  async #removeAll(): Promise<void> {
    const { files, directory } = this.#options;
    await this.#work;
    await this.#inTurn(() => files.removeBroadcast(directory));
  }

  #enqueue(step: Step): void {
    if (this.#failed || this.#closed) return;
    this.#waiting.push(step);
    this.#waitingBytes += step.bytes;
    if (!this.#working) this.#work = this.#workOff();
  }

  async #workOff(): Promise<void> {
    this.#working = true;
    for (let [step] = this.#waiting; step; [step] = this.#waiting) {
      await this.#inTurn(step.run);
      if (this.#waiting[0] !== step) continue; // all that waited was dropped
      this.#waiting.shift();
      this.#waitingBytes -= step.bytes;
    }
    this.#working = false;
  }

  async #inTurn(run: () => Promise<void>): Promise<void> {
    const { turns } = this.#options;
    await turns.acquire();
    try {
      await run();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      turns.release();
    }
  }

  #drop(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #fail(error: Error): void {
    this.#drop();
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }
}

function tooSlow(bytes: number): Error {
  return new Error(`the disk does not keep up: ${bytes} bytes wait to be written`);
}
