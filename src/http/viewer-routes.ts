import type { FastifyInstance, FastifyRequest } from 'fastify';
import { placeOf } from '../protocol/viewer-place.js';
import { LiveError } from '../protocol/live-error.js';
import type { ConnectionLimits } from './connection-limits.js';
import { flvForm, mp4Form, sendEndless } from './endless-body.js';
import { watchedOf, type Watched } from './relayed.js';
import { viewerRoom, type ViewerRoomOptions } from './viewer-room.js';
import type { SendQueues } from './send-queues.js';
import { answerUpgradeRequired, limitMessages } from './websocket.js';
import { WebSocketSink } from './websocket-sink.js';
import { whenGone } from './when-gone.js';

export interface ViewerRoutesOptions extends ViewerRoomOptions {
  readonly limits: ConnectionLimits;
  readonly sendQueues: SendQueues;
}

/** A viewer has nothing to say but pings and which rendition it wants. */
const maxViewerMessageBytes = 1024;

/** Fragments pushed the moment they exist, by WebSocket or as one endless body; below a live stream's address. */
export async function viewerRoutes(app: FastifyInstance, { limits, sendQueues, ...room }: ViewerRoutesOptions): Promise<void> {
  const requireRoom = viewerRoom(room);
  const admitted = new WeakMap<FastifyRequest['raw'], Watched>();

  app.route({
    method: 'GET',
    url: '/play',
    preHandler: async (request) => {
      const watched = watchedOf(request);
      requireRoom(watched);
      requireRendition(request, watched);
      if (!request.ws) return;
      const connection = request.raw.socket;
      limits.hold(request, connection);
      limitMessages(connection, maxViewerMessageBytes);
      admitted.set(request.raw, watched);
    },
    wsHandler: (socket, request) => {
      const watched = admitted.get(request.raw);
      if (!watched) return socket.terminate();
      request.raw.socket.setNoDelay(true);
      const { viewers } = watched;
      const sink = new WebSocketSink({ socket, connection: request.raw.socket, onSelect: (rendition, self) => viewers.select(self, rendition) });
      whenGone(request.raw.socket, viewers.join(sink, wishedRendition(request), placeOf(request.query as object)));
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });

  for (const [path, form] of [['/stream.mp4', mp4Form], ['/stream.flv', flvForm]] as const) {
    app.get(path, async (request, reply) => {
      const watched = watchedOf(request);
      requireRoom(watched);
      return sendEndless(request, reply, { viewers: watched.viewers, limits, sendQueues, form, rendition: requireRendition(request, watched) });
    });
  }
}

/** @throws {LiveError} malformed */
function wishedRendition({ query }: FastifyRequest): string | undefined {
  const { rendition } = query as Record<string, unknown>;
  if (rendition === undefined || typeof rendition === 'string') return rendition;
  throw new LiveError('malformed', 'expected one "rendition", got several');
}

/**
 * What the viewer wishes, if it says so.
 * @throws {LiveError} malformed; not-found when there is no such rendition
 */
function requireRendition(request: FastifyRequest, { viewers }: Watched): string | undefined {
  const wish = wishedRendition(request);
  if (wish !== undefined) viewers.requireRendition(wish);
  return wish;
}
