import type { IngestMessage, PublisherMessage, RecordingReason } from '../../protocol/ingest-messages.js';
import { endError, OnairError, refusalError } from './errors.js';
import { Listeners } from './listeners.js';
import { LiveSocket, type SocketLoss, type SocketSeams } from './live-socket.js';
import type { ReconnectPolicy } from './reconnect-policy.js';
import { ReplayBuffer } from './replay-buffer.js';
import { ServerList } from './servers.js';

/** How much is handed to the WebSocket ahead of the network: the rest waits where it can still be dropped. */
const maxSocketBufferBytes = 512 * 1024;
/** A new broadcast is asked about by the operator's own service, and tried once; one that was taken before is tried again. */
const readyTimeoutMs = { first: 10_000, again: 5_000 };
/** The server acknowledges every second; without a word for this long the connection is taken for dead. */
const ackTimeoutMs = 10_000;
/** How long an answer may take when there is reason to doubt the connection. */
const probeTimeoutMs = 4_000;
/** How long after it was given up a connection attempt may still reach the server, and take the broadcast from its own publisher. */
const ghostMs = 60_000;

export interface IngestSocketOptions {
  /** The publish address, `ws:` or `wss:`, without a query; or those of several servers, beginning where they stand. */
  readonly url: string | ServerList<string>;
  readonly key: string;
  /** Takes up the broadcast of this token: what is pushed here follows what the server has. Without it, a new one begins. */
  readonly resumeToken?: string;
  readonly policy: ReconnectPolicy;
  readonly openSocket: SocketSeams['openSocket'];
  /** Why the server refuses this address before the upgrade, which a WebSocket itself cannot tell. */
  readonly explainRefusal: SocketSeams['explainRefusal'];
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
  overflow: { readonly lostMs: number };
}

/** Outside of browsers nobody knows. */
const isOnline = (): boolean => (globalThis as { readonly navigator?: Partial<Navigator> }).navigator?.onLine ?? true;

/** One broadcast's bytes on their way to the server, across as many connections as it takes. */
export class IngestSocket extends Listeners<IngestSocketEvents> {
  readonly #options: IngestSocketOptions;
  readonly #servers: ServerList<string>;
  readonly #replay = new ReplayBuffer();
  /** null: the broadcast ended as it should; an error: why it is over, in words. */
  readonly closed: Promise<OnairError | null>;
  #settle: (outcome: OnairError | null) => void = () => undefined;
  readonly #socket: LiveSocket;
  #ready = false;
  #resumeToken: string | undefined;
  /** Which bytes of the broadcast are meant by the first ones pushed: nobody but the server knows yet. */
  #startUnknown: boolean;
  #sentOffset = 0;
  /** As the server said last; undefined: it never did. */
  #safeOffset: number | undefined;
  #overflowed = false;
  #ending = false;
  #endSent = false;
  #finished = false;
  #reconnecting = false;
  #heardAtMs = 0;
  #ghostUntilMs = -Infinity;

