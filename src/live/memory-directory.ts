import type { Directory, Lease } from './directory.js';
import { alreadyLive } from './taking-over.js';
import type { Watchable } from './watchable.js';

/** The names of one process. */
export class MemoryDirectory implements Directory {
  /** The epoch of the lease that holds a name. */
  readonly #held = new Map<string, number>();
  /** The broadcast that a name stands for. */
  readonly #current = new Map<string, Watchable>();
  /** All that can be watched, by broadcast id. */
  readonly #broadcasts = new Map<string, Watchable>();
  #lastEpoch = 0;

  async claim(stream: string): Promise<Lease> {
    if (this.#held.has(stream)) throw alreadyLive(stream);
    const epoch = ++this.#lastEpoch;
    this.#held.set(stream, epoch);
    let shown: Watchable | undefined;
    return {
      epoch,
      show: (broadcast) => {
        shown = broadcast;
        this.#current.set(stream, broadcast);
        this.#broadcasts.set(broadcast.id, broadcast);
      },
      note: () => undefined, // what is of one process dies with it
      release: async () => this.#release(stream, epoch),
      handOver: async () => this.#release(stream, epoch), // of one process there is nobody to go on
      withdraw: () => {
        if (shown) this.#withdraw(shown);
      },
    };
  }

  async progressOf(): Promise<undefined> {
    return undefined;
  }

  async locate(stream: string, broadcast?: string): Promise<Watchable | undefined> {
    if (broadcast === undefined) return this.#current.get(stream);
    const found = this.#broadcasts.get(broadcast);
    return found?.stream === stream ? found : undefined;
  }

  async list(): Promise<Watchable[]> {
    return [...this.#current.values()].filter(({ state }) => state !== 'ended');
  }

  #release(stream: string, epoch: number): void {
    if (this.#held.get(stream) === epoch) this.#held.delete(stream);
  }

  #withdraw(broadcast: Watchable): void {
    if (this.#broadcasts.get(broadcast.id) === broadcast) this.#broadcasts.delete(broadcast.id);
    if (this.#current.get(broadcast.stream) === broadcast) this.#current.delete(broadcast.stream);
  }
}
