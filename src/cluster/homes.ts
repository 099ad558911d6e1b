import { setTimeout as delay } from 'node:timers/promises';
import type { Whereabouts } from './name-store.js';

/** A node that is asked for again within this time is remembered: playlists are asked for many times a second. */
const freshMs = 1000;
/** Of streams, whose places are remembered. */
const mostRemembered = 10_000;
/** Between two questions for a stream that is at no node just now. */
const pauseMs = 200;

interface Remembered {
  readonly found: Whereabouts;
  readonly atMs: number;
}

/** It may be anywhere, or nowhere. */
const unknown: Whereabouts = { node: undefined, mayGoOn: false, isOwned: false, isUnknown: true };

/**
 * At which other node a stream is watched. Redis is asked once a second for each stream that somebody watches here; while it is away,
 * what it last said counts, and of what it never said nothing is known.
 */
export class Homes {
  readonly #ask: (stream: string) => Promise<Whereabouts>;
  readonly #remembered = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<Whereabouts>>();
  readonly #pauses = new Map<string, Promise<void>>();

  /** @param ask rejects when nobody can tell */
  constructor(ask: (stream: string) => Promise<Whereabouts>) {
    this.#ask = ask;
  }

  async of(stream: string): Promise<Whereabouts> {
    const known = this.#remembered.get(stream);
    return known && performance.now() - known.atMs < freshMs ? known.found : this.now(stream);
  }

  /** As `of`, where what was so a moment ago is not good enough. */
  async now(stream: string): Promise<Whereabouts> {
    const known = this.#remembered.get(stream);
    let asking = this.#asking.get(stream);
    if (!asking) {
      asking = this.#look(stream, known).finally(() => this.#asking.delete(stream));
      this.#asking.set(stream, asking);
    }
    return asking;
  }

  /** As `of`, a moment later. However many wait for a stream, they ask once. */
  async later(stream: string): Promise<Whereabouts> {
    let pause = this.#pauses.get(stream);
    if (!pause) {
      pause = delay(pauseMs).finally(() => this.#pauses.delete(stream));
      this.#pauses.set(stream, pause);
    }
    await pause;
    return this.of(stream);
  }

  /** That node could not be reached: it may have died, and another one have the stream. */
  forget(stream: string): void {
    this.#remembered.delete(stream);
  }

  async #look(stream: string, known: Remembered | undefined): Promise<Whereabouts> {
    try {
      const found = await this.#ask(stream);
      this.#remembered.delete(stream);
      if (found.node !== undefined) this.#remember(stream, found);
      return found;
    } catch {
      return known?.found ?? unknown;
    }
  }

  #remember(stream: string, found: Whereabouts): void {
    this.#remembered.set(stream, { found, atMs: performance.now() });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest);
  }
}
