import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addressGroup } from '../access/address-budget.js';
import type { AddressBudget } from '../access/address-budget.js';
import type { ChatSource } from '../live/watchable.js';
import { LiveError } from '../protocol/live-error.js';
import { ChatSocket } from './chat-socket.js';
import { clientAddress } from './client-of.js';
import type { ConnectionLimits } from './connection-limits.js';
import { watchableOf } from './live-stream-lookup.js';
import type { PublishGate } from './publish-gate.js';
import { answerUpgradeRequired, limitMessages } from './websocket.js';

export interface ChatRoutesOptions {
  readonly publishGate: PublishGate;
  readonly limits: ConnectionLimits;
  /** What each address may say, in all rooms together. */
  readonly budget: AddressBudget;
}

interface ChatRoute {
  Params: { stream: string };
}

/** The longest text there is, every character of it escaped, with some room beside it. */
const maxChatMessageBytes = 8192;

/** What is said beside the picture; below a live stream's address, so that who may not watch may not talk. */
export async function chatRoutes(app: FastifyInstance, { publishGate, limits, budget }: ChatRoutesOptions): Promise<void> {
  const admitted = new WeakMap<FastifyRequest['raw'], { room: ChatSource; publisher: boolean }>();

  app.route<ChatRoute>({
    method: 'GET',
    url: '/chat',
    preHandler: async (request) => {
      const { stream, chat: room } = watchableOf(request);
      if (!room) throw new LiveError('not-found', 'chat is switched off on this server');
      const publisher = publishGate.carriesKey(request) && publishGate.requireKey(request, stream) !== '';
      room.requireRoom();
      if (!request.ws) return;
      limits.hold(request, request.raw.socket);
      limitMessages(request.raw.socket, maxChatMessageBytes);
      admitted.set(request.raw, { room, publisher });
    },
    wsHandler: (socket, request) => {
      const found = admitted.get(request.raw);
      if (!found) return socket.terminate();
      const { stream } = request.params;
      const address = clientAddress(request);
      new ChatSocket({
        ...found,
        socket,
        connection: request.raw.socket,
        address: addressGroup(address),
        proveKey: (key) => void publishGate.requireKeyAmong([key], address, stream),
        budget,
        onFault: (fault) => request.log.warn({ err: fault }, 'a chat connection failed'),
      });
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });
}
