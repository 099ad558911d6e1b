import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import { multipartStart, multipartType, type Picture } from '../live/picture.js';
import { followArrivals, type Arrivals } from './arrivals.js';
import type { ConnectionLimits } from './connection-limits.js';
import { runningOf } from './live-stream-lookup.js';
import { watchedOf } from './relayed.js';
import type { SendQueues } from './send-queues.js';
import { viewerRoom, type ViewerRoomOptions } from './viewer-room.js';
import { whenGone } from './when-gone.js';

export interface PictureRoutesOptions extends ViewerRoomOptions {
  readonly limits: ConnectionLimits;
  readonly sendQueues: SendQueues;
}

/** What is on its way to a viewer of pictures for longer has to arrive before it is sent another one. */
const maxOnTheWayMs = 3000;

/** JPEG pictures of a live stream, one or many; below its address. */
export async function pictureRoutes(app: FastifyInstance, { limits, sendQueues, ...room }: PictureRoutesOptions): Promise<void> {
  const requireRoom = viewerRoom(room);

  app.get('/poster.jpg', async (request, reply) => {
    const { jpeg, goodForMs } = await runningOf(request).pictures.poster();
    const maxAgeSeconds = Math.max(1, Math.ceil(goodForMs / 1000));
    return reply.header('content-type', 'image/jpeg').header('cache-control', `max-age=${maxAgeSeconds}`).send(jpeg);
  });

  app.get('/frames', async (request, reply) => {
    const watched = watchedOf(request);
    requireRoom(watched);
    const [width, framesPerSecond] = [positive(request, 'width'), positive(request, 'fps')];
    reply.header('content-type', multipartType).header('cache-control', 'no-store');
    // Its body would never end, and nobody would look.
    if (request.method === 'HEAD') return reply.send();
    limits.hold(request, reply.raw);
    const gone = new AbortController();
    const pictures = watched.pictures.look({ width, framesPerSecond, signal: gone.signal });
    const body: Readable = Readable.from(multipart(pictures, () => arrivals), { objectMode: false, highWaterMark: 1 });
    const arrivals = followArrivals({ request, reply, body, sendQueues });
    whenGone(reply.raw, () => gone.abort());
    return reply.send(body);
  });
}

/** @param arrivals of the body that this makes; known when it begins to be read */
async function* multipart(pictures: AsyncIterable<Picture>, arrivals: () => Arrivals): AsyncGenerator<Buffer, void, undefined> {
  yield multipartStart;
  for await (const { multipart: bytes } of pictures) {
    arrivals().given(bytes.length);
    arrivals().mark(() => undefined);
    yield bytes;
    if (arrivals().awaitedForMs > maxOnTheWayMs) await new Promise<void>((resolve) => arrivals().mark(resolve));
  }
}

/** @throws {LiveError} malformed */
function positive(request: FastifyRequest, name: string): number | undefined {
  const given = (request.query as Record<string, unknown>)[name];
  if (given === undefined) return undefined;
  const value = typeof given === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  throw new LiveError('malformed', `expected "${name}" to be a number above 0, got ${JSON.stringify(given).slice(0, 40)}`);
}
