import type { IngestSession } from './ingest-session.js';
import type { RunningBroadcast } from './taking-over.js';
import { TwoSocketIngest, type IngestEntry, type IngestPart } from './two-socket-ingest.js';

/** Whom a broadcast began for, where a key stands for the resume token. */
export interface Owner {
  readonly keyId: string;
  /** See `Publisher`. */
  readonly seemsGoneAfterMs: number;
}

/** What the entrance needs of the session behind it. */
type EntrancedSession = IngestEntry & Pick<IngestSession, 'ended' | 'waiting' | 'abandoned' | 'silentMs' | 'acceptsToken'>;

/** Where a publisher's connections come into a broadcast, alone or in pairs; and what the rule of taking over asks of it. */
export class IngestEntrance implements RunningBroadcast {
  readonly ownerKeyId: string | undefined;
  readonly seemsGoneAfterMs: number;
  readonly #session: EntrancedSession;
  #pair: TwoSocketIngest | undefined;

  constructor({ session, owner }: { session: EntrancedSession; owner: Owner | undefined }) {
    this.#session = session;
    this.ownerKeyId = owner?.keyId;
    this.seemsGoneAfterMs = owner?.seemsGoneAfterMs ?? Infinity;
  }

  /** Where a socket of this part connects, or one that brings all. Once one of a pair came, the other may follow. */
  entry(part: IngestPart | undefined): IngestEntry {
    if (part === undefined) return this.#session;
    this.#pair ??= new TwoSocketIngest(this.#session);
    return this.#pair.entry(part);
  }

  get isPair(): boolean {
    return this.#pair !== undefined;
  }

  get ended(): boolean {
    return this.#session.ended;
  }

  get waiting(): boolean {
    return this.#session.waiting;
  }

  get abandoned(): boolean {
    return this.#session.abandoned;
  }

  get silentMs(): number {
    return this.#session.silentMs;
  }

  acceptsToken(token: string): boolean {
    return this.#session.acceptsToken(token);
  }
}
