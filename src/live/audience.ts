/** How long after its last playlist request a client counts as watching: more than any player waits between two. */
const watchingMs = 15_000;
/** Clients may call themselves anything: beyond this many, the stalest are forgotten. */
const maxClients = 100_000;

/** Counts clients that have no connection of their own: players that fetch playlists. */
export class Audience {
  /** Monotonic, in ms. */
  readonly #now: () => number;
  readonly #lastSeenMs = new Map<string, number>();

  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now;
  }

  /** @param client whatever tells one client from another */
  saw(client: string): void {
    // Re-inserted, so that the map stays in the order of last requests and its head is the stalest.
    this.#lastSeenMs.delete(client);
    this.#lastSeenMs.set(client, this.#now());
    this.#forgetGone();
    const [stalest] = this.#lastSeenMs.keys();
    if (this.#lastSeenMs.size > maxClients && stalest !== undefined) this.#lastSeenMs.delete(stalest);
  }

  get count(): number {
    this.#forgetGone();
    return this.#lastSeenMs.size;
  }

  #forgetGone(): void {
    const oldest = this.#now() - watchingMs;
    for (const [client, lastSeenMs] of this.#lastSeenMs) {
      if (lastSeenMs >= oldest) return;
      this.#lastSeenMs.delete(client);
    }
  }
}
