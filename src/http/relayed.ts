import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { FragmentSource, PictureSource, Watchable } from '../live/watchable.js';
import { runningOf } from './live-stream-lookup.js';

/** What there is of a broadcast for those who are sent its fragments, or pictures that are made of them. */
export interface Watched extends Pick<Watchable, 'stream'> {
  readonly viewers: FragmentSource;
  readonly pictures: Pick<PictureSource, 'look'>;
}

const relayed = new WeakMap<IncomingMessage, Watched>();

/** This request is about a broadcast of another server, whose fragments are sent on here: it is judged and answered as if it were one of this. */
export function relayTo(request: FastifyRequest, watched: Watched): void {
  relayed.set(request.raw, watched);
}

export function isRelayed(request: FastifyRequest): boolean {
  return relayed.has(request.raw);
}

/**
 * Whose fragments, or pictures, are to be sent: what was found by the viewing gate and goes on, or what another server has.
 * @throws {LiveError} not-found
 */
export function watchedOf(request: FastifyRequest): Watched {
  return relayed.get(request.raw) ?? runningOf(request);
}
