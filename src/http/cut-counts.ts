/**
 * Why the server ended a connection that its client had not ended, or refused one:
 * `connections` one too many, `unanswered-requests` too many asked ahead, `slow-head` and `slow-body` not there in time,
 * `not-reading` nobody took what was sent, `silent-socket` a WebSocket without a sign of life.
 */
export type CutReason = 'connections' | 'unanswered-requests' | 'slow-head' | 'slow-body' | 'not-reading' | 'silent-socket';

/** How many connections were ended for which reason. */
export class CutCounts {
  readonly #counts = new Map<CutReason, number>();

  count(reason: CutReason): void {
    this.#counts.set(reason, this.of(reason) + 1);
  }

  of(reason: CutReason): number {
    return this.#counts.get(reason) ?? 0;
  }
}
