import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { LiveStream } from '../live/live-stream.js';
import type { ConnectionLimits } from './connection-limits.js';
import { viewerRoom, type ViewerRoomOptions } from './viewer-room.js';
import { answerUpgradeRequired, limitMessages } from './websocket.js';
import { WebSocketSink } from './websocket-sink.js';

export interface ViewerRoutesOptions extends ViewerRoomOptions {
  readonly limits: ConnectionLimits;
}

interface ViewerRoute {
  Params: { stream: string };
}

/** A viewer has nothing to say but a ping. */
const maxViewerMessageBytes = 1024;

/** Fragments pushed the moment they exist, by WebSocket or as one endless body; below a live stream's address. */
export async function viewerRoutes(app: FastifyInstance, { registry, limits, maxViewersPerStream, maxViewers }: ViewerRoutesOptions): Promise<void> {
  const requireRoom = viewerRoom({ registry, maxViewersPerStream, maxViewers });
  const admitted = new WeakMap<FastifyRequest['raw'], LiveStream>();

  app.route<ViewerRoute>({
    method: 'GET',
    url: '/play',
    preHandler: async (request) => {
      const liveStream = requireRoom(request);
      if (!request.ws) return;
      const connection = request.raw.socket;
      limits.hold(request, connection);
      limitMessages(connection, maxViewerMessageBytes);
      admitted.set(request.raw, liveStream);
    },
    wsHandler: (socket, request) => {
      const liveStream = admitted.get(request.raw);
      if (!liveStream) return socket.terminate();
      request.raw.socket.setNoDelay(true);
      const leave = liveStream.viewers.join(new WebSocketSink({ socket, connection: request.raw.socket }));
      socket.once('close', leave);
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });

  app.get<ViewerRoute>('/stream.mp4', async (request, reply) => {
    const { viewers } = requireRoom(request);
    reply.header('content-type', 'video/mp4').header('cache-control', 'no-store');
    // Its body would never end, and nobody would read it.
    if (request.method === 'HEAD') return reply.send();
    limits.hold(request, reply.raw);
    let leave = (): unknown => undefined;
    const body = new Readable({
      read: () => undefined,
      destroy: (error, done) => {
        leave();
        done(error);
      },
    });
    leave = viewers.join({
      message: () => undefined,
      init: (bytes) => body.push(bytes),
      media: ({ mp4 }) => body.push(mp4),
      get backlogBytes() {
        return body.readableLength + reply.raw.writableLength;
      },
      end: () => body.push(null),
    });
    // While the broadcast stands still there is nothing to send; whoever takes nothing of what there is, is cut.
    reply.raw.on('timeout', () => {
      if (body.readableLength + reply.raw.writableLength > 0) request.raw.destroy();
    });
    return reply.send(body);
  });
}
