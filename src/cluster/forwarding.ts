import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Agent } from 'undici';
import { clientAddress, clientProtocol, vouchFor, type VouchedClient } from '../http/client-of.js';
import { comeAgainSoon } from '../http/come-again.js';
import { askForBody } from '../http/expect-continue.js';
import { sendGap, stopsWithoutSegment } from '../http/vlc-3.js';
import { relayTo } from '../http/relayed.js';
import { spareWhileItWaits } from '../http/waiting-client.js';
import { isGone, requireStillThere, whenGone } from '../http/when-gone.js';
import { placeOf } from '../protocol/viewer-place.js';
import { LiveError } from '../protocol/live-error.js';
import { streamOfRecording } from '../live/recording.js';
import { isStreamName } from '../protocol/urls.js';
import { provenMethodOf } from './feed-proof.js';
import type { Homes } from './homes.js';
import { notHereHeader, notHereWords, proofHeader, type NodeProof } from './node-proof.js';
import type { RedisDirectory } from './redis-directory.js';
import type { Whereabouts } from './name-store.js';
import type { Relays } from './relays.js';
import { tunnelSocket } from './socket-tunnel.js';

export interface ForwardingOptions {
  readonly directory: Pick<RedisDirectory, 'holds' | 'locate'>;
  readonly homes: Pick<Homes, 'of' | 'now' | 'later' | 'forget'>;
  readonly proof: NodeProof;
  /** Where streams of other nodes are fetched once for all who are sent their fragments here. */
  readonly relays: Pick<Relays, 'open'>;
  /** Whether a recording is listed here. */
  readonly hasRecording?: ((id: string) => boolean) | undefined;
  /** So long another node may take to answer, beyond what it may hold a request for: its process may stand still while its connections stay open. */
  readonly answerMs?: number | undefined;
  /** How long a broadcast waits for its publisher, and who watches it with it. */
  readonly resumeWindowMs: number;
}

/** A connection to another node is kept for the next request; shorter than that node would keep it. */
const keepAliveMs = 4000;

/**
 * So long a request for a playlist is held while no node has its stream, but one may go on with it: hls.js tries a few times only, and waits
 * for 10 s each time.
 */
const heldMs = 8000;

/** How long requests may be held for while nothing is written down of the broadcast. */
const unknownTargetSeconds = 6;
/** An endless body is silent for no longer, beyond what it waits for its publisher. */
const endlessIdleMs = 120_000;

/** What is said of one connection, or by proxies in front of the first node: the other one is told by the proof. */
const notHandedOn = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'proxy-connection'];

/** What routes with a stream's name are asked by, and whether that has a body. */
const methods = { GET: false, HEAD: false, OPTIONS: false, PUT: true, POST: true, PATCH: true, DELETE: true } as const;

/**
 * Whatever names one stream is answered by the node that has it, before anything is asked or counted here: so who may what, how much, and
 * who is how many is judged in one place. What another node handed on is never handed on again.
 */