  constructor(options: IngestSocketOptions) {
    super();
    this.#options = options;
    this.#resumeToken = options.resumeToken;
    this.#startUnknown = options.resumeToken !== undefined;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    const { url, policy, openSocket, explainRefusal, nowMs } = options;
    this.#servers = typeof url === 'string' ? new ServerList([url]) : url;
    this.#socket = new LiveSocket({
      url: () => this.#address(),
      servers: this.#servers,
      policy,
      judge: (loss) => this.#judge(loss),
      connectTimeoutMs: () => (this.#resumeToken === undefined ? readyTimeoutMs.first : readyTimeoutMs.again),
      ping: () => JSON.stringify({ type: 'ping', sentAtMs: this.#options.nowMs() } satisfies PublisherMessage),
      proveWithinMs: probeTimeoutMs,
      seams: { openSocket, explainRefusal, nowMs, isOnline },
    });
    this.#socket.on('message', (data) => typeof data === 'string' && this.#hear(data));
    this.#socket.on('lost', (loss) => this.#retrying(loss));
    void this.#socket.closed.then((loss) => loss !== undefined && this.#finish(this.#outcomeOf(loss)));
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** With it another page can take the broadcast up; known once the server is ready. */
  get resumeToken(): string | undefined {
    return this.#resumeToken;
  }

  /** Bytes recorded but not yet given to the network. */
  get unsentBytes(): number {
    return this.#replay.endOffset - this.#sentOffset + (this.#ready ? this.#socket.bufferedAmount : 0);
  }

  /** Bytes of the broadcast that the server has. */
  get acknowledgedBytes(): number {
    return this.#replay.startOffset;
  }

  /** How old the oldest byte is that the server has not acknowledged: what every buffer on the way holds, in ms. */
  get backlogMs(): number {
    const { oldestMs } = this.#replay;
    return oldestMs === undefined ? 0 : this.#options.nowMs() - oldestMs;
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#overflowed || this.#finished || bytes.byteLength === 0) return;
    this.#replay.append(bytes, this.#options.nowMs());
    this.#pump();
    this.#dropIfFull();
  }

  /** The bytes pushed from now on begin with a container header of their own. */
  beginRecording(mimeType: string, reason?: RecordingReason): void {
    this.#overflowed = false;
    // The first recording needs no announcement: it is where every broadcast begins.
    this.#replay.beginRecording(this.#replay.endOffset > 0 ? { mimeType, reason } : undefined);
  }

  /** Says something beside the bytes. false: it was left out, there is no connection or the recording it is about was not begun there. */
  tell(message: Extract<PublisherMessage, { type: 'ping' | 'clock' | 'describe' }>): boolean {
    if (message.type === 'clock') this.#replay.noteCaptureTime(message.captureTimeMs);
    const isEarly = message.type === 'clock' && this.#replay.hasRecordingFrom(this.#sentOffset);
    if (!this.#ready || isEarly) return false;
    return this.#socket.send(JSON.stringify(message));
  }

  /** Call a few times a second: retries and timeouts happen here, so that the caller chooses the clock. */
  tick(): void {
    if (this.#finished) return;
    this.#socket.tick();
    if (!this.#ready) return;
    const nowMs = this.#options.nowMs();
    const waitingSinceMs = Math.max(this.#heardAtMs, this.#replay.oldestMs ?? nowMs);
    if (nowMs - waitingSinceMs > ackTimeoutMs) this.#socket.drop();
    else this.#pump();
  }

  /** The network is back: do not wait for the next retry, nor trust a connection that was made through another network. */
  retryNow(): void {
    if (!this.#ready) this.#expectGhost();
    this.#socket.retryNow();
  }

  /** There is reason to doubt the connection: an answer is awaited only for a moment. */
  probe(): void {
    this.#socket.prove();
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

  #address(): string {
    const query = new URLSearchParams({ key: this.#options.key });
    if (this.#resumeToken !== undefined) query.set('resume', this.#resumeToken);
    return `${this.#servers.current}?${query.toString()}`;
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as IngestMessage;
    this.#heardAtMs = this.#options.nowMs();
    if (message.type === 'ready') this.#takeUp(message);
    if (message.type === 'ack') {
      this.#safeOffset = message.safe ?? this.#safeOffset;
      this.#replay.discardBefore(message.received, this.#safeOffset);
    }
    if (message.type === 'ended' && message.code === 'already-live' && this.#heardAtMs < this.#ghostUntilMs) {
      // An attempt that was given up has arrived after all: nobody stands behind it.
      this.#socket.drop();
      return;
    }
    this.emit('message', message);
    if (message.type === 'ended') this.#finish(endError(message));
    else this.#pump();
  }

  #takeUp({ resume: resumeToken, received, anew }: Extract<IngestMessage, { type: 'ready' }>): void {
    if (anew && !this.#startUnknown) this.#beginAnew();
    if (this.#startUnknown) this.#replay.startAt(received);
    this.#startUnknown = false;
    if (received < this.#replay.startOffset || received > this.#replay.endOffset) {
      this.#finish(new OnairError('resume-refused', `The connection was lost, and the server asks for bytes that are no longer here (from ${received}). Go live again.`));
      return;
    }
    this.#resumeToken = resumeToken;
    this.#ready = true;
    this.#reconnecting = false;
    this.#endSent = false;
    this.#sentOffset = received;
    this.#replay.discardBefore(received, this.#safeOffset);
    this.emit('state', 'connected');
  }

  /**
   * Another server has the broadcast now, and nothing of it can be decoded there without a header: it gets the recording's, and what is held from the last
   * keyframe on that the one before may not have shown. Where the container can't be cut, what was not acknowledged is lost.
   */
  #beginAnew(): void {
    this.#sentOffset = 0;
    this.#safeOffset = undefined;
    if (this.#replay.beginAgain()) return;
    const lostMs = this.backlogMs;
    this.#replay.truncateAt(0);
    this.#overflowed = true;
    this.emit('overflow', { lostMs });
  }

  #pump(): void {
    const socket = this.#socket;
    if (!this.#ready) return;
    while (socket.bufferedAmount < maxSocketBufferBytes) {
      const bytes = this.#replay.read(this.#sentOffset);
      if (bytes === undefined) break;
      const recording = this.#replay.recordingAt(this.#sentOffset);
      if (recording?.notice !== undefined) socket.send(JSON.stringify({ type: 'recording', ...recording.notice } satisfies PublisherMessage));
      // Before its media: what is shown already is only corrected.
      if (recording?.captureTimeMs !== undefined) socket.send(JSON.stringify({ type: 'clock', captureTimeMs: recording.captureTimeMs } satisfies PublisherMessage));
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
    // Only what was not sent can be dropped, so only its age counts: what is on its way for long must not drop again and again.
    const unsentSinceMs = this.#replay.recordedAtMs(this.#sentOffset);
    if (unsentSinceMs === undefined || (this.#replay.size <= maxReplayBytes && this.#options.nowMs() - unsentSinceMs <= maxReplaySeconds * 1000)) return;
    // What was sent must stay until it is acknowledged; the unsent rest is worth nothing without its beginning.
    this.#replay.truncateAt(this.#sentOffset);
    this.#overflowed = true;
    this.emit('overflow', { lostMs: this.#options.nowMs() - unsentSinceMs });
  }

  #judge(loss: SocketLoss): 'retry' | 'over' {
    this.#ready = false;
    const { closeCode, refusal, untriedServer } = loss;
    if (closeCode === 1000 || (refusal !== undefined && (!refusal.retryable || refusal.code === 'not-found'))) return 'over';
    return this.#resumeToken === undefined && !untriedServer ? 'over' : 'retry';
  }

  #retrying(loss: SocketLoss): void {
    if (!loss.proven) this.#expectGhost();
    // Nothing is lost that was not there yet.
    if (this.#reconnecting || this.#resumeToken === undefined) return;
    this.#reconnecting = true;
    this.emit('state', 'reconnecting');
  }

  #expectGhost(): void {
    this.#ghostUntilMs = this.#options.nowMs() + ghostMs;
  }

  #outcomeOf({ closeCode, refusal, proven, givenUp }: SocketLoss): OnairError | null {
    if (closeCode === 1000) return null;
    if (givenUp) return new OnairError('unreachable', 'The connection to the server was lost and did not come back. Check your network, then go live again.');
    if (refusal === undefined) {
      return new OnairError('unreachable', `The server at ${new URL(this.#servers.current).host} does not answer. Check that it runs, that its address is right and that you are online, then try again.`);
    }
    // It ended as it should; only the word of it was lost.
    if (refusal.code === 'not-found' && this.#endSent) return null;
    const error = refusalError(refusal);
    const resuming = this.#resumeToken !== undefined && (!proven || this.#startUnknown);
    return resuming ? new OnairError('resume-refused', `The connection was lost and the server did not let this broadcast go on: ${error.message}`, { cause: error }) : error;
  }

  #finish(outcome: OnairError | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ready = false;
    this.#socket.close();
    this.#settle(outcome);
  }
}
