import { request as askPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as askSecure } from 'node:https';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { whenGone } from '../http/when-gone.js';
import { notHereHeader, notHereWords } from './node-proof.js';

/** Of the words by which the other node refuses. */
const maxRefusalBytes = 65_536;
/** Until the other node has answered the request for a WebSocket. */
const answerTimeoutMs = 10_000;
/** For what was said last, when the other end has gone. */
const farewellMs = 5000;

export interface TunnelOptions {
  readonly node: URL;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Hands a WebSocket on to another node, byte for byte: pings, close codes and how much may be on its way are a matter of the two ends.
 * What the other node refuses is refused here in the same words. Resolves when the request has its answer; rejects when the node
 * can't be reached.
 */
export async function tunnelSocket(request: FastifyRequest, reply: FastifyReply, { node: { protocol, hostname, port }, path, headers }: TunnelOptions): Promise<void> {
  const near = request.raw.socket;
  const ask = protocol === 'https:' ? askSecure : askPlain;
  const asking = ask({ hostname: hostname.replace(/^\[|\]$/g, ''), port, path, headers, agent: false, timeout: answerTimeoutMs });
  asking.on('timeout', () => asking.destroy(new Error(`expected the other node to answer within ${answerTimeoutMs} ms`)));
  const cancel = whenGone(near, () => {
    // Of an upgrade that waits for its answer nobody reads, so a mere end would not be seen there. TLS knows no reset.
    if (protocol !== 'https:') asking.socket?.resetAndDestroy();
    asking.destroy(new Error('the client has gone'));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      asking.on('error', reject);
      asking.on('response', (answer) => {
        if (answer.headers[notHereHeader] === undefined) return void passOn(answer, reply).then(resolve, reject);
        asking.destroy(new Error(notHereWords));
      });
      asking.on('upgrade', (answer, far, head) => {
        reply.hijack();
        if (head.length > 0) far.unshift(head);
        join(near, far, answer);
        resolve();
      });
      asking.end();
    });
  } finally {
    cancel();
  }
}

function join(near: Socket, far: Socket, answer: IncomingMessage): void {
  for (const socket of [near, far]) {
    socket.setTimeout(0); // the ends watch each other
    socket.setNoDelay(true);
  }
  near.write(headOf(answer));
  for (const [from, to] of [[near, far], [far, near]] as const) {
    from.on('error', () => undefined); // it is closed then
    from.pipe(to);
    from.once('close', () => {
      to.setTimeout(farewellMs, () => to.destroy());
      to.destroySoon();
    });
  }
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index < rawHeaders.length; index += 2) lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

async function passOn(answer: IncomingMessage, reply: FastifyReply): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxRefusalBytes) break;
    chunks.push(chunk);
  }
  const { statusCode = 502, headers } = answer;
  for (const name of ['content-type', 'cache-control', 'retry-after', 'www-authenticate', 'location', 'upgrade']) {
    const value = headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  await reply.code(statusCode).send(Buffer.concat(chunks));
}
