import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoded } from '../hls/encoded.js';
import type { Answer, WatchClient } from '../hls/rendition.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import { LiveError } from '../live/errors.js';

const playlistType = 'application/vnd.apple.mpegurl';
const mediaType = 'video/mp4';
const errorCodeOfStatus: Readonly<Record<number, ErrorCode>> = { 400: 'malformed', 404: 'not-found', 503: 'unavailable' };

/**
 * Turns what a rendition answers into an HTTP answer.
 * @throws {LiveError} with the rendition's words, when it has nothing to give
 */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  reply.header('cache-control', answer.maxAgeSeconds > 0 ? `max-age=${answer.maxAgeSeconds}` : 'no-cache');
  if (!answer.body) throw new LiveError(errorCodeOfStatus[answer.status] ?? 'internal', answer.message ?? 'nothing to play');
  return Buffer.isBuffer(answer.body) ? sendMedia(request, reply, answer.body) : sendPlaylist(request, reply, answer.body);
}

/** Gives up an answer that can no longer be delivered. */
export function watchClient(reply: FastifyReply): WatchClient {
  return (giveUp) => {
    reply.raw.on('close', giveUp);
    return () => reply.raw.off('close', giveUp);
  };
}

function sendPlaylist(request: FastifyRequest, reply: FastifyReply, playlist: Encoded): FastifyReply {
  reply.header('content-type', playlistType);
  addVary(reply, 'Accept-Encoding');
  if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(playlist.identity);
  return reply.header('content-encoding', 'gzip').send(playlist.gzip);
}

/** The bytes, or the one range of them that was asked for: some native players do. */
function sendMedia(request: FastifyRequest, reply: FastifyReply, bytes: Buffer): FastifyReply {
  const range = parseRange(request.headers.range, bytes.length);
  if (range === 'unsatisfiable') {
    const message = `expected a range within ${bytes.length} bytes, got ${String(request.headers.range)}`;
    return reply.code(416).header('content-range', `bytes */${bytes.length}`).send({ code: 'malformed', message });
  }
  reply.header('content-type', mediaType).header('accept-ranges', 'bytes');
  if (!range) return reply.send(bytes);
  return reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${bytes.length}`).send(bytes.subarray(range.start, range.end + 1));
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
  const codings = String(header ?? '').split(',').map((entry) => entry.trim().toLowerCase().split(/\s*;\s*q=/));
  const found = codings.find(([coding]) => coding === 'gzip') ?? codings.find(([coding]) => coding === '*');
  return found !== undefined && Number(found[1] ?? 1) > 0;
}

/** One more header that the answer depends on, RFC 9110 §12.5.5. */
export function addVary(reply: FastifyReply, name: string): void {
  const present = reply.getHeader('vary');
  reply.header('vary', present === undefined ? name : `${String(present)}, ${name}`);
}
