import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';
import type { ConnectionLimits } from './connection-limits.js';
import { IngestParts, readPart } from './ingest-parts.js';
import { IngestSocket } from './ingest-socket.js';
import { requireStreamName } from './live-stream-lookup.js';
import type { PublishGate } from './publish-gate.js';
import { answerUpgradeRequired } from './websocket.js';
import { requireStillThere, whenGone } from './when-gone.js';

export interface IngestRoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishGate: PublishGate;
  readonly limits: ConnectionLimits;
  /** The addresses a publisher is told, of its own stream. */
  readonly urlsFor: (request: FastifyRequest, stream: string) => LiveStreamUrls;
  /** Why no broadcast can be taken now, in words; undefined when one can. */
  readonly unavailableReason: () => string | undefined;
  readonly onBytes: (count: number) => void;
}

interface PublishRoute {
  Params: { stream: string };
}

/** Where publishers connect. Whatever refuses them does so before the upgrade, with a status and words. */
export async function ingestRoutes(app: FastifyInstance, { registry, publishGate, limits, urlsFor, unavailableReason, onBytes }: IngestRoutesOptions): Promise<void> {
  const admitted = new WeakMap<FastifyRequest['raw'], Broadcast>();
  const parts = new IngestParts(registry);

  app.route<PublishRoute>({
    method: 'GET',
    url: '/:stream/publish',
    preHandler: async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      await publishGate.requirePublisher(request, stream);
      requireStillThere(reply.raw);
      const { resume } = request.query as { resume?: unknown };
      const part = readPart(request.query);
      const resumed = typeof resume === 'string' ? registry.resume(stream, resume) : part && parts.opened(stream);
      if (!resumed) {
        const reason = unavailableReason();
        if (reason !== undefined) throw new LiveError('unavailable', reason);
        registry.requireRoom(stream);
      }
      // A plain request is how a page asks why its WebSocket was refused: it is told all but changes nothing.
      if (!request.ws) return;
      limits.hold(request, request.raw.socket);
      const broadcast = resumed ?? registry.publish(stream);
      if (part) parts.open(broadcast);
      admitted.set(request.raw, broadcast);
      // An upgrade that fails its handshake leaves a broadcast that nobody will ever feed.
      whenGone(request.raw.socket, () => {
        if (!resumed && admitted.has(request.raw)) void broadcast.end();
      });
    },
    wsHandler: (socket, request) => {
      const broadcast = admitted.get(request.raw);
      if (!broadcast) return socket.terminate();
      admitted.delete(request.raw);
      request.raw.socket.setNoDelay(true);
      const ingest = parts.entry(broadcast, readPart(request.query));
      new IngestSocket({ socket, broadcast, ingest, urls: urlsFor(request, broadcast.stream), onBytes });
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });
}
