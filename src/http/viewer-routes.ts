import type { FastifyInstance } from 'fastify';
import type { LiveRegistry } from '../live/live-registry.js';
import { requireLiveStream } from './live-stream-lookup.js';

export async function viewerRoutes(app: FastifyInstance, { registry }: { registry: LiveRegistry }): Promise<void> {
  void app; void registry; void requireLiveStream;
}
