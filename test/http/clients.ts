import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Readable, Writable } from 'node:stream';
import type { Test } from 'tap';
import { makeCertificates } from './certificates.js';

/** One request, whatever carries it: the body is written to `body`, and what is answered is read from `answer`. */
export interface Exchange {
  readonly body: Writable;
  /** Resolves with the head of the answer. */
  readonly answer: Promise<{ readonly status: number; readonly headers: Record<string, unknown>; readonly body: Readable }>;
  /** Leaves in the middle of it. */
  readonly leave: () => void;
}

export interface Client {
  readonly ask: (path: string, options?: { method?: string; headers?: Record<string, string> }) => Exchange;
  /** Its connection, with all that goes on there. */
  readonly close: () => void;
}

export interface Way {
  readonly name: string;
  /** What the server is started with. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** A client with one connection of its own. */
  readonly client: (t: Test, address: string) => Client;
}

/** HTTP/1.1 in the clear, HTTP/1.1 with TLS, HTTP/2. */
export function waysToAsk(t: Test): Way[] {
  const files = makeCertificates(t);
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  return [
    { name: 'HTTP/1.1', tls: undefined, client: (t, address) => http1(t, address, false) },
    { name: 'HTTP/1.1 with TLS', tls, client: (t, address) => http1(t, address, true) },
    { name: 'HTTP/2', tls, client: (t, address) => http2(t, address) },
  ];
}

function http1(t: Test, address: string, secure: boolean): Client {
  const agent = secure ? new SecureAgent({ keepAlive: true, maxSockets: 1, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false }) : new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return {
    close: () => agent.destroy(),
    ask: (path, { method = 'GET', headers = {} } = {}) => {
      const asked: ClientRequest = (secure ? secureRequest : request)(`${secure ? 'https' : 'http'}://${address}${path}`, { agent, method, headers });
      asked.on('error', () => undefined);
      t.teardown(() => asked.destroy());
      if (method === 'GET') asked.end();
      const answer = new Promise<IncomingMessage>((resolve, reject) => asked.once('response', resolve).once('error', reject)).then((response) => {
        response.on('error', () => undefined);
        return { status: response.statusCode ?? 0, headers: response.headers, body: response };
      });
      answer.catch(() => undefined);
      return { body: asked, answer, leave: () => asked.destroy() };
    },
  };
}

function http2(t: Test, address: string): Client {
  const session: ClientHttp2Session = connect(`https://${address}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  t.teardown(() => session.destroy());
  return {
    close: () => session.destroy(),
    ask: (path, { method = 'GET', headers = {} } = {}) => {
      const stream = session.request({ ':path': path, ':method': method, ...headers }, { endStream: method === 'GET' });
      stream.on('error', () => undefined);
      const answer = once(stream, 'response').then(([head]) => ({ status: Number((head as Record<string, unknown>)[':status']), headers: head as Record<string, unknown>, body: stream }));
      answer.catch(() => undefined);
      return { body: stream, answer, leave: () => stream.close(constants.NGHTTP2_CANCEL) };
    },
  };
}
