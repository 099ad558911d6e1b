import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { maxPongBacklogBytes } from './websocket.js';

interface Pulse {
  readonly socket: WebSocket;
  readonly connection: Socket;
  signs: string;
  unanswered: number;
}

/**
 * How often in its timeout a peer is asked for a sign of life. Silence is counted in these, so that a server that stood still
 * itself does not take its peers for dead.
 */
const asksPerTimeout = 3;

/**
 * Finds WebSockets whose other end is gone without a word, or takes nothing any more: they are asked (RFC 6455 §5.5.2), and cut
 * after a timeout without a sign of life. A publisher's broadcast then waits for it to come back.
 */
export class Heartbeat {
  readonly #pulses = new Set<Pulse>();
  readonly #timer: NodeJS.Timeout;
  readonly #onCut: () => void;

  constructor({ server, timeoutMs, onCut }: { server: FastifyInstance['websocketServer']; timeoutMs: number; onCut: () => void }) {
    this.#onCut = onCut;
    server.on('connection', (socket: WebSocket, { socket: connection }: IncomingMessage) => {
      const pulse: Pulse = { socket, connection, signs: '', unanswered: 0 };
      this.#pulses.add(pulse);
      socket.once('close', () => this.#pulses.delete(pulse));
      // Its own pings are answered for as long as it reads the answers.
      socket.on('ping', (data: Buffer) => {
        if (socket.bufferedAmount <= maxPongBacklogBytes) socket.pong(data);
      });
    });
    this.#timer = setInterval(() => this.#ask(), timeoutMs / asksPerTimeout);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #cut(socket: WebSocket): void {
    if (socket.readyState !== socket.CLOSED) this.#onCut();
    socket.terminate();
  }

  #ask(): void {
    for (const pulse of this.#pulses) {
      const { socket, connection } = pulse;
      const signs = signsOfLife(connection);
      // A socket that the server itself has stopped reading can't answer.
      pulse.unanswered = signs !== pulse.signs || socket.isPaused ? 0 : pulse.unanswered + 1;
      pulse.signs = signs;
      if (pulse.unanswered >= asksPerTimeout) this.#cut(socket);
      else if (socket.readyState === socket.OPEN) socket.ping();
    }
  }
}

/**
 * What changes while the other end is there: bytes that come (an answer may wait behind many of them), and bytes that leave
 * while others wait. When none wait, leaving says nothing: the kernel takes them for a peer that is gone.
 */
function signsOfLife({ bytesRead, bytesWritten, writableLength }: Socket): string {
  return `${bytesRead} ${writableLength > 0 ? bytesWritten - writableLength : 0}`;
}
