import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import type { AddressBudget } from '../access/address-budget.js';
import { parseChatRequest } from '../protocol/chat-messages.js';
import type { ChatRequest } from '../protocol/chat-messages.js';
import { errorCodes } from '../protocol/error-codes.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { ChatSink, ChatVisitor } from '../live/chat-room.js';
import type { ChatSource } from '../live/watchable.js';
import { LiveError, toLiveError } from '../protocol/live-error.js';
import { closeReason } from './websocket.js';
import { whenGone } from './when-gone.js';

export interface ChatSocketOptions {
  readonly room: ChatSource;
  readonly socket: WebSocket;
  readonly connection: Socket;
  /** What stands for one client's address. */
  readonly address: string;
  /** Carried the key already. */
  readonly publisher: boolean;
  /** @throws {LiveError} unauthorized | unavailable after too many wrong keys */
  readonly proveKey: (key: string) => void;
  readonly budget: AddressBudget;
  /** Told of a fault of this server's. */
  readonly onFault: (fault: LiveError) => void;
}

/** What a visitor may send in all, said or not, before it is cut: no page asks for so much. */
const maxRequestsPerMinute = 300;

/** One person's WebSocket in a chat. */
export class ChatSocket implements ChatSink {
  readonly #options: ChatSocketOptions;
  readonly #visitor: ChatVisitor;
  #requests = 0;
  #minuteEndsAtMs = 0;

  constructor(options: ChatSocketOptions) {
    this.#options = options;
    const { room, socket, connection, address, publisher } = options;
    this.#visitor = room.enter({ sink: this, address, publisher });
    socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    whenGone(connection, () => room.leave(this.#visitor));
  }

  send(text: string): void {
    const { socket } = this.#options;
    if (socket.readyState === socket.OPEN) socket.send(text);
  }

  get backlogBytes(): number {
    return this.#options.connection.writableLength;
  }

  end(): void {
    this.#options.socket.close(1000, 'the broadcast is over');
  }

  moveAway(): void {
    this.#options.socket.close(1012, 'the broadcast goes on at another server');
  }

  drop(): void {
    this.#close('unavailable', 'this connection reads too slowly for the chat; come back for what it missed');
  }

  #take(data: Buffer, isBinary: boolean): void {
    const { socket } = this.#options;
    // What came before a goodbye was understood is still delivered.
    if (socket.readyState !== socket.OPEN) return;
    try {
      if (isBinary) throw new LiveError('malformed', 'expected text messages in a chat, got a binary one');
      this.#count();
      this.#do(parseChatRequest(data.toString('utf8')));
    } catch (error) {
      const fault = error instanceof TypeError ? new LiveError('malformed', error.message) : toLiveError(error);
      if (fault.code === 'internal') this.#options.onFault(fault);
      this.#close(fault.code, fault.message);
    }
  }

  #do(request: ChatRequest): void {
    const { room, proveKey } = this.#options;
    const visitor = this.#visitor;
    switch (request.type) {
      case 'join':
        if (request.key !== undefined && !visitor.publisher) {
          proveKey(request.key);
          visitor.publisher = true;
        }
        return room.join(visitor, request.name, request.token);
      case 'message':
        return this.#say(request.text);
      case 'delete':
        return room.delete(visitor, request.id);
      case 'mute':
        return room.mute(visitor, request.person);
      case 'unmute':
        return room.unmute(visitor, request.person);
      case 'ping':
        return room.pong(visitor);
    }
  }

  #say(text: string): void {
    const { room, budget, address } = this.#options;
    const waitSeconds = this.#visitor.publisher ? 0 : budget.waitSeconds(address);
    if (waitSeconds > 0) return void room.refuseForNow(this.#visitor, waitSeconds);
    if (room.say(this.#visitor, text)) budget.spend(address);
  }

  /** Refusals cost something too. */
  #count(): void {
    const now = performance.now();
    if (now >= this.#minuteEndsAtMs) {
      this.#requests = 0;
      this.#minuteEndsAtMs = now + 60_000;
    }
    this.#requests += 1;
    if (this.#requests > maxRequestsPerMinute) throw new LiveError('over-limit', `more than ${maxRequestsPerMinute} messages came within a minute`);
  }

  #close(code: ErrorCode, message: string): void {
    this.#options.socket.close(errorCodes[code].closeCode, closeReason(message));
  }
}