export async function forwardElsewhere(app: FastifyInstance, { directory, homes, proof, relays, resumeWindowMs, hasRecording = () => true, answerMs = 10_000 }: ForwardingOptions): Promise<void> {
  const agent = new Agent({ keepAliveTimeout: keepAliveMs });
  app.addHook('onClose', async () => agent.destroy());

  /** Undefined: it is for this node to answer. */
  const elsewhere = async (stream: string, broadcast: string | undefined, ask: (stream: string) => Promise<Whereabouts>): Promise<Whereabouts | undefined> => {
    if (directory.holds(stream)) return undefined;
    if (broadcast !== undefined && (await directory.locate(stream, broadcast))) return undefined;
    const found = await ask(stream);
    return directory.holds(stream) ? undefined : found;
  };

  /** Resolves when the other node has answered, or the client has gone: undefined; otherwise with why that node could not be reached. */
  const handOn = async (request: FastifyRequest, reply: FastifyReply, node: URL, targetDurationSeconds: number | undefined): Promise<Error | undefined> => {
    const path = handedOnPath(request.url);
    const headers = headersFor(request, path, proof);
    if (request.ws) return tunnelSocket(request, reply, { node, path, headers }).then(() => undefined, toError);
    askForBody(reply.raw);
    // Whoever leaves is not waited for there either.
    const leaving = new AbortController();
    const callOff = whenGone(reply.raw, () => leaving.abort());
    // What that node takes in at its own pace stands still here for minutes: between two moments when there is room on the way, megabytes pass.
    const spareNoMore = spareWhileItWaits(request, reply);
    try {
      const method = request.method as keyof typeof methods;
      const silentMs = patienceMs(request, { answerMs, resumeWindowMs, targetDurationSeconds });
      const { statusCode, headers: answered, body } = await agent.request({
        ...{ origin: node.origin, path, method, headers: withoutConnection(headers) },
        body: methods[method] ? request.raw : null,
        ...{ headersTimeout: silentMs, bodyTimeout: silentMs, signal: leaving.signal },
      });
      if (answered[notHereHeader] !== undefined) {
        await body.dump();
        return new Error(notHereWords);
      }
      // What is left of a body that nobody wants would be read as the next request.
      if (request.raw.httpVersionMajor === 1 && !request.raw.complete) reply.header('connection', 'close');
      void reply.code(statusCode).headers(withoutConnection(answered)).send(body);
      return undefined;
    } catch (error) {
      return isGone(reply.raw) ? undefined : toError(error);
    } finally {
      callOff();
      spareNoMore();
    }
  };

  /** As `handOn`; what is fetched once for all is answered here. */
  const answerFrom = async (request: FastifyRequest, reply: FastifyReply, stream: string, { node, targetDurationSeconds }: Whereabouts & { node: string }): Promise<'here' | 'there' | Error> => {
    try {
      const watched = isSentFragments(request) ? await relays.open(stream, node, placeOf(request.query as object)) : undefined;
      if (watched) relayTo(request, watched);
      if (watched) return 'here';
    } catch (error) {
      return toError(error);
    }
    return (await handOn(request, reply, new URL(node), targetDurationSeconds)) ?? 'there';
  };

  /** One that grows is at the node which has its stream, and nowhere else yet. Undefined: it is for this node to answer. */
  const handOnRecording = async (request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply | undefined> => {
    const stream = hasRecording(id) ? undefined : streamOfRecording(id);
    const node = stream === undefined || directory.holds(stream) ? undefined : (await homes.of(stream)).node;
    if (stream === undefined || node === undefined) return undefined;
    requireStillThere(reply.raw);
    const failure = await handOn(request, reply, new URL(node), undefined);
    if (!failure) return reply;
    homes.forget(stream);
    throw lost(stream, failure);
  };

  app.addHook('onRequest', async (request, reply) => {
    const came = request.headers[proofHeader];
    const { stream, broadcast } = request.params as { stream?: string; broadcast?: string };
    const isNamed = stream !== undefined && isStreamName(stream);
    if (came !== undefined) {
      vouchFor(request, readProof(proof, request, String(came)));
      if (!isNamed || directory.holds(stream) || (await directory.locate(stream, broadcast)) || (await directory.locate(stream))) return;
      reply.header(notHereHeader, '1');
      throw lost(stream);
    }
    const { id } = request.params as { id?: string };
    if (id !== undefined && isOfRecording(request)) return handOnRecording(request, reply, id);
    if (!isNamed) return;
    const untilMs = performance.now() + (isPlaylist(request) ? heldMs : 0);
    let found = await elsewhere(stream, broadcast, (name) => (isPublishing(request) ? homes.now(name) : homes.of(name)));
    for (;;) {
      if (found === undefined || (isPublishing(request) && !found.isOwned)) return;
      if (found.isUnknown && asksForBroadcast(request) && !(await directory.locate(stream))) return giveUp(request, reply, unknown(stream));
      if (found.node === undefined && !(found.mayGoOn && isWatching(request))) return;
      requireStillThere(request.ws ? request.raw.socket : reply.raw);
      const { node } = found;
      const answered = node === undefined ? undefined : await answerFrom(request, reply, stream, { ...found, node });
      if (answered === 'here') return;
      if (answered === 'there') return reply;
      if (answered) homes.forget(stream);
      if (performance.now() >= untilMs || isGone(reply.raw)) return giveUp(request, reply, lost(stream, answered));
      found = await elsewhere(stream, broadcast, (name) => homes.later(name));
    }
  });
}

/** @throws {LiveError} that one, but for who would not come again */
function giveUp(request: FastifyRequest, reply: FastifyReply, failure: LiveError): FastifyReply | Promise<FastifyReply> {
  if (stopsWithoutSegment(request)) return sendGap(request, reply);
  throw failure;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Whether somebody wants to publish: only the node that has the name can say anything to it, or this one where none has. */
function isPublishing({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url === '/live/:stream/publish';
}

/** Whether somebody only wants to watch: it is worth asking again when another node goes on. */
function isWatching({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && url.startsWith('/live/:stream/') && url !== '/live/:stream/uplink-test' && url !== '/live/:stream/publish';
}

/** Whether the answer would be that there is no such broadcast, where there is none here. */
function asksForBroadcast(request: FastifyRequest): boolean {
  const { method, routeOptions: { url } } = request;
  return isWatching(request) || (url === '/api/streams/:stream' && method !== 'PATCH');
}

function isOfRecording({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return /^(\/api)?\/recordings\/:id/.test(url);
}

/** Whether it is answered with fragments as they come, or what is made of them as they come, and by nothing else. */
function isSentFragments({ method, ws, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return method === 'GET' && (isEndless(url) || (ws && url.endsWith('/play')));
}

function isPlaylist(request: FastifyRequest): boolean {
  return isWatching(request) && (request.routeOptions.url ?? '').endsWith('.m3u8');
}

/** So long the other node may be silent, in ms; 0: for ever. Playlists are held for three target durations at most. */
export function patienceMs(request: FastifyRequest, { answerMs, resumeWindowMs, targetDurationSeconds = unknownTargetSeconds }: { answerMs: number; resumeWindowMs: number; targetDurationSeconds: number | undefined }): number {
  if (isPublishing(request)) return 0; // its answer comes at its end
  if (isEndless(request.routeOptions.url ?? '')) return endlessIdleMs + resumeWindowMs;
  if (isOfRecording(request)) return endlessIdleMs; // a file is made of it first
  return isWatching(request) ? answerMs + 3000 * targetDurationSeconds : answerMs;
}

function isEndless(url: string): boolean {
  return /\/(stream\.mp4|stream\.flv|frames)$/.test(url);
}

/** Its node has died, or its broadcast is on the way to another one. */
function lost(stream: string, cause?: Error): LiveError {
  return comeAgainSoon(`the server that has "${stream}" can not be reached just now; try again in a moment`, cause);
}

/** It is not said to be over, nor not to have begun: players would give up. */
function unknown(stream: string): LiveError {
  return comeAgainSoon(`the directory of the cluster can not be reached, so nobody knows here whether "${stream}" is live; try again in a moment`);
}

/** @throws {LiveError} unauthorized */
function readProof(proof: NodeProof, request: FastifyRequest, header: string): VouchedClient {
  const { headers } = request.raw;
  const client = proof.read(header, { method: provenMethodOf(request.raw), url: request.raw.url ?? '', host: headers.host ?? '' });
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

/** Without what is said of one connection alone, and what that says is of it (RFC 9110 §7.6.1). */
function withoutConnection(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const ofConnection = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', ...(headers.connection ?? '').toLowerCase().split(/[ ,]+/)];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));
}
