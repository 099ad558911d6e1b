import type { LiveStreamInfo } from '../../../protocol/live-stream-info.js';

/** What the server said about the stream when it was asked last. */
export type StreamFacts =
  | { readonly known: true; readonly info: LiveStreamInfo | undefined }
  /** It did not answer, or not as expected. */
  | { readonly known: false; readonly why: string };

const eagerMs = 2000;
const calmMs = 5000;
/** After so many asks the pace goes down: somebody left the page open. */
const eagerAsks = 15;

/** Pause before the next ask: quick while somebody waits for the start, calm otherwise. */
export function askAgainMs(waiting: boolean, asksInVain: number): number {
  if (!waiting) return calmMs;
  return Math.min(calmMs, eagerMs + Math.max(0, asksInVain - eagerAsks) * 250);
}

/** Asks `GET /api/streams/:stream` again and again, only while the page is visible. */
export class FactsPoll {
  readonly #url: string;
  readonly #onFacts: (facts: StreamFacts) => void;
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: Promise<StreamFacts> | undefined;
  #asksInVain = 0;

  constructor(options: { url: string; onFacts: (facts: StreamFacts) => void }) {
    this.#url = options.url;
    this.#onFacts = options.onFacts;
    const again = (): void => void this.ask();
    const { signal } = this.#abort;
    document.addEventListener('visibilitychange', () => document.hidden || again(), { signal });
    window.addEventListener('online', again, { signal });
    again();
  }

  /** Asks now; joins the ask that is under way. Never rejects. */
  ask(): Promise<StreamFacts> {
    this.#asking ??= this.#fetch().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  close(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  async #fetch(): Promise<StreamFacts> {
    clearTimeout(this.#timer);
    const facts = await fetchFacts(this.#url, this.#abort.signal);
    if (this.#abort.signal.aborted) return facts;
    const live = facts.known && facts.info?.state === 'live';
    this.#asksInVain = live ? 0 : this.#asksInVain + 1;
    this.#timer = setTimeout(() => document.hidden || void this.ask(), askAgainMs(!live, this.#asksInVain));
    this.#onFacts(facts);
    return facts;
  }
}

async function fetchFacts(url: string, signal: AbortSignal): Promise<StreamFacts> {
  try {
    const timeout = AbortSignal.timeout(8000);
    const response = await fetch(url, { cache: 'no-store', signal: anySignal(signal, timeout) });
    if (response.status === 404) {
      // Read to its end: an unread body holds a connection.
      await response.text();
      return { known: true, info: undefined };
    }
    if (!response.ok) return { known: false, why: `the server answered ${response.status}` };
    return { known: true, info: (await response.json()) as LiveStreamInfo };
  } catch {
    return { known: false, why: 'the server does not answer' };
  }
}

/** `AbortSignal.any`, which Safari only has since 17.4. */
function anySignal(...signals: AbortSignal[]): AbortSignal {
  const both = new AbortController();
  for (const signal of signals) signal.addEventListener('abort', () => both.abort(signal.reason), { once: true, signal: both.signal });
  return both.signal;
}
