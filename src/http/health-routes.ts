import type { FastifyInstance } from 'fastify';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import { LiveError } from '../protocol/live-error.js';
import type { ServerMetrics } from './server-metrics.js';

export interface HealthRoutesOptions {
  readonly broadcasts: Pick<LocalBroadcasts, 'unavailableReason'>;
  readonly metrics: ServerMetrics;
  /** Why no new clients should be sent here, although what is here goes on. */
  readonly notReady?: NotReady | undefined;
}

export interface NotReady {
  /** This server leaves. */
  readonly leaving: () => string | undefined;
  /** What it shares with others can't be reached. */
  readonly directory: () => string | undefined;
}

export async function healthRoutes(app: FastifyInstance, { broadcasts, metrics, notReady }: HealthRoutesOptions): Promise<void> {
  app.get('/healthz', async (_request, reply) => {
    const reason = broadcasts.unavailableReason;
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  // What sends clients to nobody where all servers say no, as a Service of Kubernetes, leaves the directory out: without it what runs goes on.
  app.get<{ Querystring: { exclude?: string } }>('/readyz', async ({ query: { exclude } }, reply) => {
    if (exclude !== undefined && exclude !== 'directory') throw new LiveError('malformed', `expected exclude to be "directory", got ${JSON.stringify(exclude)}`);
    const reason = broadcasts.unavailableReason ?? notReady?.leaving() ?? (exclude === undefined ? notReady?.directory() : undefined);
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  app.get('/metrics', async (_request, reply) => reply.header('cache-control', 'no-store').type(metrics.contentType).send(await metrics.text()));
}
