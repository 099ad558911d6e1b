import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { LiveRegistry } from '../live/live-registry.js';

/** Time for close frames to be answered before connections are cut. */
const farewellMs = 1000;

/**
 * The order of a stop: broadcasts end (publishers are told, playlists closed), players get a moment to fetch the end,
 * then the sockets that are left are closed. The HTTP server closes after that.
 */
export function stopGracefully({ registry, lingerMs }: { registry: LiveRegistry; lingerMs: number }) {
  return async function (this: FastifyInstance): Promise<void> {
    const wasLive = registry.list().length > 0;
    await registry.close();
    if (wasLive) await delay(lingerMs);
    const { clients } = this.websocketServer;
    const gone = [...clients].map((client) => new Promise((resolve) => client.once('close', resolve)));
    for (const client of clients) client.close(1001, 'the server is shutting down');
    await Promise.race([Promise.all(gone), delay(farewellMs, undefined, { ref: false })]);
    for (const client of clients) client.terminate();
    this.websocketServer.close();
  };
}
