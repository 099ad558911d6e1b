import type { FastifyInstance, FastifyRequest } from 'fastify';
import { liveStreamUrls } from '../protocol/urls.js';
import type { IngestSession } from '../live/ingest-session.js';
import type { LiveRegistry } from '../live/live-registry.js';
import { IngestSocket } from './ingest-socket.js';
import { requireStreamName } from './live-stream-lookup.js';
import { originOf } from './origin.js';
import type { PublishKey } from './publish-key.js';

export interface IngestRoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishKey: PublishKey;
  readonly publicUrl: string | undefined;
  readonly onBytes: (count: number) => void;
}

type PublishRequest = FastifyRequest<{ Params: { stream: string } }>;

/** Where publishers connect. Whatever refuses them does so before the upgrade, with a status and words. */
export async function ingestRoutes(app: FastifyInstance, { registry, publishKey, publicUrl, onBytes }: IngestRoutesOptions): Promise<void> {
  const sessions = new WeakMap<FastifyRequest['raw'], IngestSession>();

  app.route<{ Params: { stream: string } }>({
    method: 'GET',
    url: '/:stream/publish',
    preHandler: async (request) => {
      const stream = requireStreamName(request.params.stream);
      publishKey.require(request);
      if (!request.ws) return;
      const session = registry.publish(stream);
      sessions.set(request.raw, session);
      // An upgrade that fails its handshake ends here without ever becoming a WebSocket.
      request.raw.socket.once('close', () => {
        if (sessions.delete(request.raw)) session.end();
      });
    },
    wsHandler: (socket, request) => {
      const session = sessions.get(request.raw)!;
      sessions.delete(request.raw);
      request.raw.socket.setNoDelay(true);
      const urls = liveStreamUrls(originOf(request, publicUrl), (request as PublishRequest).params.stream);
      new IngestSocket({ socket, session, urls, onBytes });
    },
    handler: async (request, reply) => {
      // RFC 9110 §15.5.22 wants the Upgrade field; HTTP/2 knows no such thing (RFC 9113 §8.2.2).
      if (request.raw.httpVersionMajor === 1) reply.header('upgrade', 'websocket').header('connection', 'upgrade');
      return reply.code(426).send({ code: 'malformed', message: 'expected a WebSocket connection, got a plain request' });
    },
  });
}
