import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { LiveStreamUrls } from '../protocol/urls.js';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import type { Admission } from '../live/published-broadcast.js';
import type { IngestPart } from '../live/two-socket-ingest.js';
import { LiveError } from '../protocol/live-error.js';
import type { ConnectionLimits } from './connection-limits.js';
import { IngestSocket } from './ingest-socket.js';
import { requireStreamName } from './live-stream-lookup.js';
import type { PublishGate } from './publish-gate.js';
import { answerUpgradeRequired } from './websocket.js';
import { isGone, requireStillThere, whenGone } from './when-gone.js';

export interface IngestRoutesOptions {
  readonly broadcasts: Pick<LocalBroadcasts, 'admit' | 'requireEntry'>;
  readonly publishGate: PublishGate;
  readonly limits: ConnectionLimits;
  /** The addresses a publisher is told, of its own stream. */
  readonly urlsFor: (request: FastifyRequest, stream: string) => LiveStreamUrls;
  readonly onBytes: (count: number) => void;
}

interface PublishRoute {
  Params: { stream: string };
}

/** Where publishers connect. Whatever refuses them does so before the upgrade, with a status and words. */
export async function ingestRoutes(app: FastifyInstance, { broadcasts, publishGate, limits, urlsFor, onBytes }: IngestRoutesOptions): Promise<void> {
  const admitted = new WeakMap<FastifyRequest['raw'], Admission>();

  app.route<PublishRoute>({
    method: 'GET',
    url: '/:stream/publish',
    preHandler: async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      const keyId = await publishGate.requirePublisher(request, stream);
      requireStillThere(reply.raw);
      const { resume } = request.query as { resume?: unknown };
      const publisher = { keyId, part: readPart(request.query), resumeToken: typeof resume === 'string' ? resume : undefined };
      // A plain request is how a page asks why its WebSocket was refused: it is told all but changes nothing.
      if (!request.ws) return broadcasts.requireEntry(stream, publisher);
      const connection = request.raw.socket;
      limits.hold(request, connection);
      const admission = await broadcasts.admit(stream, publisher, () => isGone(connection));
      admitted.set(request.raw, admission);
      // An upgrade that fails its handshake leaves a broadcast that nobody will ever feed.
      whenGone(connection, () => {
        if (admission.isNew && admitted.has(request.raw)) void admission.broadcast.end();
      });
    },
    wsHandler: (socket, request) => {
      const admission = admitted.get(request.raw);
      if (!admission) return socket.terminate();
      admitted.delete(request.raw);
      request.raw.socket.setNoDelay(true);
      const { broadcast, ingest } = admission;
      new IngestSocket({ socket, broadcast, ingest, urls: urlsFor(request, broadcast.stream), onBytes });
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });
}

/** @throws {LiveError} malformed */
function readPart(query: unknown): IngestPart | undefined {
  const { part } = query as { part?: unknown };
  if (part === undefined || part === 'blob' || part === 'chunk') return part;
  throw new LiveError('malformed', `expected part to be "blob" or "chunk", got ${JSON.stringify(part).slice(0, 80)}`);
}
