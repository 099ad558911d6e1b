import type { FastifyRequest } from 'fastify';
import type { Credentials, PublishAdmission } from '../access/publish-admission.js';
import { LiveError } from '../protocol/live-error.js';
import { clientAddress } from './client-of.js';
import { isAllowedOrigin } from './origin.js';
import type { AllowedOrigins } from './origin.js';

export interface PublishGateOptions {
  readonly admission: PublishAdmission;
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
    this.#options.admission.requireServerKey(credentialsIn(request));
  }

  /**
   * The server's key, or one of this stream's: answers `server` or that key's id.
   * @throws {LiveError} unauthorized | unavailable after too many wrong keys
   */
  requireKey(request: FastifyRequest, stream: string): string {
    return this.#options.admission.requireKey(credentialsIn(request), stream);
  }

  /**
   * As `requireKey`, for keys that came some other way.
   * @throws {LiveError} unauthorized | unavailable after too many wrong keys from that address
   */
  requireKeyAmong(keys: readonly string[], address: string, stream: string): string {
    return this.#options.admission.requireKey({ keys, address, expected: keyForms }, stream);
  }

  /** Whether a request tries to prove anything. */
  carriesKey(request: FastifyRequest): boolean {
    return credentialsIn(request).keys.length > 0;
  }

  /**
   * All that is asked of a publisher: the page it runs on, the key, and the operator's own service. Answers as `requireKey`.
   * @throws {LiveError} unauthorized | unavailable
   */
  async requirePublisher(request: FastifyRequest, stream: string): Promise<string> {
    const { admission, origins, publicUrl } = this.#options;
    const { origin } = request.headers;
    if (!isAllowedOrigin(request, origins, publicUrl)) throw new LiveError('unauthorized', `pages of ${String(origin).slice(0, 100)} may not publish here`);
    return admission.requirePublisher({ ...credentialsIn(request), userAgent: request.headers['user-agent'], query: ownQuery(request.query) }, stream);
  }
}

/** How HTTP brings a key, in words. */
const keyForms = '"Authorization: Bearer" or "?key="';

function credentialsIn(request: FastifyRequest): Credentials {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const { key } = request.query as { key?: unknown };
  const keys = [bearer, key].filter((candidate) => typeof candidate === 'string');
  return { address: clientAddress(request), keys, expected: keyForms };
}

/** What the publisher's page says beside what is said to Onair: its own credentials, perhaps. */
function ownQuery(query: unknown): Record<string, string> {
  const entries = Object.entries(query as Record<string, unknown>).filter(([name, value]) => !['key', 'resume', 'part', 'from'].includes(name) && typeof value === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}
