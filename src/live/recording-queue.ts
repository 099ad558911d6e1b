import { Signal } from './signal.js';
import type { Recording } from './recording.js';

/** More begin faster than they can be played: their writer waits. */
const maxWaiting = 16;

/** Recordings that wait for their turn; so few that beginning another one again and again fills no memory. */
export class RecordingQueue {
  readonly #waiting: Recording[] = [];
  readonly #news = new Signal();
  #ended = false;
  #closed = false;

  push(recording: Recording): void {
    if (this.#closed) return recording.close();
    this.#waiting.push(recording);
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
    for (const recording of this.#waiting.splice(0)) recording.close();
  }

  /** The next one as soon as it is there; undefined after the last. */
  async next(): Promise<Recording | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) await this.#news.next();
    const next = this.#waiting.shift();
    this.#news.wake();
    return next;
  }

  /** Resolves when another one may begin. */
  async room(): Promise<void> {
    while (this.#waiting.length > maxWaiting && !this.#ended) await this.#news.next();
  }
}
