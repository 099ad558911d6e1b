import type { FastifyInstance } from 'fastify';
import { LiveError } from '../live/errors.js';
import type { ServerMetrics } from './server-metrics.js';

export interface HealthRoutesOptions {
  /** Why no broadcast can be taken now, in words; undefined when one can. */
  readonly obstacle: () => string | undefined;
  readonly metrics: ServerMetrics;
}

export async function healthRoutes(app: FastifyInstance, { obstacle, metrics }: HealthRoutesOptions): Promise<void> {
  app.get('/healthz', async (_request, reply) => {
    const reason = obstacle();
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });

  app.get('/metrics', async (_request, reply) => reply.header('cache-control', 'no-store').type(metrics.contentType).send(await metrics.text()));
}
