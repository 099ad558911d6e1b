import { setImmediate as nextTurn } from 'node:timers/promises';

/** So much of a message is worked off at a time … */
const turnBytes = 65_536;
/** … and only then is somebody else let in, when it took so long: of ordinary media megabytes take less. */
const turnMs = 2;

/**
 * Works messages off in their order, at once where that takes no time, and a long one of tiny frames piece by piece: it must not keep
 * the server from everybody else.
 */
export class InTurns {
  /** What has begun or waits, and is not done. */
  #underway = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Runs at once, or after all messages that came before. */
  after(act: () => unknown): void {
    if (this.#underway === 0) act();
    else void this.#enqueue(async () => void act());
  }

  /**
   * Resolves when what became of each piece has resolved.
   * @param goesOn asked before each piece but the first
   */
  async work(message: Uint8Array, write: (piece: Uint8Array) => Promise<void>, goesOn: () => boolean): Promise<void> {
    const writes: Promise<void>[] = [];
    const read = async (): Promise<void> => {
      this.#underway++;
      for (let at = 0; at === 0 || (at < message.length && goesOn()); at += turnBytes) {
        const startedAtMs = performance.now();
        writes.push(write(message.subarray(at, at + turnBytes)));
        const isLast = at + turnBytes >= message.length;
        if (!isLast && performance.now() - startedAtMs >= turnMs) await nextTurn();
      }
      this.#underway--;
    };
    if (this.#underway === 0) await (this.#last = read());
    else await this.#enqueue(read);
    for (const each of writes) await each;
  }

  #enqueue(act: () => Promise<void>): Promise<void> {
    this.#underway++;
    const done = this.#last.then(act).finally(() => this.#underway--);
    this.#last = done;
    return done;
  }
}
