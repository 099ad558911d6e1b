import type { ReadBytes } from './read-memory.js';

interface Reading {
  readonly bytes: Promise<ReadBytes>;
  users: number;
  /** Those of them who have not given up. */
  patient: number;
  readonly giveUp: AbortController;
}

/** What several ask for at the same moment is read once, and all have the same bytes. Nothing is held beyond that. */
export class SharedReads {
  readonly #reading = new Map<string, Reading>();

  /**
   * @param key the same for the same bytes
   * @param read with a signal that is aborted once all who wait for it have given up
   * @param signal gives up
   */
  async read(key: string, read: (signal: AbortSignal) => Promise<ReadBytes>, signal?: AbortSignal): Promise<ReadBytes> {
    const shared = this.#reading.get(key) ?? this.#begin(key, read);
    shared.users += 1;
    const forget = this.#waitFor(shared, signal);
    const { bytes, letGo } = await shared.bytes.finally(forget);
    let has = true;
    const leave = (): void => {
      if (has && --shared.users === 0) letGo();
      has = false;
    };
    return { bytes, letGo: leave };
  }

  #begin(key: string, read: (signal: AbortSignal) => Promise<ReadBytes>): Reading {
    const giveUp = new AbortController();
    const bytes = read(giveUp.signal).finally(() => this.#reading.delete(key));
    const reading: Reading = { bytes, users: 0, patient: 0, giveUp };
    this.#reading.set(key, reading);
    return reading;
  }

  /** @returns for when it is over */
  #waitFor(shared: Reading, signal: AbortSignal | undefined): () => void {
    const leave = (): void => {
      if (--shared.patient === 0) shared.giveUp.abort();
    };
    shared.patient += 1;
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    return () => signal?.removeEventListener('abort', leave);
  }
}
