import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FragmentSource, Watchable } from '../live/watchable.js';
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

/** A viewer has nothing to say but a ping. */
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
      const leave = watchable.viewers.join(new WebSocketSink({ socket, connection: request.raw.socket }));
      whenGone(request.raw.socket, leave);
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });

  for (const [path, form] of [['/stream.mp4', mp4Form], ['/stream.flv', flvForm]] as const) {
    app.get(path, async (request, reply) => {
      const viewers = renditionOf(request, requireRoom(request));
      return sendEndless(request, reply, { viewers, limits, sendQueues, form });
    });
  }
}

/** @throws {LiveError} malformed; not-found: it may yet come to be */
function renditionOf({ query }: FastifyRequest, watchable: Watchable): FragmentSource {
  const { rendition } = query as Record<string, unknown>;
  if (rendition === undefined || rendition === 'source') return watchable.viewers;
  if (typeof rendition !== 'string') throw new LiveError('malformed', 'expected one rendition, got several');
  const found = watchable.viewersOf(rendition);
  if (!found) throw new LiveError('not-found', `expected a rendition of "${watchable.stream}", got ${JSON.stringify(rendition.slice(0, 40))}`);
  return found;
}
