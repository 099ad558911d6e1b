import type { MediaStore, Pieces } from './media-store.js';

export interface WriteBehindOptions {
  readonly store: MediaStore;
  /** Told of each thing that the store did not take. */
  readonly onFailure: (error: Error) => void;
  /** More than this that waits to be written, and the store is too slow. */
  readonly maxWaitingBytes?: number | undefined;
}

interface Step {
  readonly name: string;
  readonly bytes: number;
  readonly run: () => Promise<void>;
  readonly settle: (done: boolean) => void;
}

/** No store is worth more memory than this for each broadcast. */
const defaultWaitingBytes = 67_108_864;

/**
 * Writes to a store in order, behind the back of whoever has something to write, who is never delayed and never fails. What waits is bounded
 * in bytes: what a store has no room for is not written, and what is to be removed before it was written is not written either. A
 * store that failed or hung is tried again with whatever comes next.
 */
export class WriteBehind {
  readonly #options: Required<{ [Name in keyof WriteBehindOptions]: NonNullable<WriteBehindOptions[Name]> }>;
  readonly #waiting: Step[] = [];
  #waitingBytes = 0;
  /** Those that are there, or may be. */
  readonly #written = new Set<string>();
  /** Resolves when nothing waits any more; in a store that hangs, never. */
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #closed = false;

  constructor({ maxWaitingBytes = defaultWaitingBytes, ...options }: WriteBehindOptions) {
    this.#options = { maxWaitingBytes, ...options };
  }

  /** What waits for the store. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Never rejects. Resolves with whether it is there once that is known: in a store that hangs, when it is removed or all is let go. */
  put(name: string, bytes: Pieces): Promise<boolean> {
    return this.#enqueue(name, bytes.byteLength, () => this.#options.store.put(name, bytes));
  }

  /** Like `put()`, to the end of what is there. */
  append(name: string, text: string): Promise<boolean> {
    return this.#enqueue(name, Buffer.byteLength(text), () => this.#options.store.append(name, text));
  }

  remove(name: string): void {
    const isWaiting = ({ name: its }: Step, index: number): boolean => its === name && (index > 0 || !this.#working);
    for (let index = this.#waiting.findIndex(isWaiting); index >= 0; index = this.#waiting.findIndex(isWaiting)) {
      this.#fail(tooSlow(this.#waitingBytes));
      const [step] = this.#waiting.splice(index, 1);
      this.#waitingBytes -= step?.bytes ?? 0;
      step?.settle(false);
    }
    if (this.#written.delete(name)) void this.#enqueue('', 0, () => this.#options.store.remove(name));
  }

  /** Nothing more is written. Resolves when nothing is being written; in a store that hangs, never. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { settle } of this.#waiting.splice(0)) settle(false);
    this.#waitingBytes = 0;
    await this.#work;
  }

  /** All that waits is written, unless the store fails. */
  async flush(): Promise<void> {
    await this.#work;
  }

  #enqueue(name: string, bytes: number, run: () => Promise<void>): Promise<boolean> {
    const { maxWaitingBytes } = this.#options;
    if (this.#closed) return Promise.resolve(false);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes) {
      this.#fail(tooSlow(this.#waitingBytes));
      return Promise.resolve(false);
    }
    return new Promise((settle) => {
      this.#waiting.push({ name, bytes, run, settle });
      this.#waitingBytes += bytes;
      if (!this.#working) this.#work = this.#workOff();
    });
  }

  async #workOff(): Promise<void> {
    this.#working = true;
    for (let [step] = this.#waiting; step; [step] = this.#waiting) {
      if (step.name !== '') this.#written.add(step.name);
      const done = await this.#try(step);
      step.settle(done && !this.#closed);
      if (this.#waiting[0] !== step) continue; // all that waited was let go
      this.#waiting.shift();
      this.#waitingBytes -= step.bytes;
    }
    this.#working = false;
  }

  async #try({ run }: Step): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #fail(error: Error): void {
    if (!this.#closed) this.#options.onFailure(error);
  }
}

function tooSlow(bytes: number): Error {
  return new Error(`the store does not keep up: ${bytes} bytes wait to be written`);
}
