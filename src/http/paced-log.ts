import type { FastifyBaseLogger } from 'fastify';

export interface PacedLogOptions {
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  /** Between two lines of a kind at least, whatever comes. */
  readonly everyMs?: number | undefined;
}

interface Kind {
  /** Since the last line. */
  more: number;
  last: () => void;
  pause: NodeJS.Timeout;
}

/** For lines that strangers can bring about: of each kind the first at once, of those after it one a minute, the latest, with their number. */
export class PacedLog {
  readonly #log: PacedLogOptions['log'];
  readonly #everyMs: number;
  readonly #kinds = new Map<string, Kind>();

  constructor({ log, everyMs = 60_000 }: PacedLogOptions) {
    this.#log = log;
    this.#everyMs = everyMs;
  }

  /** @param kind one of a few; its words are the line's where `message` is not given */
  write(level: 'info' | 'warn' | 'error', kind: string, facts: object, message = kind): void {
    const known = this.#kinds.get(kind);
    if (!known) {
      this.#log[level](facts, message);
      return this.#pause(kind);
    }
    known.more += 1;
    known.last = () => this.#log[level]({ ...facts, times: known.more }, message);
  }

  close(): void {
    for (const { pause } of this.#kinds.values()) clearTimeout(pause);
    this.#kinds.clear();
  }

  #pause(kind: string): void {
    const over = (): void => {
      const { more, last } = this.#kinds.get(kind)!;
      this.#kinds.delete(kind);
      if (more === 0) return;
      last();
      this.#pause(kind);
    };
    this.#kinds.set(kind, { more: 0, last: () => undefined, pause: setTimeout(over, this.#everyMs).unref() });
  }
}
