import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import { multipartStart, multipartType, type Picture } from '../live/picture.js';
import type { ConnectionLimits } from './connection-limits.js';
import { requireRunning, viewerRoom, type ViewerRoomOptions } from './viewer-room.js';
import { whenGone } from './when-gone.js';

export interface PictureRoutesOptions extends ViewerRoomOptions {
  readonly limits: ConnectionLimits;
}

/** JPEG pictures of a live stream, one or many; below its address. */
export async function pictureRoutes(app: FastifyInstance, { registry, limits, ...room }: PictureRoutesOptions): Promise<void> {
  const requireRoom = viewerRoom({ registry, ...room });

  app.get('/poster.jpg', async (request, reply) => {
    const { jpeg, goodForMs } = await requireRunning(registry, request).pictures.poster();
    const maxAgeSeconds = Math.max(1, Math.ceil(goodForMs / 1000));
    return reply.header('content-type', 'image/jpeg').header('cache-control', `max-age=${maxAgeSeconds}`).send(jpeg);
  });

  app.get('/frames', async (request, reply) => {
    const { pictures } = requireRoom(request);
    const [width, framesPerSecond] = [positive(request, 'width'), positive(request, 'fps')];
    reply.header('content-type', multipartType).header('cache-control', 'no-store');
    // Its body would never end, and nobody would look.
    if (request.method === 'HEAD') return reply.send();
    limits.hold(request, reply.raw);
    const gone = new AbortController();
    const body = Readable.from(multipart(pictures.look({ width, framesPerSecond, signal: gone.signal })), { objectMode: false, highWaterMark: 1 });
    whenGone(reply.raw, () => gone.abort());
    // While the broadcast stands still there is nothing to send; whoever takes nothing of what there is, is cut.
    reply.raw.on('timeout', () => {
      if (reply.raw.writableLength > 0) request.raw.destroy();
    });
    return reply.send(body);
  });
}

async function* multipart(pictures: AsyncIterable<Picture>): AsyncGenerator<Buffer, void, undefined> {
  yield multipartStart;
  for await (const picture of pictures) yield picture.multipart;
}

/** @throws {LiveError} malformed */
function positive(request: FastifyRequest, name: string): number | undefined {
  const given = (request.query as Record<string, unknown>)[name];
  if (given === undefined) return undefined;
  const value = typeof given === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  throw new LiveError('malformed', `expected "${name}" to be a number above 0, got ${JSON.stringify(given).slice(0, 40)}`);
}
