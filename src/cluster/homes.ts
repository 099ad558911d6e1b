/** A node that is asked for again within this time is remembered: playlists are asked for many times a second. */
const freshMs = 1000;
/** Of streams, whose places are remembered. */
const mostRemembered = 10_000;

interface Remembered {
  readonly node: string;
  readonly atMs: number;
}

/**
 * At which other node a stream is watched. Redis is asked once a second for each stream that somebody watches here; while it is away,
 * what it last said counts.
 */
export class Homes {
  readonly #ask: (stream: string) => Promise<string | undefined>;
  readonly #remembered = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<string | undefined>>();

  /** @param ask rejects when nobody can tell */
  constructor(ask: (stream: string) => Promise<string | undefined>) {
    this.#ask = ask;
  }

  /** The URL of the other node; undefined when there is none. */
  async of(stream: string): Promise<string | undefined> {
    const known = this.#remembered.get(stream);
    if (known && performance.now() - known.atMs < freshMs) return known.node;
    let asking = this.#asking.get(stream);
    if (!asking) {
      asking = this.#look(stream, known).finally(() => this.#asking.delete(stream));
      this.#asking.set(stream, asking);
    }
    return asking;
  }

  /** That node could not be reached: it may have died, and another one have the stream. */
  forget(stream: string): void {
    this.#remembered.delete(stream);
  }

  async #look(stream: string, known: Remembered | undefined): Promise<string | undefined> {
    try {
      const node = await this.#ask(stream);
      this.#remembered.delete(stream);
      if (node !== undefined) this.#remember(stream, node);
      return node;
    } catch {
      return known?.node;
    }
  }

  #remember(stream: string, node: string): void {
    this.#remembered.set(stream, { node, atMs: performance.now() });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest);
  }
}
