import type { IngestMessage, PublisherMessage } from '../../protocol/ingest-messages.js';
import { closeError, OnairError, serverError } from './errors.js';
import { Listeners } from './listeners.js';
import type { ReconnectPolicy } from './reconnect-policy.js';
import { ReplayBuffer } from './replay-buffer.js';

/** How much is handed to the WebSocket ahead of the network: the rest waits where it can still be dropped. */
const maxSocketBufferBytes = 512 * 1024;
const readyTimeoutMs = 10_000;
/** The server acknowledges every second; without a word for this long the connection is taken for dead. */
const ackTimeoutMs = 20_000;

export interface IngestSocketOptions {
  /** The publish address, `ws:` or `wss:`, without a query. */
  readonly url: string;
  readonly key: string;
  readonly policy: ReconnectPolicy;
  readonly openSocket: (url: string) => WebSocket;
  /** Why the server refuses this address before the upgrade, which a WebSocket itself cannot tell. */
  readonly explainRefusal: (url: string) => Promise<OnairError | undefined>;
  /** Monotonic clock. */
  readonly nowMs: () => number;
  readonly maxReplayBytes?: number;
  readonly maxReplaySeconds?: number;
}

export interface IngestSocketEvents {
  /** `connected` comes with every `ready` of the server: the first, and one after each resumed connection. */
  state: 'connected' | 'reconnecting';
  message: IngestMessage;
  /** The replay buffer was full: what was not sent yet is lost, and bytes are ignored until `beginRecording()`. */
  overflow: undefined;
}

/** One broadcast's bytes on their way to the server, across as many connections as it takes; the only place that reconnects. */
export class IngestSocket extends Listeners<IngestSocketEvents> {
  readonly #options: IngestSocketOptions;
  readonly #replay = new ReplayBuffer();
  /** null: the broadcast ended as it should; an error: why it is over, in words. */
  readonly closed: Promise<OnairError | null>;
  #settle: (outcome: OnairError | null) => void = () => undefined;
  #recordings: { readonly offset: number; readonly mimeType: string }[] = [];
  #socket: WebSocket | undefined;
  #ready = false;
  #resumeToken: string | undefined;
  #sentOffset = 0;
  #overflowed = false;
  #ending = false;
  #endSent = false;
  #finished = false;
  #lostAtMs = 0;
  #attempt = 0;
  #retryAtMs: number | undefined;
  #heardAtMs = 0;

