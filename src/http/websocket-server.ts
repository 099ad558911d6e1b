import { fastifyWebsocket } from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { CutCounts } from './counts.js';
import type { GracefulStop } from './graceful-stop.js';
import { Heartbeat } from './heartbeat.js';
import type { PacedLog } from './paced-log.js';
import { LimitedWebSocket, admittedUpgrades } from './websocket.js';

export interface WebSocketServerOptions {
  readonly maxMessageBytes: number;
  /** Sockets without a sign of life for so long are cut. */
  readonly socketTimeoutMs: number;
  readonly stop: GracefulStop;
  readonly pacedLog: PacedLog;
  readonly cuts: CutCounts;
}

/** Lets routes take WebSockets, within bounds, for as long as their other ends are there. */
export async function acceptWebSockets(app: FastifyInstance, { maxMessageBytes, socketTimeoutMs: timeoutMs, stop, pacedLog, cuts }: WebSocketServerOptions): Promise<void> {
  await app.register(fastifyWebsocket, {
    options: {
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      autoPong: false, // the heartbeat answers, within bounds
      server: admittedUpgrades(app) as never, // its types want the server itself; it listens for upgrades, and for nothing else
      allowSynchronousEvents: false, // one message, then everybody else: of tiny ones a slice of the network's holds very many
      WebSocket: LimitedWebSocket as never, // the plugin's types name ws by its CommonJS form
    },
    preClose: () => stop.run(),
    errorHandler: (error, socket, request) => {
      pacedLog.write('info', 'WebSocket failed', { err: error, req: request });
      // Errors of the protocol itself carry a code, and ws answers them with a close frame of its own.
      if (!('code' in error)) socket.terminate();
    },
  });
  const heartbeat = new Heartbeat({ server: app.websocketServer, timeoutMs, onCut: () => cuts.count('silent-socket') });
  app.addHook('onClose', async () => heartbeat.close());
}
