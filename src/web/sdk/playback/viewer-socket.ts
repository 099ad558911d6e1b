import type { ViewerMessage, ViewerPing, ViewerSelect } from '../../../protocol/viewer-messages.js';
import type { BrowserPage } from '../browser-page.js';
import { LiveSocket, socketSeams, type SocketLoss } from '../live-socket.js';
import { ReconnectPolicy, viewerPolicy } from '../reconnect-policy.js';
import type { Servers } from '../servers.js';
import type { ClockOffset } from './clock-offset.js';
import { Ending, type PlaybackEnd } from './playback.js';

/** Everything but `pong`, which the socket keeps for itself. */
export type TimelineMessage = Exclude<ViewerMessage, { type: 'pong' }>;

export interface ViewerSocketOptions {
  /** Of each connection. */
  readonly url: () => string;
  /** Where there are several, `url` is that of the one they stand at. */
  readonly servers: Servers | undefined;
  readonly clock: ClockOffset;
  readonly page: BrowserPage;
  readonly onMessage: (message: TimelineMessage) => void;
  readonly onMedia: (bytes: Uint8Array) => void;
}

const tickMs = 250;
/** The quickest of several round trips tells the clock best. */
const moreQuestionsMs = [150, 300, 600];
const keepAlive = { everyMs: 5_000, deadAfterMs: 12_000 };
const proveWithinMs = 2_000;
const connectTimeoutMs = { first: 5_000, longest: 15_000 };
const stableAfterMs = 5_000;
/** A socket that never opened is likely blocked on the way; one that did deserves patience. */
const maxFailures = {
  neverConnected: 2,
  connectedBefore: 6,
  /** By a server that answers: the broadcast is on its way from one that died, which takes a lease, or many come back at once. */
  toldToComeAgain: 15,
};

/** The viewer's connection: keeps itself up, measures the server's clock and the line; knows nothing of media. */
export class ViewerSocket {
  readonly #options: ViewerSocketOptions;
  readonly #ending = new Ending();
  readonly #live: LiveSocket;
  readonly #release: (() => void)[];
  #questions: (() => void)[] = [];
  /** Pings on their way, by the moment they were sent. */
  #asked: number[] = [];
  #roundTripMs = 0;

  constructor(options: ViewerSocketOptions) {
    this.#options = options;
    const { page } = options;
    this.#live = new LiveSocket({
      url: options.url,
      servers: options.servers,
      policy: new ReconnectPolicy({ ...viewerPolicy, random: () => page.random() }),
      judge: (loss) => (verdictOf(loss) === undefined ? 'retry' : 'over'),
      connectTimeoutMs: (failures) => Math.min(connectTimeoutMs.longest, connectTimeoutMs.first * (1 + failures / 2)),
      ping: () => this.#question(),
      ...{ proveWithinMs, keepAlive, stableAfterMs },
      seams: socketSeams(page),
    });
    this.#live.on('open', () => this.#askClock());
    this.#live.on('message', (data) => this.#take(data));
    this.#release = [page.every(tickMs, () => this.#live.tick()), page.on('online', () => this.#live.retryNow()), page.on('offline', () => this.#live.prove())];
    void this.#live.closed.then((loss) => this.#finish(loss === undefined ? { reason: 'closed' } : (verdictOf(loss) ?? lost)));
  }

  /** Never `ended`: that is a message like others, and media may still be waiting to be shown. */
  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  /** How long an answer takes, or has been waited for: what the line holds back comes before it. */
  get answerDelayMs(): number {
    const [oldest] = this.#asked;
    return Math.max(this.#roundTripMs, oldest === undefined ? 0 : this.#options.page.nowMs() - oldest);
  }

  /** Wishes another rendition from the next keyframe on. */
  select(rendition: string): void {
    this.#live.send(JSON.stringify({ type: 'select', rendition } satisfies ViewerSelect));
  }

  /** Asks for a sign of life, and connects anew when none comes soon. */
  prove(): void {
    this.#live.prove();
  }

  close(): void {
    this.#live.close();
    this.#finish({ reason: 'closed' });
  }

  #askClock(): void {
    this.#stopAsking();
    this.#asked = [];
    this.#live.send(this.#question());
    this.#questions = moreQuestionsMs.map((delayMs) => this.#options.page.after(delayMs, () => this.#live.send(this.#question())));
  }

  #question(): string {
    const sentAtMs = this.#options.page.nowMs();
    this.#asked.push(sentAtMs);
    return JSON.stringify({ type: 'ping', sentAtMs } satisfies ViewerPing);
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') return this.#options.onMedia(new Uint8Array(data));
    const message = JSON.parse(data) as ViewerMessage;
    if (message.type !== 'pong') return this.#options.onMessage(message);
    const receivedAtMs = this.#options.page.nowMs();
    this.#asked = this.#asked.filter((sentAtMs) => sentAtMs > message.sentAtMs);
    this.#roundTripMs = receivedAtMs - message.sentAtMs;
    this.#options.clock.add({ ...message, receivedAtMs });
  }

  #stopAsking(): void {
    for (const cancel of this.#questions) cancel();
    this.#questions = [];
  }

  #finish(end: PlaybackEnd): void {
    this.#stopAsking();
    for (const release of this.#release.splice(0)) release();
    this.#ending.resolve(end);
  }
}

const lost: PlaybackEnd = { reason: 'failed', failure: { code: 'connection-lost' } };

/** What a loss means for this path; undefined: it is tried again. */
function verdictOf({ refusal, everProven, failures, untriedServer }: SocketLoss): PlaybackEnd | undefined {
  if (refusal?.code === 'not-found') return { reason: 'not-live' };
  if (untriedServer && (refusal?.retryable ?? true)) return undefined;
  // A server without room for sockets may have room for requests.
  const refused = refusal !== undefined && (!refusal.retryable || (refusal.code === 'unavailable' && !everProven));
  if (refused) return { reason: 'failed', failure: { code: 'socket-refused', detail: refusal.said } };
  if (!everProven) return failures >= maxFailures.neverConnected ? { reason: 'failed', failure: { code: 'socket-blocked' } } : undefined;
  return failures >= (refusal?.code === 'unavailable' ? maxFailures.toldToComeAgain : maxFailures.connectedBefore) ? lost : undefined;
}
