/** How long after its last playlist request a client counts as watching: more than any player waits between two. */
const watchingMs = 15_000;
/** Clients may call themselves anything: beyond this many, the stalest are forgotten. */
const maxClients = 100_000;

export interface AudienceOptions {
  /** Monotonic, in ms. */
  readonly now?: () => number;
  /** A client that watched another rendition watches this one now. */
  readonly onChange?: (rendition: string) => void;
}

interface Client {
  lastSeenMs: number;
  /** The one it watches; undefined while it has only been seen. */
  rendition: string | undefined;
  /** Another one that it asked for once: some players read the playlists of all before they choose. */
  next: string | undefined;
}

/** Counts clients that have no connection of their own: players that fetch playlists. */
export class Audience {
  readonly #now: () => number;
  readonly #onChange: (rendition: string) => void;
  readonly #clients = new Map<string, Client>();
  /** Kept up to date: it is asked for more often than clients come and go. */
  readonly #countByRendition = new Map<string, number>();

  constructor({ now = () => performance.now(), onChange = () => undefined }: AudienceOptions = {}) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** @param client whatever tells one client from another */
  saw(client: string): void {
    const known = this.#clients.get(client) ?? { lastSeenMs: 0, rendition: undefined, next: undefined };
    known.lastSeenMs = this.#now();
    // Re-inserted, so that the map stays in the order of last requests and its head is the stalest.
    this.#clients.delete(client);
    this.#clients.set(client, known);
    this.#forgetGone();
    const [stalest] = this.#clients.keys();
    if (this.#clients.size > maxClients && stalest !== undefined) this.#forget(stalest);
  }

  /**
   * Which rendition's playlist a client that was seen asked for. Asked for twice in a row, it is the one that it watches.
   * @param rendition one that there is: they are counted by it
   */
  asked(client: string, rendition: string): void {
    const known = this.#clients.get(client);
    if (!known) return;
    const isWatched = known.rendition === undefined || known.next === rendition;
    known.next = rendition === known.rendition ? undefined : rendition;
    if (!isWatched || rendition === known.rendition) return;
    const isChange = known.rendition !== undefined;
    this.#count(known.rendition, -1);
    this.#count((known.rendition = rendition), 1);
    known.next = undefined;
    if (isChange) this.#onChange(rendition);
  }

  get count(): number {
    this.#forgetGone();
    return this.#clients.size;
  }

  /** How many watch each rendition that somebody watches. */
  get countByRendition(): ReadonlyMap<string, number> {
    this.#forgetGone();
    return this.#countByRendition;
  }

  #forgetGone(): void {
    const oldest = this.#now() - watchingMs;
    for (const [client, { lastSeenMs }] of this.#clients) {
      if (lastSeenMs >= oldest) return;
      this.#forget(client);
    }
  }

  #forget(client: string): void {
    this.#count(this.#clients.get(client)?.rendition, -1);
    this.#clients.delete(client);
  }

  #count(rendition: string | undefined, change: 1 | -1): void {
    if (rendition === undefined) return;
    const count = (this.#countByRendition.get(rendition) ?? 0) + change;
    if (count > 0) this.#countByRendition.set(rendition, count);
    else this.#countByRendition.delete(rendition);
  }
}
