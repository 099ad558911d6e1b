/** Bytes that were read, in memory that is used again once all who have them let go. Whoever never does leaves them to the garbage collector. */
export interface ReadBytes {
  readonly bytes: Buffer;
  /** They are not looked at any more. Idempotent. */
  readonly letGo: () => void;
}

/** Pieces of memory have sizes that are powers of two, from this one. */
const smallest = 65_536;
/** So much lies ready for the next read. */
const mostFree = 33_554_432;
/**
 * Memory of this size begins 16 bytes into a page. What is copied there from the page cache takes some processors (AMD, with
 * `rep movsb`) four times as long as a few bytes further on.
 */
const startsAt = 48;

/**
 * Memory for segments that are read from a disk. With new memory for each, most of what a read costs is not the reading: the kernel clears its pages, and as
 * it is outside of the heap, it has all of the heap collected every few seconds.
 */
export class ReadMemory {
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** What lies ready. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** @param read fills the bytes. Where it fails, or nobody waits for it any more, they are not used again: it may go on for all that is known. */
  async fill(byteLength: number, read: (bytes: Buffer) => Promise<void>): Promise<ReadBytes> {
    const size = sizeFor(byteLength);
    const memory = this.#take(size);
    const bytes = memory.subarray(startsAt, startsAt + byteLength);
    await read(bytes);
    let has = true;
    const letGo = (): void => {
      if (has) this.#giveBack(size, memory);
      has = false;
    };
    return { bytes, letGo };
  }

  #take(size: number): Buffer {
    const free = this.#free.get(size)?.pop();
    if (free) this.#freeBytes -= size;
    return free ?? Buffer.allocUnsafeSlow(size + startsAt);
  }

  #giveBack(size: number, memory: Buffer): void {
    if (this.#freeBytes + size > mostFree) return;
    this.#freeBytes += size;
    const free = this.#free.get(size);
    if (free) free.push(memory);
    else this.#free.set(size, [memory]);
  }
}

function sizeFor(byteLength: number): number {
  return Math.max(smallest, 2 ** Math.ceil(Math.log2(Math.max(1, byteLength))));
}
