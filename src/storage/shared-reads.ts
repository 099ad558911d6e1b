import type { ReadBytes } from './read-memory.js';

interface Reading {
  readonly bytes: Promise<ReadBytes>;
  users: number;
}

/** What several ask for at the same moment is read once, and all have the same bytes. Nothing is held beyond that. */
export class SharedReads {
  readonly #reading = new Map<string, Reading>();

  /** @param key the same for the same bytes. Who joins later shares the patience of who asked first, and what that ends with. */
  async read(key: string, read: () => Promise<ReadBytes>): Promise<ReadBytes> {
    const shared = this.#reading.get(key) ?? this.#begin(key, read);
    shared.users += 1;
    const { bytes, letGo } = await shared.bytes;
    let has = true;
    const leave = (): void => {
      if (has && --shared.users === 0) letGo();
      has = false;
    };
    return { bytes, letGo: leave };
  }

  #begin(key: string, read: () => Promise<ReadBytes>): Reading {
    const reading: Reading = { bytes: read().finally(() => this.#reading.delete(key)), users: 0 };
    this.#reading.set(key, reading);
    return reading;
  }
}
