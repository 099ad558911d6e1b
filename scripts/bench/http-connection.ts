import type { Socket } from 'node:net';

import { connectLending } from './lending-socket.js';

export interface HttpResponse {
  readonly status: number;
  /** Empty when it was not to be kept and all is well: a refusal is kept, for its words. */
  readonly body: Buffer;
  readonly bodyBytes: number;
  /** When its last byte was read, on this process's hrtime in milliseconds. */
  readonly arrivedMs: number;
}

interface HttpGet {
  /** Each with its line break. */
  readonly headers?: string;
  /** Whether anybody looks at the body. */
  readonly keepBody?: boolean;
}

const headEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/**
 * One keep-alive HTTP/1.1 connection, one request at a time, for answers with a Content-Length. It does as little as it
 * can for a response, so that the client does not become what is measured.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #keepBody = true;
  /** Of an answer whose head is not whole. */
  #start = nothing;
  #answer: { readonly status: number; readonly body: Buffer; readonly bodyBytes: number } | undefined;
  #received = 0;
  #settle: { resolve: (response: HttpResponse) => void; reject: (error: Error) => void } | undefined;

  constructor(origin: string) {
    this.#host = new URL(origin).host;
    this.#socket = connectLending(origin, (lent) => this.#take(lent));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  get(path: string, { headers = '', keepBody = true }: HttpGet = {}): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#keepBody = keepBody;
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${headers}\r\n`);
    });
  }

  /** @throws {Error} with its words, when it is refused */
  async getOk(path: string, get?: HttpGet): Promise<HttpResponse> {
    const response = await this.get(path, get);
    if (response.status >= 400) throw new Error(`expected ${path}, got status ${String(response.status)}: ${response.body.toString()}`);
    return response;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(lent: Buffer): void {
    const body = this.#answer ? lent : this.#takeHead(lent);
    if (!this.#answer || !body) return;
    if (this.#keepBody) body.copy(this.#answer.body, this.#received);
    this.#received += body.length;
    if (this.#received < this.#answer.bodyBytes) return;
    const { resolve } = this.#settle ?? {};
    const response = { ...this.#answer, arrivedMs: Number(process.hrtime.bigint()) / 1e6 };
    this.#answer = undefined;
    this.#settle = undefined;
    resolve?.(response);
  }

  /** What comes after the head; undefined while that is not whole. */
  #takeHead(lent: Buffer): Buffer | undefined {
    const bytes = this.#start.length > 0 ? Buffer.concat([this.#start, lent]) : lent;
    const end = bytes.indexOf(headEnd);
    this.#start = end < 0 ? Buffer.from(bytes) : nothing;
    if (end < 0) return undefined;
    const head = bytes.toString('latin1', 0, end);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(bodyBytes)) {
      this.#fail(new Error(`expected a Content-Length, got ${head}`));
      return undefined;
    }
    this.#received = 0;
    const status = Number(head.slice(9, 12));
    this.#keepBody ||= status >= 400;
    this.#answer = { status, bodyBytes, body: this.#keepBody ? Buffer.allocUnsafe(bodyBytes) : nothing };
    return bytes.subarray(end + headEnd.length);
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}
