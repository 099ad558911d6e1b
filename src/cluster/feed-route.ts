import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { isVouchedFor } from '../http/client-of.js';
import { SocketMarks } from '../http/socket-marks.js';
import { answerUpgradeRequired, closeReason, limitMessages } from '../http/websocket.js';
import { whenGone } from '../http/when-gone.js';
import type { LiveLog } from '../live/broadcast-options.js';
import type { Watchables } from '../live/directory.js';
import { placeOf } from '../protocol/viewer-place.js';
import type { Watchable } from '../live/watchable.js';
import { errorCodes } from '../protocol/error-codes.js';
import { LiveError } from '../protocol/live-error.js';
import { Feed, type FeedLine } from './feed.js';
import { feedClose, feedPath, feedVersion, largestFeedMessage, parseFeedRequest, type FeedMessage } from './feed-messages.js';

export interface FeedRouteOptions {
  readonly directory: Pick<Watchables, 'locate'>;
  /** What decides here who may watch: the same at a node that lets viewers in by itself, or it may not. */
  readonly rules: string;
  readonly log: LiveLog;
}

/** Of each broadcast in this process. */
const runs = new WeakMap<Watchable, string>();

/** What another node is sent of a broadcast here. It is for those alone who have proved that they are nodes: a client's request that a node hands on never comes here. */
export async function feedRoute(app: FastifyInstance, { directory, rules, log }: FeedRouteOptions): Promise<void> {
  app.route<{ Params: { name: string }; Querystring: { version?: string; rules?: string; clock?: unknown; from?: unknown } }>({
    method: 'GET',
    url: `${feedPath}:name`,
    preHandler: async (request) => {
      if (!isVouchedFor(request)) throw new LiveError('not-found', 'there is nothing at this address');
      const { version, rules: others } = request.query;
      if (version !== String(feedVersion)) throw new LiveError('malformed', `expected a feed of version ${feedVersion}, got ${JSON.stringify(version)}`);
      if (others !== rules) throw new LiveError('malformed', 'expected the same VIEW_KEY and VIEW_CHECK_URL as here, got others');
      if (request.ws) limitMessages(request.raw.socket, largestFeedMessage.request);
    },
    wsHandler: (socket, request) => {
      const connection = request.raw.socket;
      connection.setNoDelay(true);
      void open(socket, request, { directory, log }).catch((err: unknown) => {
        log.warn({ stream: request.params.name, err }, 'another node could not be fed');
        socket.terminate();
      });
    },
    handler: (request, reply) => answerUpgradeRequired(request, reply),
  });
}

async function open(socket: WebSocket, request: FastifyRequest<{ Params: { name: string }; Querystring: { clock?: unknown; from?: unknown } }>, { directory, log }: Pick<FeedRouteOptions, 'directory' | 'log'>): Promise<void> {
  const { name: stream } = request.params;
  const watchable = await directory.locate(stream);
  if (!watchable || watchable.state === 'ended') return socket.close(feedClose.absent, 'there is no such broadcast here');
  const run = runs.get(watchable) ?? randomUUID();
  runs.set(watchable, run);
  const feed = new Feed({ broadcast: watchable.id, run, viewers: watchable.viewers, line: new SocketLine(socket, request.raw.socket), place: placeOf(request.query) });
  whenGone(request.raw.socket, () => feed.close());
  socket.on('message', (data: Buffer, isBinary) => {
    try {
      feed.watching(parseFeedRequest(isBinary ? '' : data.toString('utf8')));
    } catch (err) {
      log.warn({ stream, err }, 'another node said what is not understood here: it is fed no more');
      feed.close();
      socket.close(errorCodes.malformed.closeCode, closeReason(String(err)));
    }
  });
}

class SocketLine implements FeedLine {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #marks: SocketMarks;

  constructor(socket: WebSocket, connection: Socket) {
    this.#socket = socket;
    this.#connection = connection;
    this.#marks = new SocketMarks(socket, connection);
  }

  message(message: FeedMessage): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify(message));
  }

  media(number: number, boxes: Buffer): void {
    if (this.#isOpen) this.#socket.send(Buffer.concat([Buffer.from([number]), boxes]));
  }

  get backlogBytes(): number {
    return this.#connection.writableLength;
  }

  mark(arrived: () => void): void {
    this.#marks.mark(arrived);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}
