import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { LiveRegistry } from '../live/live-registry.js';

/** Time for close frames to be answered before connections are cut. */
const farewellMs = 1000;

export interface GracefulStopOptions {
  readonly app: FastifyInstance;
  readonly registry: LiveRegistry;
  readonly lingerMs: number;
}

/**
 * The order of a stop: nobody may begin, broadcasts end (publishers are told, playlists closed), players get a moment to
 * fetch the end, then everything is let go, WebSockets are closed, and last, connections that do not end by themselves.
 */
export class GracefulStop {
  readonly #app: FastifyInstance;
  readonly #registry: LiveRegistry;
  readonly #lingerMs: number;
  readonly #connections = new Set<Socket>();
  #stopping = false;

  constructor({ app, registry, lingerMs }: GracefulStopOptions) {
    this.#app = app;
    this.#registry = registry;
    this.#lingerMs = lingerMs;
    // Node can cut all connections of an HTTP/1.1 server, but not those of one that speaks HTTP/2 as well.
    app.server.on('connection', (connection: Socket) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  async run(): Promise<void> {
    this.#stopping = true;
    if (await this.#registry.abortAll()) await delay(this.#lingerMs);
    await this.#registry.close();
    const { server, websocketServer } = this.#app;
    await farewell(websocketServer.clients);
    websocketServer.close();
    const patience = setTimeout(() => this.#cut(), farewellMs);
    server.once('close', () => clearTimeout(patience));
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy();
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
