import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LiveError } from '../live/errors.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { LiveStream } from '../live/live-stream.js';
import { IngestSocket } from './ingest-socket.js';
import { requireStreamName } from './live-stream-lookup.js';
import { originOf } from './origin.js';
import type { PublishKey } from './publish-key.js';
import { answerUpgradeRequired } from './websocket.js';

export interface IngestRoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishKey: PublishKey;
  readonly publicUrl: string | undefined;
  /** Why no broadcast can be taken now, in words; undefined when one can. */
  readonly obstacle: () => string | undefined;
  readonly onBytes: (count: number) => void;
}

interface PublishRoute {
  Params: { stream: string };
}

/** Where publishers connect. Whatever refuses them does so before the upgrade, with a status and words. */
export async function ingestRoutes(app: FastifyInstance, { registry, publishKey, publicUrl, obstacle, onBytes }: IngestRoutesOptions): Promise<void> {
  const admitted = new WeakMap<FastifyRequest['raw'], LiveStream>();

  app.route<PublishRoute>({
    method: 'GET',
    url: '/:stream/publish',
    preHandler: async (request) => {
      const stream = requireStreamName(request.params.stream);
      publishKey.require(request);
      if (!request.ws) return;
      const { resume } = request.query as { resume?: unknown };
      if (typeof resume === 'string') {
        admitted.set(request.raw, registry.resume(stream, resume));
        return;
      }
      const reason = obstacle();
      if (reason !== undefined) throw new LiveError('unavailable', reason);
      const liveStream = registry.publish(stream);
      admitted.set(request.raw, liveStream);
      // An upgrade that fails its handshake leaves a broadcast that nobody will ever feed.
      request.raw.socket.once('close', () => {
        if (admitted.has(request.raw)) void liveStream.end();
      });
    },
    wsHandler: (socket, request) => {
      const liveStream = admitted.get(request.raw);
      if (!liveStream) return socket.terminate();
      admitted.delete(request.raw);
      request.raw.socket.setNoDelay(true);
      new IngestSocket({ socket, liveStream, origin: originOf(request, publicUrl), onBytes });
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });
}
