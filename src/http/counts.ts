/** How often things happened, by name. */
export class Counts<Name extends string> {
  readonly #counts = new Map<Name, number>();

  count(name: Name): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  of(name: Name): number {
    return this.#counts.get(name) ?? 0;
  }
}

/**
 * Why the server refused a connection, or ended one that its client had not ended: `connections` one too many, `unanswered-requests` too
 * many asked ahead, `slow-head` and `slow-body` not there in time, `silent-socket` a WebSocket without a sign of life.
 */
export const cutReasons = ['connections', 'unanswered-requests', 'slow-head', 'slow-body', 'silent-socket'] as const;

export type CutReason = (typeof cutReasons)[number];

export type CutCounts = Counts<CutReason>;
