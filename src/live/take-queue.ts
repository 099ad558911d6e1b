import { Signal } from './signal.js';
import type { Take } from './take.js';

/** More begin faster than they can be played: their writer waits. */
const maxWaiting = 16;
/** What a recorder still gave of pictures that no longer fit it, before the next recording began: to begin with it costs more than it shows. */
const remnantSeconds = 0.25;

/** Takes that wait for their turn; so few that beginning another one again and again fills no memory. */
export class TakeQueue {
  readonly #waiting: Take[] = [];
  readonly #news = new Signal();
  #ended = false;
  #closed = false;

  push(take: Take): void {
    if (this.#closed) return take.close();
    this.#waiting.push(take);
    this.#news.wake();
  }

  /** Nothing follows what waits; every writer is let go. */
  end(): void {
    this.#ended = true;
    this.#news.wake();
  }

  /** None of those that wait will be played: their writers are let go as well. */
  close(): void {
    this.end();
    this.#closed = true;
    for (const take of this.#waiting.splice(0)) take.close();
  }

  /** The next one as soon as it is there; undefined after the last. A remnant of a recording that another one follows is left out. */
  async next(): Promise<Take | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) await this.#news.next();
    while (this.#beginsWithRemnant()) this.#waiting.shift()?.close();
    const next = this.#waiting.shift();
    this.#news.wake();
    return next;
  }

  /** Resolves when another one may begin. */
  async room(): Promise<void> {
    while (this.#waiting.length > maxWaiting && !this.#ended) await this.#news.next();
  }

  #beginsWithRemnant(): boolean {
    const [first, second] = this.#waiting;
    if (first === undefined || second === undefined || !first.isOver || first.sourceClock === second.sourceClock) return false;
    // No recorder gave these: whoever sends pictures one by one wants each of them to be seen.
    if (first.header.container === 'jpeg') return false;
    return (first.lastSeconds ?? 0) - (first.firstSeconds ?? 0) < remnantSeconds;
  }
}
