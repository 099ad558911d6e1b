import type { FastifyInstance } from 'fastify';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import { LiveError } from '../protocol/live-error.js';
import type { ServerMetrics } from './server-metrics.js';

export interface HealthRoutesOptions {
  readonly broadcasts: Pick<LocalBroadcasts, 'unavailableReason'>;
  readonly metrics: ServerMetrics;
  /** Why no new clients should be sent here, although what is here goes on. */
  readonly notReady?: (() => string | undefined) | undefined;
}

export async function healthRoutes(app: FastifyInstance, { broadcasts, metrics, notReady }: HealthRoutesOptions): Promise<void> {
  app.get('/healthz', async (_request, reply) => {
    const reason = broadcasts.unavailableReason;
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  app.get('/readyz', async (_request, reply) => {
    const reason = broadcasts.unavailableReason ?? notReady?.();
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  app.get('/metrics', async (_request, reply) => reply.header('cache-control', 'no-store').type(metrics.contentType).send(await metrics.text()));
}
