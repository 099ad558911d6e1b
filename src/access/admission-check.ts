import { LiveError } from '../live/errors.js';

/** Who wants what; sent to the operator's own service as JSON. Keys are never part of it. */
export interface AdmissionRequest {
  readonly action: 'publish' | 'view';
  readonly stream: string;
  readonly address: string;
  readonly userAgent?: string;
  /** `server`, or the id of the stream key. */
  readonly key?: string;
  /** The publisher's other query parameters: credentials of the service's own may travel there. */
  readonly query?: Readonly<Record<string, string>>;
  /** What stood after `~` in the path of a viewer's link. */
  readonly token?: string;
}

export interface AdmissionCheckOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** How long an answer counts for the same question; 0: every question is asked. */
  readonly cacheMs: number;
  readonly now?: () => number;
}

interface Kept {
  readonly verdict: Promise<LiveError | undefined>;
  untilMs: number;
}

const maxKept = 10_000;
const maxAnswerBytes = 4096;

/** Asks a service of the operator's whether somebody may publish or watch. No answer is a no. */
export class AdmissionCheck {
  readonly #options: AdmissionCheckOptions;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(options: AdmissionCheckOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @throws {LiveError} unauthorized when the service says no, unavailable when it says nothing */
  async require(request: AdmissionRequest): Promise<void> {
    const refusal = await (this.#options.cacheMs > 0 ? this.#ask(request) : this.#fetch(request));
    if (refusal) throw refusal;
  }

  /** A player asks several times a second: answers are kept for a moment, and one question at a time is on its way. */
  #ask(request: AdmissionRequest): Promise<LiveError | undefined> {
    const { action, stream, address, token } = request;
    const question = JSON.stringify([action, stream, address, token]);
    const known = this.#kept.get(question);
    if (known && known.untilMs > this.#now()) return known.verdict;
    const kept: Kept = { verdict: this.#fetch(request), untilMs: Infinity };
    this.#kept.delete(question);
    this.#kept.set(question, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
    void kept.verdict.then((refusal) => {
      // A service that is down is asked again with the next request.
      kept.untilMs = refusal?.code === 'unavailable' ? 0 : this.#now() + this.#options.cacheMs;
    });
    return kept.verdict;
  }

  /** Never rejects. */
  async #fetch(request: AdmissionRequest): Promise<LiveError | undefined> {
    try {
      const response = await fetch(this.#options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(request),
        // Elsewhere is somebody else: only the service that was named is asked.
        redirect: 'error',
        signal: AbortSignal.timeout(this.#options.timeoutMs),
      });
      const text = await beginningOf(response);
      if (response.ok) return undefined;
      if (response.status >= 500) return new LiveError('unavailable', 'whether this is allowed can\'t be found out now; try again in a moment');
      return new LiveError('unauthorized', messageIn(text) ?? `${request.action === 'publish' ? 'publishing' : 'watching'} "${request.stream}" is not allowed`);
    } catch (error) {
      return new LiveError('unavailable', 'whether this is allowed can\'t be found out now; try again in a moment', { cause: error });
    }
  }
}

/** An answer of any length costs no more than this. */
async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    byteLength += chunk.length;
    if (byteLength > maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxAnswerBytes);
}

function messageIn(text: string): string | undefined {
  try {
    const message = (JSON.parse(text) as { message?: unknown } | null)?.message;
    return typeof message === 'string' && message !== '' ? message.slice(0, 200) : undefined;
  } catch {
    return undefined;
  }
}
