import type { IncomingHttpHeaders } from 'node:http';
import { fastifyReplyFrom } from '@fastify/reply-from';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { clientAddress, clientProtocol, vouchFor, type VouchedClient } from '../http/client-of.js';
import { askForBody } from '../http/expect-continue.js';
import { requireStillThere } from '../http/when-gone.js';
import { LiveError } from '../protocol/live-error.js';
import { isStreamName } from '../protocol/urls.js';
import type { Homes } from './homes.js';
import { proofHeader, type NodeProof } from './node-proof.js';
import type { RedisDirectory } from './redis-directory.js';
import { tunnelSocket } from './socket-tunnel.js';

export interface ForwardingOptions {
  readonly directory: Pick<RedisDirectory, 'holds' | 'locate'>;
  readonly homes: Pick<Homes, 'of' | 'forget'>;
  readonly proof: NodeProof;
}

/** A connection to another node is kept for the next request; shorter than that node would keep it. */
const keepAliveMs = 4000;

/** What is said of one connection, or by proxies in front of the first node: the other one is told by the proof. */
const notHandedOn = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'proxy-connection'];

/** The methods of requests that have a body. */
const withBody: readonly string[] = ['PUT', 'POST', 'PATCH', 'DELETE'];

/**
 * Whatever names one stream is answered by the node that has it, before anything is asked or counted here: so who may what, how much, and
 * who is how many is judged in one place. What another node handed on is never handed on again.
 */
export async function forwardElsewhere(app: FastifyInstance, { directory, homes, proof }: ForwardingOptions): Promise<void> {
  await app.register(fastifyReplyFrom, {
    disableRequestLogging: true,
    destroyAgent: true,
    disableCache: true,
    undici: { keepAliveTimeout: keepAliveMs, headersTimeout: 0, bodyTimeout: 0 },
  });

  const elsewhere = async (stream: string, broadcast: string | undefined): Promise<string | undefined> => {
    if (directory.holds(stream)) return undefined;
    if (broadcast !== undefined && (await directory.locate(stream, broadcast))) return undefined;
    return homes.of(stream);
  };

  app.addHook('onRequest', async (request, reply) => {
    const came = request.headers[proofHeader];
    if (came !== undefined) return vouchFor(request, readProof(proof, request, String(came)));
    const { stream, broadcast } = request.params as { stream?: string; broadcast?: string };
    if (stream === undefined || !isStreamName(stream)) return;
    const node = await elsewhere(stream, broadcast);
    if (node === undefined) return;
    requireStillThere(request.ws ? request.raw.socket : reply.raw);
    const target = new URL(node);
    const path = handedOnPath(request.url);
    const headers = headersFor(request, path, proof);
    const lost = (cause: unknown): LiveError => {
      homes.forget(stream);
      return new LiveError('unavailable', `the server that has "${stream}" can not be reached just now; try again in a moment`, { cause });
    };
    if (request.ws) {
      await tunnelSocket(request, reply, { node: target, path, headers }).catch((error: unknown) => {
        throw lost(error);
      });
    } else {
      if (withBody.includes(request.method)) request.body = request.raw;
      askForBody(reply.raw);
      void reply.from(`${target.origin}${path.split('?', 1)[0]}`, { rewriteRequestHeaders: () => headers, rewriteHeaders: withoutConnection, retryDelay: () => null, onError: (_reply, { error }) => void reply.send(lost(error)) });
    }
    return reply;
  });
}

/** @throws {LiveError} unauthorized */
function readProof(proof: NodeProof, request: FastifyRequest, header: string): VouchedClient {
  const { method, headers } = request.raw;
  const client = proof.read(header, { method: method ?? '', url: request.raw.url ?? '', host: headers.host ?? '' });
  if (client) return client;
  throw new LiveError('unauthorized', `expected ${proofHeader} from a server with the same CLUSTER_SECRET and the same time of day, got another one`);
}

/** As URLs are written; a query is left as it came. */
function handedOnPath(url: string): string {
  const [path = '/'] = url.split('?', 1);
  return `${new URL(path, 'http://node').pathname}${url.slice(path.length)}`;
}

function headersFor(request: FastifyRequest, url: string, proof: NodeProof): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !name.startsWith(':') && !notHandedOn.includes(name)));
  const { host } = request;
  const said = proof.sign({ method: request.method, url, host }, { address: clientAddress(request), protocol: clientProtocol(request) });
  return { ...headers, host, [proofHeader]: said };
}

function withoutConnection({ connection: _connection, 'keep-alive': _keepAlive, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}
