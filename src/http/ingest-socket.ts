import { WebSocket } from 'ws';
import { errorCodes } from '../protocol/error-codes.js';
import { parsePublisherMessage } from '../protocol/ingest-messages.js';
import type { IngestMessage } from '../protocol/ingest-messages.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { LiveError } from '../live/errors.js';
import type { IngestSession } from '../live/ingest-session.js';
import { closeReason } from './websocket.js';

/** What may wait for the transcoder before the socket is paused; what the kernel holds comes on top. */
const maxPendingBytes = 1_048_576;
/** What one waiting message costs beside its bytes, so that many tiny ones are bounded too. */
const messageOverheadBytes = 256;
const ackIntervalMs = 500;

export interface IngestSocketOptions {
  readonly socket: WebSocket;
  readonly session: IngestSession;
  readonly urls: LiveStreamUrls;
  /** Told every byte count that came in. */
  readonly onBytes: (count: number) => void;
}

/** A publisher's WebSocket: hands messages to the session strictly in order, and stops reading while the session is busy. */
export class IngestSocket {
  readonly #socket: WebSocket;
  readonly #session: IngestSession;
  readonly #onBytes: (count: number) => void;
  readonly #acks: NodeJS.Timeout;
  #handled: Promise<void> = Promise.resolve();
  #pendingBytes = 0;
  #acknowledged = 0;
  #over = false;

  constructor({ socket, session, urls, onBytes }: IngestSocketOptions) {
    this.#socket = socket;
    this.#session = session;
    this.#onBytes = onBytes;
    this.#send({ type: 'ready', broadcast: session.liveStream.broadcast, resume: session.resumeToken, received: session.received, urls });
    session.onMessage((message) => {
      // How it ended is told once, from `closed`, together with the close code.
      if (message.type !== 'ended') this.#send(message);
    });
    void session.closed.then((error) => this.#close(error));
    this.#acks = setInterval(() => this.#acknowledge(), ackIntervalMs);
    socket.on('message', (data, isBinary) => this.#enqueue(data as Buffer, isBinary));
    socket.on('close', () => this.#dropped());
  }

  #enqueue(data: Buffer, isBinary: boolean): void {
    if (this.#over) return;
    const cost = data.length + messageOverheadBytes;
    this.#pendingBytes += cost;
    if (isBinary) this.#onBytes(data.length);
    if (this.#pendingBytes > maxPendingBytes) this.#socket.pause();
    this.#handled = this.#handled
      .then(() => this.#handle(data, isBinary))
      .catch((error: unknown) => this.#close(error instanceof LiveError ? error : new LiveError('internal', 'the server failed to take the recording', { cause: error })))
      .then(() => {
        this.#pendingBytes -= cost;
        if (this.#socket.isPaused && this.#pendingBytes <= maxPendingBytes / 2) this.#socket.resume();
      });
  }

  async #handle(data: Buffer, isBinary: boolean): Promise<void> {
    if (this.#over) return;
    if (isBinary) return this.#session.write(data);
    try {
      const message = parsePublisherMessage(data.toString('utf8'));
      if (message.type === 'end') this.#session.end();
      else this.#session.beginRecording();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#close(new LiveError('malformed', error.message));
      this.#session.end();
    }
  }

  #acknowledge(): void {
    const { received } = this.#session;
    if (received === this.#acknowledged) return;
    this.#acknowledged = received;
    this.#send({ type: 'ack', received });
  }

  /** The connection is gone; what it brought is still handled first. */
  #dropped(): void {
    clearInterval(this.#acks);
    void this.#handled.then(() => this.#session.end());
  }

  #close(error: LiveError | null): void {
    if (this.#over) return;
    this.#acknowledge();
    this.#over = true;
    clearInterval(this.#acks);
    const message = error?.message ?? 'the broadcast has ended';
    this.#send({ type: 'ended', ...(error && { code: error.code }), message });
    this.#socket.resume(); // a paused socket would never see the other side's close frame
    this.#socket.close(error ? errorCodes[error.code].closeCode : 1000, closeReason(message));
  }

  #send(message: IngestMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
