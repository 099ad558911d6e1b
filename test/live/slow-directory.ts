import type { LeftBroadcast } from '../../src/live/broadcast-progress.js';
import type { Directory, Lease, Listed } from '../../src/live/directory.js';
import { MemoryDirectory } from '../../src/live/memory-directory.js';
import type { Watchable } from '../../src/live/watchable.js';

/** A directory that answers when the test tells it to, as one on another machine may. */
export class SlowDirectory implements Directory {
  readonly names: Directory;
  readonly #questions: (() => void)[] = [];
  #asked: (() => void)[] = [];

  constructor(names: Directory = new MemoryDirectory()) {
    this.names = names;
  }

  async claim(stream: string): Promise<Lease> {
    await this.#turn();
    return this.names.claim(stream);
  }

  async progressOf(stream: string): Promise<LeftBroadcast | undefined> {
    return this.names.progressOf(stream);
  }

  async locate(stream: string, broadcast?: string): Promise<Watchable | undefined> {
    await this.#turn();
    return this.names.locate(stream, broadcast);
  }

  async list(): Promise<Listed[]> {
    await this.#turn();
    return this.names.list();
  }

  /** Resolves when it is asked the next question, with what answers it. */
  async asked(): Promise<() => void> {
    while (this.#questions.length === 0) await new Promise<void>((resolve) => this.#asked.push(resolve));
    return this.#questions.shift()!;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#questions.push(resolve);
      for (const tell of this.#asked.splice(0)) tell();
    });
  }
}
