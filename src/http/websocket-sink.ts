import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import type { InitSegment } from '../fmp4/init-segment.js';
import { errorCodes } from '../protocol/error-codes.js';
import { LiveError } from '../protocol/live-error.js';
import { parseViewerRequest, type ViewerMessage, type ViewerRequest } from '../protocol/viewer-messages.js';
import type { FragmentBurst } from '../live/fragment-burst.js';
import type { ViewerSink } from '../live/viewer.js';
import { SocketMarks } from './socket-marks.js';
import { closeReason, maxPongBacklogBytes } from './websocket.js';

/** One viewer's WebSocket. Media goes to its connection as frames that were built once for everybody. */
export class WebSocketSink implements ViewerSink {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #marks: SocketMarks;
  readonly #onSelect: (rendition: string, sink: ViewerSink) => void;
  readonly follows = true;

  /** @param onSelect may throw a LiveError, which the viewer is told */
  constructor({ socket, connection, onSelect }: { socket: WebSocket; connection: Socket; onSelect: (rendition: string, sink: ViewerSink) => void }) {
    this.#socket = socket;
    this.#onSelect = onSelect;
    this.#connection = connection;
    this.#marks = new SocketMarks(socket, connection);
    socket.on('message', (data, isBinary) => this.#answer((data as Buffer).toString('utf8'), isBinary));
  }

  message(message: ViewerMessage): void {
    if (this.#open) this.#socket.send(JSON.stringify(message));
  }

  init({ bytes }: InitSegment): void {
    if (this.#open) this.#socket.send(bytes);
  }

  media(burst: FragmentBurst): void {
    // Without compression ws writes its own frames at once, so these stay in order with them.
    if (this.#open) this.#connection.write(burst.webSocketFrames);
  }

  get backlogBytes(): number {
    return this.#connection.writableLength;
  }

  mark(arrived: () => void): void {
    this.#marks.mark(arrived);
  }

  end(): void {
    this.#socket.close(1000, 'the broadcast is over');
  }

  away(): void {
    this.#socket.close(1012, 'this server leaves; the broadcast goes on at another one');
  }

  drop(): void {
    this.#socket.close(errorCodes.internal.closeCode, 'the server failed; come back');
  }

  get #open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #answer(text: string, isBinary: boolean): void {
    const request = isBinary ? undefined : requestOf(text);
    if (!request) return this.#socket.close(errorCodes.malformed.closeCode, closeReason('expected {"type":"ping","sentAtMs":number} or {"type":"select","rendition":text}'));
    if (request.type === 'select') this.#select(request.rendition);
    else if (this.backlogBytes <= maxPongBacklogBytes) this.message({ type: 'pong', sentAtMs: request.sentAtMs, serverTimeMs: Date.now() });
  }

  #select(rendition: string): void {
    try {
      this.#onSelect(rendition, this);
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      if (this.backlogBytes <= maxPongBacklogBytes) this.message({ type: 'error', code: error.code, message: error.message });
    }
  }
}

function requestOf(text: string): ViewerRequest | undefined {
  try {
    return parseViewerRequest(text);
  } catch {
    return undefined;
  }
}
