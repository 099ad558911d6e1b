import type { FastifyBaseLogger } from 'fastify';

export interface RefusalLogOptions {
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** What is connected when a line is written, and how much may be. */
  readonly state: () => { readonly connections: number; readonly maxConnections: number };
  /** Between two lines at least, whatever comes. */
  readonly everyMs?: number | undefined;
}

/** Tells the operator of connections that there is no room for: of the first at once, of those after it in one line a minute. */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  #refused = 0;
  #cut = 0;
  #pause: NodeJS.Timeout | undefined;

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  /** @param fate whether it is told why there is no room, or not even that */
  count(fate: 'refused' | 'cut'): void {
    if (fate === 'refused') this.#refused += 1;
    else this.#cut += 1;
    if (!this.#pause) this.#write();
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #write(): void {
    const { log, state, everyMs = 60_000 } = this.#options;
    log.warn({ refused: this.#refused, cut: this.#cut, ...state() }, 'connections were turned away: MAX_CONNECTIONS or MAX_CONNECTIONS_PER_ADDRESS is reached');
    this.#refused = this.#cut = 0;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#refused + this.#cut > 0) this.#write();
    }, everyMs).unref();
  }
}
