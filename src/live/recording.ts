import type { SourceHeader } from '../source/source-events.js';

/**
 * One container header and the bytes that follow it, until the next header or the end. Bytes are handed over one by
 * one: a write waits until the reader took it, which is how a slow ffmpeg slows the publisher's socket.
 */
export class Recording {
  /** Wall clock, ms since the epoch, when its first byte came. */
  readonly startedAtMs: number;
  /** Tracks and container; it never comes when the recording ends inside its header. */
  readonly header: Promise<SourceHeader | undefined>;
  #resolveHeader!: (header: SourceHeader | undefined) => void;
  readonly #queue: { readonly bytes: Uint8Array; readonly taken: () => void }[] = [];
  #wakeReader: (() => void) | undefined;
  #ended = false;

  constructor({ startedAtMs }: { startedAtMs: number }) {
    this.startedAtMs = startedAtMs;
    this.header = new Promise((resolve) => (this.#resolveHeader = resolve));
  }

  announceHeader(header: SourceHeader): void {
    this.#resolveHeader(header);
  }

  /** Resolves when the reader took the bytes, or gave up. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended || bytes.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#queue.push({ bytes, taken: resolve });
      this.#wake();
    });
  }

  /** No more bytes: the reader gets what is queued, then the end. */
  end(): void {
    this.#ended = true;
    this.#resolveHeader(undefined);
    this.#wake();
  }

  /** The bytes in order, for one reader; leaving the loop releases every waiting writer. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
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

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }
}
