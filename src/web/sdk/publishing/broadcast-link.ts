import type { IngestMessage, RecordingReason } from '../../../protocol/ingest-messages.js';
import type { OnairError, OnairErrorReason } from '../errors.js';
import type { IngestSocket } from '../ingest-socket.js';
import { Listeners } from '../listeners.js';
import type { ReconnectPolicy } from '../reconnect-policy.js';

/** Reasons for which the same publisher would be welcome with a new broadcast: the old one is gone, or nobody answers yet. */
const mayBeginAnew: ReadonlySet<OnairErrorReason> = new Set(['resume-refused', 'unreachable', 'unavailable']);

export interface BroadcastLinkEvents {
  state: 'connected' | 'reconnecting';
  message: IngestMessage;
  /** What was not sent is lost, and bytes are ignored until `beginRecording()`. */
  overflow: { readonly lostMs: number };
  /** The broadcast could not be resumed and another one has begun: bytes are ignored until `beginRecording()`. */
  anew: undefined;
}

export interface BroadcastLinkOptions {
  /** @param resume whether to go on with the broadcast whose token was given to the Publisher */
  readonly open: (resume: boolean) => IngestSocket;
  readonly policy: ReconnectPolicy;
  readonly nowMs: () => number;
}

/**
 * The publisher's bytes on their way to the server, across as many connections as a broadcast takes; and where the server lost a
 * broadcast that was on air, with another one, as an encoder would begin it.
 */
export class BroadcastLink extends Listeners<BroadcastLinkEvents> {
  /** null: ended as it should; an error: why it is over, in words. */
  readonly closed: Promise<OnairError | null>;
  readonly #options: BroadcastLinkOptions;
  #settle: (outcome: OnairError | null) => void = () => undefined;
  #socket: IngestSocket;
  #wasLive = false;
  #ending = false;
  /** A new broadcast needs a recording of its own: bytes of the one before are of no use there. */
  #skips = false;
  #lostAtMs: number | undefined;
  #attempt = 0;
  #retryAtMs: number | undefined;

  constructor(options: BroadcastLinkOptions) {
    super();
    this.#options = options;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.#socket = this.#open(true);
  }

  get socket(): Pick<IngestSocket, 'connected' | 'backlogMs' | 'acknowledgedBytes' | 'unsentBytes' | 'resumeToken'> {
    return this.#socket;
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#skips) this.#socket.push(bytes);
  }

  beginRecording(mimeType: string, reason?: RecordingReason): void {
    this.#skips = false;
    this.#socket.beginRecording(mimeType, reason);
  }

  tell(message: Parameters<IngestSocket['tell']>[0]): boolean {
    return this.#socket.tell(message);
  }

  /** Call a few times a second. */
  tick(): void {
    if (this.#retryAtMs !== undefined && this.#options.nowMs() >= this.#retryAtMs) this.#beginAnew();
    else this.#socket.tick();
  }

  /** The machine is on line again, or no longer. */
  networkChanged(online: boolean): void {
    if (!online) this.#socket.probe();
    else if (this.#retryAtMs === undefined) this.#socket.retryNow();
    else this.#beginAnew();
  }

  /** Ends the broadcast cleanly after everything pushed so far has been sent. */
  end(): void {
    this.#ending = true;
    if (this.#retryAtMs !== undefined) this.close();
    else this.#socket.end();
  }

  /** Lets go at once; an error given here is what `closed` resolves to. */
  close(outcome: OnairError | null = null): void {
    this.#ending = true;
    this.#retryAtMs = undefined;
    this.#socket.close(outcome);
    this.#settle(outcome);
  }

  #open(resume: boolean): IngestSocket {
    const socket = this.#options.open(resume);
    socket.on('message', (message) => {
      if (message.type === 'live') this.#wasLive = true;
      this.emit('message', message);
    });
    socket.on('state', (state) => {
      if (state === 'connected') this.#connected();
      else this.#lost();
      this.emit('state', state);
    });
    socket.on('overflow', (overflow) => this.emit('overflow', overflow));
    void socket.closed.then((error) => {
      if (socket === this.#socket) this.#closed(error);
    });
    return socket;
  }

  #connected(): void {
    this.#lostAtMs = undefined;
    this.#attempt = 0;
    if (this.#skips) this.emit('anew', undefined);
  }

  #lost(): void {
    this.#lostAtMs ??= this.#options.nowMs();
  }

  #closed(error: OnairError | null): void {
    if (error === null || this.#ending || !this.#wasLive || !mayBeginAnew.has(error.reason)) {
      this.#settle(error);
      return;
    }
    this.#lost();
    const nowMs = this.#options.nowMs();
    const delayMs = this.#options.policy.delayMs(this.#attempt, nowMs - (this.#lostAtMs ?? nowMs));
    if (delayMs === undefined) {
      this.#settle(error);
      return;
    }
    this.#attempt += 1;
    this.#skips = true;
    this.#retryAtMs = nowMs + delayMs;
    this.emit('state', 'reconnecting');
  }

  #beginAnew(): void {
    this.#retryAtMs = undefined;
    this.#socket = this.#open(false);
  }
}
