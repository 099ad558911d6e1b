import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Watchable } from '../live/watchable.js';
import { LiveError } from '../protocol/live-error.js';
import type { ConnectionLimits } from './connection-limits.js';
import { flvForm, mp4Form, sendEndless } from './endless-body.js';
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
  const admitted = new WeakMap<FastifyRequest['raw'], Watchable>();

  app.route({
    method: 'GET',
    url: '/play',
    preHandler: async (request) => {
      const watchable = requireRoom(request);
      requireRendition(request, watchable);
      if (!request.ws) return;
      const connection = request.raw.socket;
      limits.hold(request, connection);
      limitMessages(connection, maxViewerMessageBytes);
      admitted.set(request.raw, watchable);
    },
    wsHandler: (socket, request) => {
      const watchable = admitted.get(request.raw);
      if (!watchable) return socket.terminate();
      request.raw.socket.setNoDelay(true);
      const { viewers } = watchable;
      const sink = new WebSocketSink({ socket, connection: request.raw.socket, onSelect: (rendition, self) => viewers.select(self, rendition) });
      whenGone(request.raw.socket, viewers.join(sink, wishedRendition(request)));
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });

  for (const [path, form] of [['/stream.mp4', mp4Form], ['/stream.flv', flvForm]] as const) {
    app.get(path, async (request, reply) => {
      const watchable = requireRoom(request);
      return sendEndless(request, reply, { viewers: watchable.viewers, limits, sendQueues, form, rendition: requireRendition(request, watchable) });
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
function requireRendition(request: FastifyRequest, { viewers }: Watchable): string | undefined {
  const wish = wishedRendition(request);
  if (wish !== undefined) viewers.requireRendition(wish);
  return wish;
}
