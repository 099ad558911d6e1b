import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { DeliveryDirectives } from '../hls/blocking-request.js';
import type { Encoded } from '../hls/encoded.js';
import type { Answer } from '../hls/rendition.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { LiveStream } from '../live/live-stream.js';
import { clientId, knownAnswers } from './hls-routes.js';
import { cacheControl, represent, watchClient } from './media-reply.js';
import { anybodysHeaders, liveHeaders } from './playback-cors.js';

const openHeaders = [liveHeaders, anybodysHeaders].flatMap((headers) => Object.entries(headers).flat());

/** `/live/:stream/:broadcast/:file`, with the directives in the order in which players send them. */
const plainUrl = /^\/live\/([\w-]+)\/([\w-]+)\/([\w.]+)(?:\?_HLS_msn=(\d+)(?:&_HLS_part=(\d+))?(?:&_HLS_skip=(YES|v2))?)?$/;

export interface PlainHlsOptions {
  readonly app: FastifyInstance;
  readonly registry: LiveRegistry;
  /** Whether this request may be answered here: what the hooks before `hlsRoutes` would say. */
  readonly mayAnswer: (request: IncomingMessage) => boolean;
}

interface PlainRequest {
  readonly liveStream: LiveStream;
  readonly file: string;
  readonly directives: DeliveryDirectives;
}

/**
 * The short way to playlists and media. Every low-latency player asks six times a second, and a seventh of what that costs
 * the server is hooks, routing and the making of replies: so where everybody may watch, the plainest requests are answered
 * before the router. Whatever has a range, an error or anything else about it goes the long way, to `hlsRoutes`.
 */
export function answerPlainHls({ app, registry, mayAnswer }: PlainHlsOptions): void {
  const { server } = app;
  const [theLongWay] = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  if (!theLongWay) throw new Error("expected Fastify's listener for requests, found none");
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const plain = mayAnswer(request) ? readPlainRequest(request, registry) : undefined;
    if (!plain) return theLongWay(request, response);
    find(plain, request, response).then(
      (answer) => {
        if (answer.body) return send(request, response, answer.body, answer.maxAgeSeconds);
        // It may have been held for long: it is not to be held again.
        knownAnswers.set(request, answer);
        theLongWay(request, response);
      },
      () => theLongWay(request, response),
    );
  });
}

function readPlainRequest({ method, url = '', headers }: IncomingMessage, registry: LiveRegistry): PlainRequest | undefined {
  if (method !== 'GET' || headers.range !== undefined) return undefined;
  const found = plainUrl.exec(url);
  if (!found) return undefined;
  const [, stream = '', broadcast = '', file = '', _HLS_msn, _HLS_part, _HLS_skip] = found;
  const liveStream = registry.broadcast(stream, broadcast);
  // Some players are sent something else there.
  if (!liveStream || liveStream.rendition.initAfterDiscontinuity(file)) return undefined;
  return { liveStream, file, directives: { _HLS_msn, _HLS_part, _HLS_skip } };
}

function find({ liveStream: { rendition, audience }, file, directives }: PlainRequest, { socket, headers }: IncomingMessage, response: ServerResponse): Promise<Answer> {
  if (file !== 'media.m3u8') return rendition.media(file, watchClient(response));
  audience.saw(clientId(socket.remoteAddress, headers));
  return rendition.mediaPlaylist(directives, watchClient(response));
}

function send(request: IncomingMessage, response: ServerResponse, found: Encoded | Buffer, maxAgeSeconds: number): void {
  if (response.destroyed) return;
  const { headers, body } = represent(found, request.headers);
  response.writeHead(200, [...openHeaders, 'cache-control', cacheControl(maxAgeSeconds), ...headers, 'content-length', String(body.length)]);
  response.end(body);
}
