import type { FastifyRequest } from 'fastify';
import type { Watchable } from '../live/watchable.js';
import { LiveError } from '../protocol/live-error.js';
import { runningOf } from './live-stream-lookup.js';

export interface ViewerRoomOptions {
  readonly maxViewersPerStream: number;
  /** Of all streams together. */
  readonly maxViewers: number;
  /** How many are sent fragments by this server, of all streams together. */
  readonly countViewers: () => number;
}

/**
 * The stream of a request below `/live/:stream/`, while it goes on and has room for one more viewer.
 * @throws {LiveError} not-found | unavailable, when the returned function is called
 */
export function viewerRoom({ maxViewersPerStream, maxViewers, countViewers }: ViewerRoomOptions): (request: FastifyRequest) => Watchable {
  return (request) => {
    const watchable = runningOf(request);
    if (watchable.viewers.count >= maxViewersPerStream) throw new LiveError('unavailable', `"${watchable.stream}" has as many viewers as it can take`);
    if (countViewers() >= maxViewers) throw new LiveError('unavailable', 'the server has as many viewers as it can take');
    return watchable;
  };
}
