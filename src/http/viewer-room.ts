import type { FastifyRequest } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';
import { requireLiveStream } from './live-stream-lookup.js';

export interface ViewerRoomOptions {
  readonly registry: LiveRegistry;
  readonly maxViewersPerStream: number;
  /** Of all streams together. */
  readonly maxViewers: number;
}

/**
 * The stream of a request below `/live/:stream/`, while it goes on and has room for one more viewer.
 * @throws {LiveError} malformed | not-found | unavailable, when the returned function is called
 */
export function viewerRoom({ registry, maxViewersPerStream, maxViewers }: ViewerRoomOptions): (request: FastifyRequest) => Broadcast {
  return (request) => {
    const broadcast = requireRunning(registry, request);
    if (broadcast.viewers.count >= maxViewersPerStream) throw new LiveError('unavailable', `"${broadcast.stream}" has as many viewers as it can take`);
    const viewers = registry.list().reduce((sum, each) => sum + each.viewers.count, 0);
    if (viewers >= maxViewers) throw new LiveError('unavailable', 'the server has as many viewers as it can take');
    return broadcast;
  };
}

/**
 * The same without regard to room.
 * @throws {LiveError} malformed | not-found
 */
export function requireRunning(registry: LiveRegistry, request: FastifyRequest): Broadcast {
  const broadcast = requireLiveStream(registry, (request.params as { stream: string }).stream);
  if (broadcast.state === 'ended') throw new LiveError('not-found', `"${broadcast.stream}" is not live any more`);
  return broadcast;
}
