import { setImmediate as nextTurn } from 'node:timers/promises';

/** So long somebody's bytes may be worked on before everybody else has a turn: of ordinary media it is megabytes. */
const shareMs = 2;

/** So much of a message is worked off at a time: the worst that it can hold takes some milliseconds. */
const pieceBytes = 16_384;

/** Counts how long the work for one client took since everybody else had a turn of the event loop, over as many messages as there are. */
export class FairShare {
  readonly #now: () => number;
  #spentMs = 0;
  /** When its last piece of work was done. */
  #workedAtMs = -Infinity;

  /** @param now monotonic, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Does a piece of work at once. */
  spend<Result>(work: () => Result): Result {
    const startedAtMs = this.#now();
    const spentMs = this.#spentAt(startedAtMs);
    try {
      return work();
    } finally {
      this.#workedAtMs = this.#now();
      this.#spentMs = spentMs + this.#workedAtMs - startedAtMs;
    }
  }

  /** Whether it is somebody else's turn: `rest()` before the next piece. */
  get isSpent(): boolean {
    return this.#spentMs >= shareMs && this.#spentAt(this.#now()) >= shareMs;
  }

  /** Resolves when everybody else had a turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#spentMs = 0;
  }

  /** Who was away for as long kept nobody waiting: a live source would rest in the middle of every other message. */
  #spentAt(nowMs: number): number {
    return nowMs - this.#workedAtMs > shareMs ? 0 : this.#spentMs;
  }
}

/** A message as pieces, each a view; one of nothing is one piece. */
export function* piecesOf<Bytes extends Uint8Array>(message: Bytes): Generator<Bytes, void, undefined> {
  for (let at = 0; at === 0 || at < message.length; at += pieceBytes) yield message.subarray(at, at + pieceBytes) as Bytes;
}
