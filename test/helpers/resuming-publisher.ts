import { WebSocket } from 'ws';

import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { waitUntil, type Teardown } from './programs.js';

export interface ResumingPublisherOptions {
  readonly url: string;
  readonly random: () => number;
}

/** Without a word for this long while bytes wait, the connection is given up. */
const silenceMs = 1_200;

/** A publisher that knows nothing but the protocol page: `ready`, `ack`, `?resume=`, `end`. */
export class ResumingPublisher {
  readonly broadcasts = new Set<string>();
  readonly closed: Promise<{ code: number; reason: string }>;
  /** What the server did that the protocol does not allow. */
  readonly faults: string[] = [];
  /** Codes of what it was warned of. */
  readonly warnings: string[] = [];
  /** `received` of every `ready`. */
  readonly resumedAt: number[] = [];
  readonly #options: ResumingPublisherOptions;
  readonly #borders = new Set([0]);
  readonly #timer: NodeJS.Timeout;
  #settle: (how: { code: number; reason: string }) => void = () => undefined;
  #bytes = Buffer.alloc(0);
  #sent = 0;
  #acknowledged = 0;
  #socket: WebSocket | undefined;
  #ready = false;
  #token: string | undefined;
  #ending = false;
  #heardAtMs = performance.now();
  #over = false;

  constructor(t: Teardown, options: ResumingPublisherOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#connect();
    this.#timer = setInterval(() => this.#watch(), 50);
    t.teardown(() => this.#finish({ code: 1006, reason: 'the test is over' }));
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** Resolves when the server took the first connection. */
  async whenReady(): Promise<void> {
    await waitUntil('the first ready', () => this.#token);
  }

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#send();
  }

  end(): void {
    this.#ending = true;
    this.#send();
  }

  #connect(): void {
    const url = new URL(this.#options.url);
    if (this.#token !== undefined) url.searchParams.set('resume', this.#token);
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: 2_000 });
    this.#socket = socket;
    this.#heardAtMs = performance.now();
    socket.on('unexpected-response', (_request, response) => {
      if (this.#socket === socket) this.#finish({ code: response.statusCode ?? 0, reason: 'refused before the upgrade' });
      response.destroy();
      socket.terminate();
    });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      if (this.#socket === socket) this.#hear(JSON.parse(data.toString()) as IngestMessage);
    });
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      if (code >= 1_000 && code !== 1_005 && code !== 1_006 && code !== 1_001) this.#finish({ code, reason: reason.toString() });
      else this.#lost();
    });
  }

  #lost(): void {
    if (this.#over) return;
    this.#ready = false;
    this.#socket = undefined;
    setTimeout(() => {
      if (!this.#over) this.#connect();
    }, 20 + this.#options.random() * 200);
  }

  #hear(message: IngestMessage): void {
    this.#heardAtMs = performance.now();
    if (message.type === 'ready') {
      this.#token = message.resume;
      this.broadcasts.add(message.broadcast);
      this.resumedAt.push(message.received);
      this.#check('ready', message.received);
      this.#sent = message.received;
      this.#ready = true;
      this.#send();
    }
    if (message.type === 'warning') this.warnings.push(message.code);
    if (message.type === 'ack') this.#check('ack', message.received);
  }

  /** Messages arrive whole or not at all, and what was acknowledged stays so. */
  #check(type: string, received: number): void {
    if (received < this.#acknowledged) this.faults.push(`${type} of ${String(received)} after ${String(this.#acknowledged)}`);
    if (!this.#borders.has(received)) this.faults.push(`${type} of ${String(received)}, where no message ended`);
    this.#acknowledged = received;
  }

  #send(): void {
    if (!this.#ready || this.#socket?.readyState !== WebSocket.OPEN) return;
    while (this.#sent < this.#bytes.length) {
      const message = this.#bytes.subarray(this.#sent, this.#sent + 1 + Math.floor(this.#options.random() * 20_000));
      this.#socket.send(message);
      this.#sent += message.length;
      this.#borders.add(this.#sent);
    }
    if (this.#ending) this.#socket.send('{"type":"end"}');
  }

  #watch(): void {
    const owed = !this.#ready || this.#acknowledged < this.#bytes.length || this.#ending;
    if (this.#socket === undefined || !owed) this.#heardAtMs = performance.now();
    if (performance.now() - this.#heardAtMs < silenceMs) return;
    const socket = this.#socket;
    this.#lost();
    // Not terminated: to the server this connection seems to be open still.
    socket?.close();
  }

  #finish(how: { code: number; reason: string }): void {
    this.#over = true;
    clearInterval(this.#timer);
    this.#socket?.terminate();
    this.#settle(how);
  }
}
