/** Something done to the SourceBuffer between two appends; may itself start an update (`remove`). */
type Step = (buffer: SourceBuffer) => void;

const maxCoalescedBytes = 4 * 1024 * 1024;

interface AppendQueueOptions {
  readonly buffer: SourceBuffer;
  readonly onError: (why: string) => void;
  /** Frees media and says whether it could. */
  readonly onFull: () => boolean;
  readonly onSettled: () => void;
}

/**
 * Feeds one SourceBuffer, which takes one thing at a time: keeps the order, joins what piled up meanwhile.
 * `onFull` must free media (the browser's quota is used up); the append is then tried again.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #buffer: SourceBuffer;
  readonly #abort = new AbortController();
  #work: (Uint8Array | Step)[] = [];

  constructor(options: AppendQueueOptions) {
    const { signal } = this.#abort;
    this.#options = options;
    this.#buffer = options.buffer;
    this.#buffer.addEventListener('updateend', () => {
      options.onSettled();
      this.#next();
    }, { signal });
    this.#buffer.addEventListener('error', () => options.onError('the browser could not read the media'), { signal });
  }

  append(bytes: Uint8Array): void {
    this.#work.push(bytes);
    this.#next();
  }

  run(step: Step): void {
    this.#work.push(step);
    this.#next();
  }

  close(): void {
    this.#abort.abort();
    this.#work = [];
  }

  #next(): void {
    while (!this.#buffer.updating) {
      const work = this.#work.shift();
      if (work === undefined) return;
      try {
        if (typeof work === 'function') work(this.#buffer);
        else this.#appendWith(work);
      } catch (error) {
        if (error instanceof DOMException && error.name === 'QuotaExceededError' && this.#options.onFull()) continue;
        this.#options.onError(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }

  #appendWith(first: Uint8Array): void {
    const bytes = this.#coalesce(first);
    try {
      this.#buffer.appendBuffer(bytes as BufferSource);
    } catch (error) {
      this.#work.unshift(bytes);
      throw error;
    }
  }

  #coalesce(first: Uint8Array): Uint8Array {
    const parts = [first];
    let length = first.byteLength;
    for (let next = this.#work[0]; next instanceof Uint8Array && length + next.byteLength <= maxCoalescedBytes; next = this.#work[0]) {
      parts.push(next);
      length += next.byteLength;
      this.#work.shift();
    }
    if (parts.length === 1) return first;
    const joined = new Uint8Array(length);
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.byteLength;
    }
    return joined;
  }
}
