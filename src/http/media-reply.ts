import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoded } from '../hls/encoded.js';
import type { WatchClient } from '../hls/held-requests.js';
import { whenGone, type Peer } from './when-gone.js';

const mediaHeaders = ['content-type', 'video/mp4', 'accept-ranges', 'bytes'] as const;
const playlistHeaders = ['content-type', 'application/vnd.apple.mpegurl', 'vary', 'Accept-Encoding'] as const;
const zippedPlaylistHeaders = [...playlistHeaders, 'content-encoding', 'gzip'] as const;

/** Bytes, and what is said of them. */
interface Representation {
  /** Names and values in turn, as Node takes them: building objects would cost more than the rest of an answer. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** A playlist or media, whole, for a client that sent these headers. */
function represent(body: Encoded | Buffer, headers: IncomingHttpHeaders): Representation {
  if (Buffer.isBuffer(body)) return { headers: mediaHeaders, body };
  return acceptsGzip(headers['accept-encoding']) ? { headers: zippedPlaylistHeaders, body: body.gzip } : { headers: playlistHeaders, body: body.identity };
}

/** Sends a playlist or media, or the range of it that is asked for. */
export function sendMedia(request: FastifyRequest, reply: FastifyReply, found: Encoded | Buffer): FastifyReply {
  const { headers, body } = represent(found, request.headers);
  // Some native players ask for one.
  const range = body === found ? parseRange(request.headers.range, body.length) : undefined;
  if (range === 'unsatisfiable') {
    const message = `expected a range within ${body.length} bytes, got ${String(request.headers.range)}`;
    return reply.code(416).header('cache-control', 'no-store').header('content-range', `bytes */${body.length}`).send({ code: 'malformed', message });
  }
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!];
    if (name === 'vary') addVary(reply, value);
    else reply.header(name, value);
  }
  if (!range) return reply.send(body);
  return reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${body.length}`).send(body.subarray(range.start, range.end + 1));
}

/** Gives up an answer that can no longer be delivered. */
export function watchClient(response: Peer): WatchClient {
  return (giveUp) => whenGone(response, giveUp);
}

/** RFC 9110 §14.2: a range that can't be parsed, or more than one, is answered as if none had been asked for. */
export function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || match[0] === 'bytes=-') return undefined;
  const [first, last] = [match[1], match[2]].map((digits) => (digits === '' ? undefined : Number(digits)));
  if (first === undefined) return last === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - last!), end: size - 1 };
  if (last !== undefined && last < first) return undefined;
  return first >= size ? 'unsatisfiable' : { start: first, end: Math.min(last ?? size - 1, size - 1) };
}

/** RFC 9110 §12.5.3, for the one coding that is offered. */
export function acceptsGzip(header: string | readonly string[] | undefined): boolean {
  // As browsers say it, at the head of a longer list, six times a second.
  if (typeof header === 'string' && /^gzip *(,|$)/.test(header)) return true;
  const codings = String(header ?? '').split(',').map((entry) => entry.toLowerCase().split(';').map((part) => part.trim()));
  const found = codings.find(([coding]) => coding === 'gzip') ?? codings.find(([coding]) => coding === '*');
  const weight = found?.find((part) => part.startsWith('q='))?.slice(2);
  return found !== undefined && Number(weight ?? 1) > 0;
}

/** One more header that the answer depends on, RFC 9110 §12.5.5. */
export function addVary(reply: FastifyReply, name: string): void {
  const present = reply.getHeader('vary');
  reply.header('vary', present === undefined ? name : `${String(present)}, ${name}`);
}
