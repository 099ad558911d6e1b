import { WebSocket } from 'ws';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';

/** As far as this ahead of the server's acknowledgements, then the source has to wait. */
const maxUnacknowledgedBytes = 4 * 1024 * 1024;

export interface DemoPublisherOptions {
  /** `ws:` or `wss:`, without a query. */
  readonly url: string;
  readonly key: string;
  readonly onMessage: (message: IngestMessage) => void;
}

/** Publishes as any program can: binary messages in order, a look at the acknowledgements, and `end`. */
export class DemoPublisher {
  /** In words, why it is over. */
  readonly closed: Promise<string>;
  readonly #socket: WebSocket;
  readonly #ready: Promise<void>;
  #sentBytes = 0;
  #receivedBytes = 0;
  #over = false;
  #wake: (() => void) | undefined;

  constructor({ url, key, onMessage }: DemoPublisherOptions) {
    // The certificate of a server on this machine may be self-signed.
    this.#socket = new WebSocket(url, { perMessageDeflate: false, rejectUnauthorized: false, headers: { authorization: `Bearer ${key}` } });
    let becomeReady = (): void => undefined;
    this.#ready = new Promise((resolve) => (becomeReady = resolve));
    this.#socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as IngestMessage;
      if (message.type === 'ready') becomeReady();
      if (message.type === 'ack') this.#receivedBytes = message.received;
      this.#wake?.();
      onMessage(message);
    });
    this.closed = new Promise((resolve) => {
      this.#socket.once('error', ({ message }) => resolve(message));
      this.#socket.once('close', (code, reason) => resolve(`${reason.toString() || 'the connection was lost'} (${code})`));
    });
    void this.closed.then(() => {
      this.#over = true;
      becomeReady();
      this.#wake?.();
    });
  }

  /** Sends until the source ends or the server hangs up. */
  async send(source: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#ready;
    for await (const bytes of source) {
      while (!this.#over && this.#sentBytes - this.#receivedBytes > maxUnacknowledgedBytes) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#over) return;
      this.#sentBytes += bytes.length;
      await new Promise<void>((resolve) => this.#socket.send(bytes, () => resolve()));
    }
  }

  /** Ends the broadcast cleanly; resolves when the server has hung up. Idempotent. */
  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: 'end' }));
    else this.#socket.terminate();
    await this.closed;
  }
}
