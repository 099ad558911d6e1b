import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import type { TimedMessage } from './fixtures.js';
import type { Teardown } from './programs.js';

type MessageOf<Type extends IngestMessage['type']> = Extract<IngestMessage, { type: Type }>;

/** A publisher's end of the real socket, and everything the server said to it. */
export class TestPublisher {
  readonly messages: IngestMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #opened: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(t: Teardown, url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false, headers });
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) throw new Error('expected only text messages from the server');
      this.messages.push(JSON.parse(data.toString()) as IngestMessage);
      for (const look of this.#waiting) look();
    });
    this.#opened = new Promise((resolve) => this.#socket.once('open', resolve).once('close', resolve));
    this.closed = new Promise((resolve, reject) => {
      this.#socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
      this.#socket.once('unexpected-response', (_request, response) => {
        reject(new RefusedUpgrade(response.statusCode ?? 0));
        response.destroy();
        this.#socket.terminate();
      });
      this.#socket.once('error', reject);
    });
    const end = (): void => {
      this.#isClosed = true;
      for (const look of this.#waiting) look();
    };
    this.closed.then(end, end);
    t.teardown(() => this.#socket.terminate());
  }

  /** Resolves with the first message of a type, whether it came already or not. */
  message<Type extends IngestMessage['type']>(type: Type, timeoutMs = 20_000): Promise<MessageOf<Type>> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(late);
        this.#waiting.delete(look);
        act();
      };
      const tell = (what: string): Error =>
        new Error(`expected a message "${type}", ${what} after ${JSON.stringify(this.messages)}`);
      const look = (): void => {
        const found = this.messages.find((message) => message.type === type);
        if (found) settle(() => resolve(found as MessageOf<Type>));
        else if (this.#isClosed) settle(() => reject(tell('the socket closed')));
      };
      const late = setTimeout(() => settle(() => reject(tell(`none came in ${String(timeoutMs)} ms`))), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  /** How the server hung up; rejects when it does not. */
  async hangUp(timeoutMs = 10_000): Promise<{ code: number; reason: string }> {
    const late = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`expected the server to hang up within ${String(timeoutMs)} ms after ${JSON.stringify(this.messages)}`);
    });
    try {
      return await Promise.race([this.closed, timeout]);
    } finally {
      late.abort();
      timeout.catch(() => undefined);
    }
  }

  /** Waits for the socket to open: what a program says at once would be lost on a busy machine. */
  async send(data: Uint8Array | string): Promise<void> {
    await this.#opened;
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(data, { binary: typeof data !== 'string' }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends every message at its moment; stops early when the server hangs up. */
  async sendPaced(messages: Iterable<TimedMessage>, options: { speed?: number } = {}): Promise<void> {
    const { speed = 1 } = options;
    const start = performance.now();
    for (const { atMs, data } of messages) {
      const waitMs = start + atMs / speed - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (this.#isClosed) return;
      await this.send(data);
    }
  }

  /** Ends the broadcast cleanly and waits for the server to hang up. */
  async end(): Promise<{ code: number; reason: string }> {
    await this.send(JSON.stringify({ type: 'end' }));
    return this.hangUp();
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** The server answered the upgrade with a plain HTTP status. */
export class RefusedUpgrade extends Error {
  constructor(readonly statusCode: number) {
    super(`expected an upgrade to WebSocket, got HTTP ${String(statusCode)}`);
  }
}
