/** Something done to the SourceBuffer between two appends; may itself start an update (`remove`). */
type Step = (buffer: SourceBuffer) => void;

const maxCoalescedBytes = 4 * 1024 * 1024;

/**
 * Feeds one SourceBuffer, which takes one thing at a time: keeps the order, joins what piled up meanwhile.
 * `onFull` must free media (the browser's quota is used up); the append is then tried again.
 */
export class AppendQueue {
  readonly #buffer: SourceBuffer;
  readonly #onError: (why: string) => void;
  readonly #onFull: () => boolean;
  readonly #onSettled: () => void;
  #work: (Uint8Array | Step)[] = [];
  #closed = false;

  constructor(options: {
    buffer: SourceBuffer;
    onError: (why: string) => void;
    onFull: () => boolean;
    onSettled: () => void;
  }) {
    this.#buffer = options.buffer;
    this.#onError = options.onError;
    this.#onFull = options.onFull;
    this.#onSettled = options.onSettled;
    this.#buffer.addEventListener('updateend', this.#settled);
    this.#buffer.addEventListener('error', this.#failed);
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
    this.#closed = true;
    this.#work = [];
    this.#buffer.removeEventListener('updateend', this.#settled);
    this.#buffer.removeEventListener('error', this.#failed);
  }

  #settled = (): void => {
    this.#onSettled();
    this.#next();
  };

  #failed = (): void => this.#onError('the browser could not read the media');

  #next(): void {
    while (!this.#closed && !this.#buffer.updating) {
      const work = this.#work.shift();
      if (work === undefined) return;
      try {
        if (typeof work === 'function') work(this.#buffer);
        else this.#appendWith(work);
      } catch (error) {
        if (error instanceof DOMException && error.name === 'QuotaExceededError' && this.#onFull()) continue;
        this.#onError(error instanceof Error ? error.message : String(error));
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
    for (let next = this.#work[0]; next instanceof Uint8Array; next = this.#work[0]) {
      if (length + next.byteLength > maxCoalescedBytes) break;
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
