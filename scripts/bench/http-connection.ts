import { connect, type Socket } from 'node:net';

export interface HttpResponse {
  readonly status: number;
  /** As written in the response. */
  readonly head: string;
  readonly body: Buffer;
  /** When its last byte was read, on this process's hrtime in milliseconds. */
  readonly arrivedMs: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * One keep-alive HTTP/1.1 connection, one request at a time, for answers with a Content-Length. It does as little as it
 * can for a response, so that the client does not become what is measured.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #head: { readonly status: number; readonly text: string; readonly bodyStart: number; readonly totalBytes: number } | undefined;
  #settle: { resolve: (response: HttpResponse) => void; reject: (error: Error) => void } | undefined;

  constructor(origin: string) {
    const { hostname, port, host } = new URL(origin);
    this.#host = host;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  get(path: string, headers = ''): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${headers}\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#head) {
      const bytes = this.#joined();
      const end = bytes.indexOf(headEnd);
      if (end < 0) return;
      const text = bytes.toString('latin1', 0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) return this.#fail(new Error(`expected a Content-Length, got ${text}`));
      this.#head = { status: Number(text.slice(9, 12)), text, bodyStart: end + 4, totalBytes: end + 4 + length };
    }
    if (this.#bytes < this.#head.totalBytes) return;
    const { status, text, bodyStart } = this.#head;
    const body = this.#joined().subarray(bodyStart);
    const settle = this.#settle;
    this.#chunks = [];
    this.#bytes = 0;
    this.#head = undefined;
    this.#settle = undefined;
    settle?.resolve({ status, head: text, body, arrivedMs: Number(process.hrtime.bigint()) / 1e6 });
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}
