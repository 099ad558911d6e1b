import type { FastifyRequest } from 'fastify';
import type { Access } from '../access/access.js';
import type { AddressBudget } from '../access/address-budget.js';
import { LimitError } from '../access/limit-error.js';
import { LiveError } from '../live/errors.js';
import { isAllowedOrigin } from './origin.js';
import type { AllowedOrigins } from './origin.js';

export interface PublishGateOptions {
  readonly access: Access;
  /** What an address may guess wrong. */
  readonly wrongKeys: AddressBudget;
  /** Pages that may publish; the server's own always may. */
  readonly origins: AllowedOrigins;
  readonly publicUrl: string | undefined;
}

/** Lets pass who carries a key, as `Authorization: Bearer` or `?key=`. Everything else is refused in words. */
export class PublishGate {
  readonly #options: PublishGateOptions;

  constructor(options: PublishGateOptions) {
    this.#options = options;
  }

  /** @throws {LiveError} unauthorized | unavailable after too many wrong keys */
  requireServerKey(request: FastifyRequest): void {
    this.#requireMatch(keysIn(request), request.ip, (candidate) => (this.#options.access.serverKey.matches(candidate) ? 'server' : undefined));
  }

  /**
   * The server's key, or one of this stream's: answers `server` or that key's id.
   * @throws {LiveError} unauthorized | unavailable after too many wrong keys
   */
  requireKey(request: FastifyRequest, stream: string): string {
    return this.requireKeyAmong(keysIn(request), request.ip, stream);
  }

  /**
   * As `requireKey`, for keys that came some other way.
   * @throws {LiveError} unauthorized | unavailable after too many wrong keys from that address
   */
  requireKeyAmong(candidates: readonly string[], address: string, stream: string): string {
    const { serverKey, streamKeys } = this.#options.access;
    return this.#requireMatch(candidates, address, (candidate) => (serverKey.matches(candidate) ? 'server' : streamKeys.match(stream, candidate)));
  }

  /** Whether a request tries to prove anything. */
  carriesKey(request: FastifyRequest): boolean {
    return keysIn(request).length > 0;
  }

  /**
   * All that is asked of a publisher: the page it runs on, the key, and the operator's own service. Answers as `requireKey`.
   * @throws {LiveError} unauthorized | unavailable
   */
  async requirePublisher(request: FastifyRequest, stream: string): Promise<string> {
    const { access, origins, publicUrl } = this.#options;
    const { origin } = request.headers;
    if (!isAllowedOrigin(request, origins, publicUrl)) throw new LiveError('unauthorized', `pages of ${String(origin).slice(0, 100)} may not publish here`);
    const key = this.requireKey(request, stream);
    const userAgent = request.headers['user-agent'];
    await access.publishCheck?.require({ action: 'publish', stream, address: request.ip, ...(userAgent !== undefined && { userAgent }), key, query: ownQuery(request.query) });
    return key;
  }

  #requireMatch(candidates: readonly string[], address: string, match: (candidate: string) => string | undefined): string {
    if (candidates.length === 0) throw new LiveError('unauthorized', 'expected the publish key as "Authorization: Bearer" or "?key=", got none');
    // Before the comparison: an address that guesses does not learn when it is right.
    const waitSeconds = this.#options.wrongKeys.waitSeconds(address);
    if (waitSeconds > 0) throw new LimitError('too many wrong keys came from this address; wait a moment', waitSeconds);
    const found = candidates.map(match).find((key) => key !== undefined);
    if (found !== undefined) return found;
    this.#options.wrongKeys.spend(address);
    throw new LiveError('unauthorized', 'the publish key is wrong');
  }
}

function keysIn(request: FastifyRequest): string[] {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const { key } = request.query as { key?: unknown };
  return [bearer, key].filter((candidate) => typeof candidate === 'string');
}

/** What the publisher's page says beside what is said to Onair: its own credentials, perhaps. */
function ownQuery(query: unknown): Record<string, string> {
  const entries = Object.entries(query as Record<string, unknown>).filter(([name, value]) => !['key', 'resume', 'part', 'from'].includes(name) && typeof value === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}
