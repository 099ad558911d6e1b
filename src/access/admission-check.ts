import { createHash } from 'node:crypto';
import { LiveError } from '../protocol/live-error.js';
import { AddressBudget, addressGroup } from './address-budget.js';
import { LimitError } from './limit-error.js';

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

interface Refused {
  readonly refusal: LiveError;
  readonly untilMs: number;
}

/** A crowd that comes at once is asked about in a second or two; a service that hangs holds no more than these. */
const maxUnderWay = 256;
const maxUnderWayPerAddress = 32;
/** Links that were made up, of one address: beyond it the service is not asked about new ones. */
const refusalsPerMinute = 120;
/** Apart from each other, so that refusals of a stranger push out no answer that let somebody pass. */
const maxAllowed = 10_000;
const maxRefused = 1000;
const maxAnswerBytes = 4096;

/** Asks a service of the operator's whether somebody may publish or watch. No answer is a no. */
export class AdmissionCheck {
  readonly #options: AdmissionCheckOptions;
  readonly #now: () => number;
  readonly #underWay = new Map<string, Promise<LiveError | undefined>>();
  readonly #underWayByAddress = new Map<string, number>();
  #underWayInAll = 0;
  readonly #refusals: AddressBudget;
  /** Until when a yes counts, by question; one whose time is up still says that it was no stranger. */
  readonly #allowed = new Map<string, number>();
  readonly #refused = new Map<string, Refused>();

  constructor(options: AdmissionCheckOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#refusals = new AddressBudget({ perMinute: refusalsPerMinute, now: this.#now });
  }

  /** @throws {LiveError} unauthorized when the service says no; unavailable when it says nothing, or is asked too much */
  async require(request: AdmissionRequest): Promise<void> {
    const refusal = await (this.#options.cacheMs > 0 ? this.#recall(request) : this.#ask(request));
    if (refusal) throw refusal;
  }

  /** How many questions wait for the service. */
  get underWay(): number {
    return this.#underWayInAll;
  }

  /** A player asks several times a second: answers are kept for a moment, and the same question is on its way once. */
  #recall(request: AdmissionRequest): Promise<LiveError | undefined> | LiveError | undefined {
    const question = digest(request);
    const now = this.#now();
    const allowedUntilMs = this.#allowed.get(question);
    if (allowedUntilMs !== undefined && allowedUntilMs > now) return undefined;
    const refused = this.#refused.get(question);
    if (refused && refused.untilMs > now) return refused.refusal;
    const known = this.#underWay.get(question);
    if (known) return known;
    const verdict = this.#ask(request, { wasAllowed: allowedUntilMs !== undefined }).then((refusal) => {
      this.#underWay.delete(question);
      this.#keep(question, refusal);
      return refusal;
    });
    this.#underWay.set(question, verdict);
    return verdict;
  }

  #keep(question: string, refusal: LiveError | undefined): void {
    const untilMs = this.#now() + this.#options.cacheMs;
    // A service that is down, or busy, is asked again with the next request; so is an address that has to wait.
    if (refusal && refusal.code !== 'unauthorized') return;
    this.#allowed.delete(question);
    this.#refused.delete(question);
    if (refusal) keepNewest(this.#refused, question, { refusal, untilMs }, maxRefused);
    else keepNewest(this.#allowed, question, untilMs, maxAllowed);
  }

  /** Never rejects. */
  async #ask(request: AdmissionRequest, { wasAllowed = false } = {}): Promise<LiveError | undefined> {
    const { address } = request;
    const group = addressGroup(address);
    const ofAddress = this.#underWayByAddress.get(group) ?? 0;
    const waitSeconds = wasAllowed ? 0 : this.#refusals.waitSeconds(address);
    if (waitSeconds > 0) return new LimitError('too much that came from this address was refused; wait a moment', waitSeconds);
    if (ofAddress >= maxUnderWayPerAddress || this.#underWayInAll >= maxUnderWay) return new LimitError('too many wait to be admitted; try again in a moment', 1);
    this.#underWayInAll += 1;
    this.#underWayByAddress.set(group, ofAddress + 1);
    const refusal = await this.#fetch(request);
    this.#underWayInAll -= 1;
    const left = (this.#underWayByAddress.get(group) ?? 1) - 1;
    if (left > 0) this.#underWayByAddress.set(group, left);
    else this.#underWayByAddress.delete(group);
    if (refusal?.code === 'unauthorized') this.#refusals.spend(address);
    return refusal;
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

/** All that the service is sent decides its answer, so all of it is the question; of one length, whatever somebody writes into it. */
function digest(request: AdmissionRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url');
}

function keepNewest<T>(kept: Map<string, T>, question: string, value: T, max: number): void {
  kept.set(question, value);
  const [oldest] = kept.keys();
  if (kept.size > max && oldest !== undefined) kept.delete(oldest);
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
