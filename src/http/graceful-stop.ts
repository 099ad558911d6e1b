import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { LiveError } from '../live/errors.js';
import type { LiveRegistry } from '../live/live-registry.js';

/** Time for close frames to be answered before connections are cut. */
const farewellMs = 1000;

/**
 * The order of a stop: nobody may begin, broadcasts end (publishers are told, playlists closed), players get a moment to
 * fetch the end, then everything is let go and the sockets that are left are closed. The HTTP server closes after that.
 */
export class GracefulStop {
  readonly #registry: LiveRegistry;
  readonly #lingerMs: number;
  #stopping = false;

  constructor({ registry, lingerMs }: { registry: LiveRegistry; lingerMs: number }) {
    this.#registry = registry;
    this.#lingerMs = lingerMs;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  async run(app: FastifyInstance): Promise<void> {
    this.#stopping = true;
    const reason = new LiveError('unavailable', 'the server is shutting down; try again in a minute');
    const live = this.#registry.list();
    await Promise.all(live.map((liveStream) => liveStream.abort(reason)));
    if (live.length > 0) await delay(this.#lingerMs);
    await this.#registry.close();
    await farewell(app.websocketServer.clients);
    app.websocketServer.close();
  }
}

async function farewell(clients: FastifyInstance['websocketServer']['clients']): Promise<void> {
  const gone = [...clients].map((client) => new Promise((resolve) => client.once('close', resolve)));
  for (const client of clients) client.close(1001, 'the server is shutting down');
  const patience = new AbortController();
  await Promise.race([Promise.all(gone), delay(farewellMs, undefined, { signal: patience.signal })]);
  patience.abort();
  for (const client of clients) client.terminate();
}
