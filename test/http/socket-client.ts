import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

/** What the connection brought until it was over; a reset ends it too, and `once` would reject with that. */
export async function readToClose(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += String(chunk))).on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** A WebSocket client that keeps what it was told, so that a test can wait for it in order. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #messages: (Record<string, unknown> | Buffer)[] = [];
  #wake: (() => void) | undefined;

  constructor(t: Test, url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data, isBinary) => {
      this.#messages.push(isBinary ? (data as Buffer) : (JSON.parse((data as Buffer).toString()) as Record<string, unknown>));
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
    t.teardown(() => this.socket.terminate());
  }

  /** The next message, text as the JSON it holds. */
  async next(): Promise<Record<string, unknown> | Buffer> {
    for (;;) {
      const message = this.#messages.shift();
      if (message) return message;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next message, which must be a binary one. */
  async nextBytes(): Promise<Buffer> {
    const message = await this.next();
    if (Buffer.isBuffer(message)) return message;
    throw new Error(`expected a binary message, got ${JSON.stringify(message)}`);
  }

  /** The next text message of that type; what comes before it is passed over. */
  async nextOf(type: string): Promise<Record<string, unknown>> {
    for (;;) {
      const message = await this.next();
      if (!Buffer.isBuffer(message) && message.type === type) return message;
    }
  }
}

/** What a WebSocket request is answered with when it is refused. */
export async function refusal(t: Test, url: string, options: ClientOptions = {}): Promise<{ status: number; body: unknown }> {
  const socket = new WebSocket(url, options);
  socket.on('error', () => undefined);
  t.teardown(() => socket.terminate());
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
}
