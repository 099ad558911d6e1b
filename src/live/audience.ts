/** How long after its last playlist request a client counts as watching: more than any player waits between two. */
const watchingMs = 15_000;
/** Clients may call themselves anything: beyond this many, those that came first are forgotten. */
const maxClients = 100_000;

/** Counts clients that have no connection of their own: players that fetch playlists. */
export class Audience {
  readonly #now: () => number;
  readonly #lastSeenMs = new Map<string, number>();
  #sweptMs: number;

  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now;
    this.#sweptMs = now();
  }

  /** @param client whatever tells one client from another */
  saw(client: string): void {
    const nowMs = this.#now();
    // Set in place: an entry taken out and put back, request after request, would have the map's table copied all the time.
    this.#lastSeenMs.set(client, nowMs);
    if (nowMs - this.#sweptMs > watchingMs) this.#forgetGone(nowMs);
    if (this.#lastSeenMs.size > maxClients) this.#lastSeenMs.delete(this.#lastSeenMs.keys().next().value!);
  }

  get count(): number {
    this.#forgetGone(this.#now());
    return this.#lastSeenMs.size;
  }

  #forgetGone(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [client, lastSeenMs] of this.#lastSeenMs) if (nowMs - lastSeenMs > watchingMs) this.#lastSeenMs.delete(client);
  }
}
