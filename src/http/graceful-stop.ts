import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import { settledWithin } from '../live/settled-within.js';

/** Time for close frames to be answered before connections are cut. */
const farewellMs = 1000;
/** All of it: the process ends itself half a second later, and who started it waits for 10 s. */
const stopWithinMs = 9000;
/** Of that, what broadcasts and the linger leave for everything after them. */
const restShare = 1 / 3;

export interface GracefulStopOptions {
  readonly app: FastifyInstance;
  readonly broadcasts: Pick<LocalBroadcasts, 'abortAll' | 'close'>;
  readonly lingerMs: number;
  /** Has other servers go on with what can, and waits for the rest: before the deadline of the stop begins. */
  readonly leave?: (() => Promise<void>) | undefined;
  /** Closes what takes broadcasts by other protocols. */
  readonly closeOthers?: (() => Promise<unknown>) | undefined;
  /** Within what the whole stop is to be over, whatever hangs. */
  readonly withinMs?: number | undefined;
}

/**
 * The order of a stop: nobody may begin, broadcasts end (publishers are told, playlists closed), players get a moment to
 * fetch the end, then everything is let go, WebSockets are closed, and last, connections that do not end by themselves. One deadline is
 * for all of it: what is late leaves less to what follows.
 */
export class GracefulStop {
  readonly #app: FastifyInstance;
  readonly #broadcasts: Pick<LocalBroadcasts, 'abortAll' | 'close'>;
  readonly #lingerMs: number;
  readonly #leave: () => Promise<void>;
  readonly #closeOthers: () => Promise<unknown>;
  readonly #withinMs: number;
  readonly #connections = new Set<Socket>();

  constructor({ app, broadcasts, lingerMs, leave = async () => undefined, closeOthers = async () => undefined, withinMs = stopWithinMs }: GracefulStopOptions) {
    this.#app = app;
    this.#broadcasts = broadcasts;
    this.#lingerMs = lingerMs;
    this.#leave = leave;
    this.#closeOthers = closeOthers;
    this.#withinMs = withinMs;
    // Node can cut all connections of an HTTP/1.1 server, but not those of one that speaks HTTP/2 as well.
    app.server.on('connection', (connection: Socket) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
  }

  async run(): Promise<void> {
    await this.#leave();
    const deadlineMs = performance.now() + this.#withinMs;
    const left = (reserveMs: number): number => Math.max(0, deadlineMs - reserveMs - performance.now());
    const restMs = this.#withinMs * restShare;
    if (await this.#broadcasts.abortAll(left(restMs))) await delay(Math.min(this.#lingerMs, left(restMs)));
    const cutMs = Math.min(farewellMs, restMs / 3);
    const { server, websocketServer } = this.#app;
    await Promise.all([
      this.#broadcasts.close(left(cutMs)),
      settledWithin(this.#closeOthers(), left(cutMs)),
      farewell(websocketServer.clients, Math.min(farewellMs, left(cutMs))),
    ]);
    websocketServer.close();
    const patience = setTimeout(() => this.#cut(), cutMs);
    server.once('close', () => clearTimeout(patience));
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

async function farewell(clients: FastifyInstance['websocketServer']['clients'], withinMs: number): Promise<void> {
  const gone = [...clients].map((client) => new Promise((resolve) => client.once('close', resolve)));
  for (const client of clients) client.close(1001, 'the server is shutting down');
  await settledWithin(Promise.all(gone), withinMs);
  for (const client of clients) client.terminate();
}
