import type { LiveStreamInfo } from '../../../protocol/live-stream-info.js';
import { browserPage, type BrowserPage } from '../browser-page.js';
import { retryAfterMs } from '../retry-after.js';
import type { StreamAddresses } from './playback.js';

type FactsAddress = StreamAddresses['facts'];

/** What the server said about the stream when it was asked last. */
export type StreamFacts =
  | { readonly known: true; readonly info: LiveStreamInfo | undefined }
  /** It did not answer (no status), or not as expected. */
  | { readonly known: false; readonly status: number | undefined };

const eagerMs = 2_000;
const calmMs = 5_000;
/** The more watch, the less often each asks: two hundred a second in all, which is a tenth of a server's core, up to six thousand viewers. */
const crowd = { from: 1000, msPerViewer: 5, longestMs: 30_000 };
/** After so many asks the pace goes down: somebody left the page open. */
const eagerAsks = 15;
/** In a hidden tab a person may wait for the start, and wants to hear it. */
const hiddenMs = 15_000;
const answerWithinMs = 8_000;

export interface FactsFollower {
  /** Asks now; joins the ask that is under way. Never rejects. */
  ask(): Promise<StreamFacts>;
  close(): void;
}

/** One poll of `GET /api/streams/:stream` a stream, however many follow it: a page's players and chats share them. */
export class FactsDesk {
  readonly #page: BrowserPage;
  readonly #polls = new Map<FactsAddress, FactsPoll>();

  constructor(page: BrowserPage) {
    this.#page = page;
  }

  /** Asks at once, then again and again. */
  follow(url: FactsAddress, onFacts: (facts: StreamFacts) => void): FactsFollower {
    const poll = this.#polls.get(url) ?? new FactsPoll(this.#page, url);
    this.#polls.set(url, poll);
    const entry = { onFacts };
    poll.followers.add(entry);
    void poll.ask();
    return {
      ask: () => poll.ask(),
      close: () => {
        poll.followers.delete(entry);
        if (poll.followers.size > 0 || this.#polls.get(url) !== poll) return;
        poll.close();
        this.#polls.delete(url);
      },
    };
  }
}

export const pageFacts = new FactsDesk(browserPage);

/** Of a recording nothing need be asked: it is there, or it can't be played. */
export const factsOfRecording: Pick<FactsDesk, 'follow'> = {
  follow: (_url, onFacts) => {
    let closed = false;
    const ask = async (): Promise<StreamFacts> => {
      const facts: StreamFacts = { known: true, info: undefined };
      if (!closed) onFacts(facts);
      return facts;
    };
    // Not before the follower is known to whoever asked for it.
    queueMicrotask(() => void ask());
    return { ask, close: () => (closed = true) };
  },
};

class FactsPoll {
  readonly followers = new Set<{ readonly onFacts: (facts: StreamFacts) => void }>();
  readonly #page: BrowserPage;
  readonly #url: FactsAddress;
  readonly #abort = new AbortController();
  readonly #release: (() => void)[];
  #cancelNext: () => void = () => undefined;
  #asking: Promise<StreamFacts> | undefined;
  #asksInVain = 0;
  #serverWishMs = 0;

  constructor(page: BrowserPage, url: FactsAddress) {
    this.#page = page;
    this.#url = url;
    const again = (): void => void this.ask();
    this.#release = [page.on('shown', again), page.on('online', again)];
  }

  ask(): Promise<StreamFacts> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  close(): void {
    this.#abort.abort();
    this.#cancelNext();
    for (const release of this.#release) release();
  }

  async #ask(): Promise<StreamFacts> {
    this.#cancelNext();
    const facts = await this.#fetch();
    if (this.#abort.signal.aborted) return facts;
    const info = facts.known ? facts.info : undefined;
    const live = info?.state === 'live';
    const liveMs = live ? calmMsAmong(info.viewers) : undefined;
    this.#asksInVain = live ? 0 : this.#asksInVain + 1;
    this.#cancelNext = this.#page.after(this.#pauseMs(liveMs), () => {
      // Hidden, nobody looks at the figures of what is live; it is asked when the page is shown.
      if (!live || !this.#page.hidden) void this.ask();
    });
    for (const follower of [...this.followers]) if (this.followers.has(follower)) follower.onFacts(facts);
    return facts;
  }

  /** @param liveMs while it is live */
  #pauseMs(liveMs: number | undefined): number {
    const pauseMs = liveMs ?? (this.#page.hidden ? hiddenMs : Math.min(calmMs, eagerMs + Math.max(0, this.#asksInVain - eagerAsks) * 250));
    // A fifth more or less: who came together does not stay together.
    return this.#serverWishMs + pauseMs * (0.8 + 0.4 * this.#page.random());
  }

  async #fetch(): Promise<StreamFacts> {
    const timeout = new AbortController();
    const stop = (): void => timeout.abort();
    const cancelTimeout = this.#page.after(answerWithinMs, stop);
    this.#abort.signal.addEventListener('abort', stop, { signal: timeout.signal });
    try {
      const response = await this.#page.fetch(typeof this.#url === 'string' ? this.#url : this.#url(), { cache: 'no-store', signal: timeout.signal });
      this.#serverWishMs = retryAfterMs(response.headers) ?? 0;
      if (response.ok) return { known: true, info: (await response.json()) as LiveStreamInfo };
      // Read to its end: an unread body holds a connection.
      await response.text();
      return response.status === 404 ? { known: true, info: undefined } : { known: false, status: response.status };
    } catch {
      return { known: false, status: undefined };
    } finally {
      cancelTimeout();
      // Takes the listener away too.
      timeout.abort();
    }
  }
}

function calmMsAmong(viewers: number): number {
  return viewers > crowd.from ? Math.min(crowd.longestMs, viewers * crowd.msPerViewer) : calmMs;
}
