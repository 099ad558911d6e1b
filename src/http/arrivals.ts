import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SendQueues } from './send-queues.js';
import { whenGone } from './when-gone.js';

interface Mark {
  /** How much had been given when it was set. */
  readonly atByte: number;
  readonly atMs: number;
  readonly arrived: () => void;
}

/** What has arrived of the bytes that one client is sent, as far as anybody can tell: what nobody on this side holds any more. */
export class Arrivals {
  readonly #unsent: () => number;
  #givenBytes = 0;
  /** Oldest first. */
  #marks: Mark[] = [];

  /** @param unsent how many of the given bytes have not left the process */
  constructor(unsent: () => number) {
    this.#unsent = unsent;
  }

  /** Bytes that were given but have not left the process. */
  get unsentBytes(): number {
    return this.#unsent();
  }

  /** Whether there are marks that have not arrived. */
  get areAwaited(): boolean {
    return this.#marks.length > 0;
  }

  /** How long the oldest of them has been on its way; 0 without any. */
  get awaitedForMs(): number {
    return this.#marks[0] ? performance.now() - this.#marks[0].atMs : 0;
  }

  /** So many bytes more are on their way. */
  given(bytes: number): void {
    this.#givenBytes += bytes;
  }

  /** Calls `arrived` once all that was given before has arrived. */
  mark(arrived: () => void): void {
    this.#marks.push({ atByte: this.#givenBytes, atMs: performance.now(), arrived });
  }

  /** Of what has left the process, the system still holds so many bytes. */
  queued(bytes: number): void {
    this.#arrivedUpTo(this.#givenBytes - this.unsentBytes - bytes);
  }

  /** Nobody is there to wait for. */
  over(): void {
    this.#arrivedUpTo(Infinity);
  }

  #arrivedUpTo(byte: number): void {
    while (this.#marks[0] && this.#marks[0].atByte <= byte) this.#marks.shift()?.arrived();
  }
}

export interface FollowBodyOptions {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly body: Readable;
  readonly sendQueues: SendQueues;
}

/** Follows what arrives of a body that never ends, and cuts a client that takes nothing of it for as long as a connection may be idle. */
export function followArrivals({ request, reply, body, sendQueues }: FollowBodyOptions): Arrivals {
  const arrivals = new Arrivals(() => body.readableLength + reply.raw.writableLength);
  const unwatch = sendQueues.watch(request.raw.socket, (bytes) => arrivals.queued(bytes));
  whenGone(reply.raw, () => {
    unwatch();
    arrivals.over();
  });
  // While the broadcast stands still there is nothing to send; whoever takes nothing of what there is, is cut.
  reply.raw.on('timeout', () => {
    if (arrivals.unsentBytes > 0 || arrivals.areAwaited) request.raw.destroy();
  });
  return arrivals;
}
