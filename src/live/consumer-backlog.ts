import type { BacklogLimit } from './backlog-limit.js';

/** What can tell how much of what it was given is still on its way. */
export interface Backlogged {
  /** Bytes that were pushed but have not left the server. */
  readonly backlogBytes?: number;
  /** Calls `arrived` when the other end has got all that was pushed before; with it, earlier marks have arrived too. */
  readonly mark?: ((arrived: () => void) => void) | undefined;
}

export interface ConsumerBacklogOptions {
  readonly consumer: Backlogged;
  /** For bytes. */
  readonly limit: Pick<BacklogLimit, 'bytes'>;
  /** For what is on its way. */
  readonly maxMs: number;
  /** Of its memory. */
  readonly maxBytes: number;
}

interface Mark {
  readonly atMs: number;
}

/** Often enough to see a delay grow; each one costs as much as a burst. */
const markIntervalMs = 1000;

/**
 * What one consumer has before it. What the kernel and the network hold has not arrived either, but only the other end can tell that: by
 * marks that it answers. Who never answers one is judged by its bytes alone. All times are on one monotonic clock.
 */
export class ConsumerBacklog {
  readonly #options: ConsumerBacklogOptions;
  /** What was pushed before these has not all arrived; oldest first. */
  readonly #marks: Mark[] = [];
  #markedAtMs = -Infinity;
  /** Whether a mark ever arrived. */
  #answers = false;
  #catchesUpUntilMs = -Infinity;

  constructor(options: ConsumerBacklogOptions) {
    this.#options = options;
  }

  /** Until then it is given what it missed, at once or as that comes from its publisher: its memory alone bounds it. */
  catchUp(untilMs: number): void {
    this.#catchesUpUntilMs = untilMs;
  }

  isLate(nowMs: number): boolean {
    const { consumer, limit, maxMs, maxBytes } = this.#options;
    if (nowMs < this.#catchesUpUntilMs) return (consumer.backlogBytes ?? 0) > maxBytes;
    const [oldest] = this.#marks;
    const onTheWayMs = this.#answers && oldest ? nowMs - oldest.atMs : 0;
    // What is found by marks is found late by the time between two.
    return (consumer.backlogBytes ?? 0) > limit.bytes || onTheWayMs > maxMs - markIntervalMs;
  }

  /** Whether one that was late may go on: all of it has arrived, or little is left. */
  get hasCaughtUp(): boolean {
    const { consumer, limit } = this.#options;
    return (consumer.backlogBytes ?? 0) <= limit.bytes / 4 && !(this.#answers && this.#marks.length > 0);
  }

  /** Sets a mark when it is time for one. */
  keepMarking(nowMs: number): void {
    // Who has answered none so far is not asked again and again.
    const mayAsk = this.#answers || this.#marks.length === 0;
    if (mayAsk && nowMs - this.#markedAtMs >= markIntervalMs) this.mark(nowMs);
  }

  /** Behind all that was pushed so far. */
  mark(nowMs: number): void {
    const { consumer } = this.#options;
    if (!consumer.mark) return;
    const mark: Mark = { atMs: nowMs };
    this.#marks.push(mark);
    this.#markedAtMs = nowMs;
    consumer.mark(() => {
      this.#answers = true;
      this.#marks.splice(0, this.#marks.indexOf(mark) + 1);
    });
  }
}
