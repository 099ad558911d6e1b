import { FairShare } from './fair-share.js';

/**
 * Works off in their order what one publisher sends, at once where that takes no time, and piece by piece where it takes longer: neither
 * a long message of tiny frames nor very many messages keep the server from everybody else.
 */
export class InTurns {
  readonly #share: FairShare;
  /** What has begun or waits, and is not done. */
  #underway = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param now monotonic, in ms */
  constructor(now?: () => number) {
    this.#share = new FairShare(now);
  }

  /** Runs at once, or after all that came before. */
  after(act: () => unknown): void {
    if (this.#underway === 0) act();
    else void this.#enqueue(async () => void act());
  }

  /**
   * Resolves when what became of each piece has resolved.
   * @param goesOn asked before each piece but the first
   */
  async work<Piece>(pieces: Iterable<Piece>, write: (piece: Piece) => Promise<void>, goesOn: () => boolean): Promise<void> {
    const writes: Promise<void>[] = [];
    const read = async (): Promise<void> => {
      this.#underway++;
      for (const piece of pieces) {
        if (this.#share.isSpent) await this.#share.rest();
        if (writes.length > 0 && !goesOn()) break;
        writes.push(this.#share.spend(() => write(piece)));
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
