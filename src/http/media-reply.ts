import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoded } from '../hls/encoded.js';
import type { WatchClient } from '../hls/held-requests.js';
import type { HeldBytes, StoredMedia } from '../hls/stored-media.js';
import { ByteRoom } from './byte-room.js';
import { whenGone, type Peer } from './when-gone.js';

const mediaHeaders = ['content-type', 'video/mp4', 'accept-ranges', 'bytes'] as const;
const playlistHeaders = ['content-type', 'application/vnd.apple.mpegurl', 'vary', 'Accept-Encoding'] as const;
const zippedPlaylistHeaders = [...playlistHeaders, 'content-encoding', 'gzip'] as const;

/** A segment; not an hour of them. */
const mostInOneGo = 4_194_304;
/** Of the whole process: who is slow holds all of what was read for it. */
const inOneGo = new ByteRoom(67_108_864);

/** What an answer can be made of. */
export type Body = Encoded | Buffer | StoredMedia;

const isStored = (body: Body): body is StoredMedia => 'open' in body;

/** Names and values in turn, as Node takes them: building objects would cost more than the rest of an answer. */
function headersOf(body: Body, headers: IncomingHttpHeaders): readonly string[] {
  if (Buffer.isBuffer(body) || isStored(body)) return mediaHeaders;
  return acceptsGzip(headers['accept-encoding']) ? zippedPlaylistHeaders : playlistHeaders;
}

/**
 * Sends a playlist or media, or the range of it that is asked for.
 * @throws {LiveError} when media can't be had from where it is stored; nothing was sent then
 */
export function sendMedia(request: FastifyRequest, reply: FastifyReply, body: Body): FastifyReply | Promise<FastifyReply> {
  const headers = headersOf(body, request.headers);
  // Some native players ask for one.
  const range = headers === mediaHeaders ? parseRange(request.headers.range, (body as Buffer | StoredMedia).byteLength) : undefined;
  if (range === 'unsatisfiable') {
    const { byteLength } = body as Buffer | StoredMedia;
    const message = `expected a range within ${byteLength} bytes, got ${String(request.headers.range)}`;
    return reply.code(416).header('cache-control', 'no-store').header('content-range', `bytes */${byteLength}`).send({ code: 'malformed', message });
  }
  if (isStored(body)) return sendStored(request, reply, body, range);
  setHeaders(reply, headers);
  if (!Buffer.isBuffer(body)) return reply.send(headers === zippedPlaylistHeaders ? body.gzip : body.identity);
  return range ? setRange(reply, range, body.length).send(body.subarray(range.start, range.end + 1)) : reply.send(body);
}

/** Opened before anything is said of it: what can't be had is a failure in words, and not an answer that breaks off. */
async function sendStored(request: FastifyRequest, reply: FastifyReply, media: StoredMedia, range: Range | undefined): Promise<FastifyReply> {
  const { start, end } = range ?? { start: 0, end: media.byteLength - 1 };
  const byteLength = end - start + 1;
  let body: Readable | Buffer;
  try {
    if (request.method === 'HEAD') body = Readable.from([]);
    else {
      const held = await readInOneGo(reply, media, start, byteLength);
      if (held) letGoOnceSent(reply, held);
      body = held?.bytes ?? (await media.open(start, byteLength));
    }
  } catch (error) {
    reply.header('cache-control', 'no-store');
    throw error;
  }
  // The client may have gone while the store was asked.
  if (!Buffer.isBuffer(body)) whenGone(reply.raw, () => body.destroy());
  setHeaders(reply, mediaHeaders);
  reply.header('content-length', byteLength);
  if (range) setRange(reply, range, media.byteLength);
  return reply.send(body);
}

/** undefined where it is too much, or where too much is on its way to clients in this manner: then it is sent in pieces. */
async function readInOneGo(reply: FastifyReply, media: StoredMedia, start: number, byteLength: number): Promise<HeldBytes | undefined> {
  if (!media.read || byteLength > mostInOneGo || !inOneGo.tryTake(byteLength)) return undefined;
  whenGone(reply.raw, () => inOneGo.giveBack(byteLength));
  return media.read(start, byteLength);
}

/** Of HTTP/2 an answer is over before its connection has taken the last of it: what was sent there is left to the garbage collector. */
function letGoOnceSent({ raw }: FastifyReply, held: HeldBytes): void {
  if (!('stream' in raw)) whenGone(raw, () => held.letGo());
}

function setHeaders(reply: FastifyReply, headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!];
    if (name === 'vary') addVary(reply, value);
    else reply.header(name, value);
  }
}

function setRange(reply: FastifyReply, { start, end }: Range, size: number): FastifyReply {
  return reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
}

/** Gives up an answer that can no longer be delivered. */
export function watchClient(response: Peer): WatchClient {
  return (giveUp) => whenGone(response, giveUp);
}

/** The first and the last byte. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** RFC 9110 §14.2: a range that can't be parsed, or more than one, is answered as if none had been asked for. */
export function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
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
