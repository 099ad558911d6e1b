import { LiveError } from '../protocol/live-error.js';
import type { Access } from './access.js';
import type { AddressBudget } from './address-budget.js';
import { LimitError } from './limit-error.js';

export interface PublishAdmissionOptions {
  readonly access: Access;
  /** What an address may guess wrong. */
  readonly wrongKeys: AddressBudget;
}

/** What somebody brings, by whatever protocol. */
export interface Credentials {
  readonly address: string;
  /** What may be meant as the key. */
  readonly keys: readonly string[];
  /** How a key is brought, in words. */
  readonly expected: string;
}

export interface PublisherCredentials extends Credentials {
  readonly userAgent: string | undefined;
  /** Credentials of the operator's own service. */
  readonly query: Readonly<Record<string, string>>;
}

/** Lets pass who brings a key. Everybody else is refused in words, and guessing gets slower and slower. */
export class PublishAdmission {
  readonly #access: Access;
  readonly #wrongKeys: AddressBudget;

  constructor({ access, wrongKeys }: PublishAdmissionOptions) {
    this.#access = access;
    this.#wrongKeys = wrongKeys;
  }

  /** @throws {LiveError} unauthorized | unavailable after too many wrong keys */
  requireServerKey(credentials: Credentials): void {
    this.#requireMatch(credentials, (candidate) => (this.#access.serverKey.matches(candidate) ? 'server' : undefined));
  }

  /**
   * The server's key, or one of this stream's: answers `server` or that key's id.
   * @throws {LiveError} unauthorized | unavailable after too many wrong keys
   */
  requireKey(credentials: Credentials, stream: string): string {
    const { serverKey, streamKeys } = this.#access;
    return this.#requireMatch(credentials, (candidate) => (serverKey.matches(candidate) ? 'server' : streamKeys.match(stream, candidate)));
  }

  /**
   * All that is asked of a publisher: the key, and the operator's own service. Answers as `requireKey`.
   * @throws {LiveError} unauthorized | unavailable
   */
  async requirePublisher({ userAgent, query, ...credentials }: PublisherCredentials, stream: string): Promise<string> {
    const key = this.requireKey(credentials, stream);
    const { address } = credentials;
    await this.#access.publishCheck?.require({ action: 'publish', stream, address, ...(userAgent !== undefined && { userAgent }), key, query });
    return key;
  }

  #requireMatch({ address, keys, expected }: Credentials, match: (candidate: string) => string | undefined): string {
    if (keys.length === 0) throw new LiveError('unauthorized', `expected the publish key as ${expected}, got none`);
    // Before the comparison: an address that guesses does not learn when it is right.
    const waitSeconds = this.#wrongKeys.waitSeconds(address);
    if (waitSeconds > 0) throw new LimitError('too many wrong keys came from this address; wait a moment', waitSeconds);
    const found = keys.map(match).find((key) => key !== undefined);
    if (found !== undefined) return found;
    this.#wrongKeys.spend(address);
    throw new LiveError('unauthorized', 'the publish key is wrong');
  }
}
