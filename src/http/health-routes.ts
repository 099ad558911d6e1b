import type { FastifyInstance } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import type { ServerMetrics } from './server-metrics.js';

export interface HealthRoutesOptions {
  /** Why no broadcast can be taken now, in words; undefined when one can. */
  readonly unavailableReason: () => string | undefined;
  readonly metrics: ServerMetrics;
}

export async function healthRoutes(app: FastifyInstance, { unavailableReason, metrics }: HealthRoutesOptions): Promise<void> {
  app.get('/healthz', async (_request, reply) => {
    const reason = unavailableReason();
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  app.get('/metrics', async (_request, reply) => reply.header('cache-control', 'no-store').type(metrics.contentType).send(await metrics.text()));
}