  constructor(options: IngestSocketOptions) {
    super();
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#connect();
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** Bytes recorded but not yet given to the network. */
  get unsentBytes(): number {
    return this.#replay.endOffset - this.#sentOffset + (this.#ready ? (this.#socket?.bufferedAmount ?? 0) : 0);
  }

  /** Bytes of the broadcast given to the network so far. */
  get sentBytes(): number {
    return this.#replay.endOffset - this.unsentBytes;
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#overflowed || this.#finished || bytes.byteLength === 0) return;
    this.#replay.append(bytes, this.#options.nowMs());
    this.#pump();
    this.#dropIfFull();
  }

  /** The bytes pushed from now on begin with a container header of their own. */
  beginRecording(mimeType: string): void {
    this.#overflowed = false;
    // The first recording needs no announcement: it is where every broadcast begins.
    if (this.#replay.endOffset > 0) this.#recordings.push({ offset: this.#replay.endOffset, mimeType });
  }

  /** Says something beside the bytes; left out while there is no connection. */
  tell(message: Extract<PublisherMessage, { type: 'ping' | 'clock' }>): void {
    if (this.#ready) this.#socket?.send(JSON.stringify(message));
  }

  /** Call a few times a second: retries and timeouts happen here, so that the caller chooses the clock. */
  tick(): void {
    if (this.#finished) return;
    const nowMs = this.#options.nowMs();
    if (this.#retryAtMs !== undefined) {
      if (nowMs >= this.#retryAtMs) this.#connect();
      return;
    }
    const waitingSinceMs = Math.max(this.#heardAtMs, this.#replay.oldestMs ?? nowMs);
    const timedOut = this.#ready
      ? nowMs - waitingSinceMs > ackTimeoutMs
      : this.#socket !== undefined && nowMs - this.#heardAtMs > readyTimeoutMs;
    if (timedOut) this.#abandon(this.#socket);
    else this.#pump();
  }

  /** The network is back: do not wait for the next retry. */
  retryNow(): void {
    if (this.#retryAtMs !== undefined) this.#connect();
  }

  /** Ends the broadcast cleanly after everything pushed so far has been sent. */
  end(): void {
    this.#ending = true;
    this.#pump();
  }

  /** Lets go at once; an error given here is what `closed` resolves to. */
  close(outcome: OnairError | null = null): void {
    this.#finish(outcome);
  }

  #connect(): void {
    this.#retryAtMs = undefined;
    this.#heardAtMs = this.#options.nowMs();
    const socket = this.#options.openSocket(this.#address());
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (socket === this.#socket && typeof data === 'string') this.#hear(data);
    });
    socket.addEventListener('close', ({ code, reason }: CloseEvent) => {
      if (socket === this.#socket) this.#lost(code, reason);
    });
  }

  #address(): string {
    const query = new URLSearchParams({ key: this.#options.key });
    if (this.#resumeToken !== undefined) query.set('resume', this.#resumeToken);
    return `${this.#options.url}?${query.toString()}`;
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as IngestMessage;
    this.#heardAtMs = this.#options.nowMs();
    if (message.type === 'ready') this.#takeUp(message.resume, message.received);
    if (message.type === 'ack') this.#acknowledged(message.received);
    this.emit('message', message);
    if (message.type === 'ended') {
      this.#finish(message.code === undefined ? null : serverError(message.code, message.message));
    } else {
      this.#pump();
    }
  }

  #takeUp(resumeToken: string, received: number): void {
    if (received < this.#replay.startOffset || received > this.#replay.endOffset) {
      this.#finish(
        new OnairError('resume-refused', `The connection was lost, and the server asks for bytes that are no longer here (from ${received}). Go live again.`),
      );
      return;
    }
    this.#resumeToken = resumeToken;
    this.#ready = true;
    this.#attempt = 0;
    this.#endSent = false;
    this.#sentOffset = received;
    this.#acknowledged(received);
    this.emit('state', 'connected');
  }

  #acknowledged(received: number): void {
    this.#replay.discardBefore(received);
    this.#recordings = this.#recordings.filter(({ offset }) => offset >= received);
  }

  #pump(): void {
    const socket = this.#socket;
    if (!this.#ready || socket === undefined) return;
    while (socket.bufferedAmount < maxSocketBufferBytes) {
      const bytes = this.#replay.read(this.#sentOffset);
      if (bytes === undefined) break;
      const recording = this.#recordings.find(({ offset }) => offset === this.#sentOffset);
      if (recording !== undefined) socket.send(JSON.stringify({ type: 'recording', mimeType: recording.mimeType }));
      socket.send(bytes);
      this.#sentOffset += bytes.byteLength;
    }
    if (this.#ending && !this.#endSent && this.#sentOffset === this.#replay.endOffset) {
      this.#endSent = true;
      socket.send(JSON.stringify({ type: 'end' }));
    }
  }

  #dropIfFull(): void {
    const { maxReplayBytes = 32 * 1024 * 1024, maxReplaySeconds = 60 } = this.#options;
    const ageMs = this.#options.nowMs() - (this.#replay.oldestMs ?? this.#options.nowMs());
    if (this.#replay.size <= maxReplayBytes && ageMs <= maxReplaySeconds * 1000) return;
    // What was sent must stay until it is acknowledged; the unsent rest is worth nothing without its beginning.
    this.#replay.truncateAt(this.#sentOffset);
    this.#recordings = this.#recordings.filter(({ offset }) => offset < this.#sentOffset);
    this.#overflowed = true;
    this.emit('overflow', undefined);
  }

  /** A half-open connection never says goodbye by itself. */
  #abandon(socket: WebSocket | undefined): void {
    this.#lost(1006, '');
    socket?.close();
  }

  #lost(closeCode: number, reason: string): void {
    const refusedBeforeReady = !this.#ready;
    const address = this.#address();
    this.#socket = undefined;
    this.#ready = false;
    if (this.#finished) return;
    if (closeCode === 1000) {
      this.#finish(null);
      return;
    }
    const told = closeError(closeCode, reason);
    if (told !== undefined || !refusedBeforeReady) {
      this.#afterLoss(told);
      return;
    }
    void this.#options.explainRefusal(address).then((explained) => this.#afterLoss(explained));
  }

  #afterLoss(error: OnairError | undefined): void {
    if (this.#finished) return;
    if (this.#resumeToken === undefined) {
      this.#finish(error ?? new OnairError('unreachable', `The server at ${new URL(this.#options.url).host} does not answer. Check that it runs, that its address is right and that you are online, then try again.`));
    } else if (error !== undefined && (!error.retryable || error.reason === 'not-found')) {
      const resuming = this.#attempt > 0;
      this.#finish(resuming ? new OnairError('resume-refused', `The connection was lost and the server did not let this broadcast go on: ${error.message}`, { cause: error }) : error);
    } else {
      this.#retryLater();
    }
  }

  #retryLater(): void {
    const nowMs = this.#options.nowMs();
    if (this.#attempt === 0) {
      this.#lostAtMs = nowMs;
      this.emit('state', 'reconnecting');
    }
    const delayMs = this.#options.policy.delayMs(this.#attempt, nowMs - this.#lostAtMs);
    this.#attempt += 1;
    if (delayMs === undefined) {
      this.#finish(new OnairError('unreachable', 'The connection to the server was lost and did not come back. Check your network, then go live again.'));
    } else {
      this.#retryAtMs = nowMs + delayMs;
    }
  }

  #finish(outcome: OnairError | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ready = false;
    this.#retryAtMs = undefined;
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#settle(outcome);
  }
}
