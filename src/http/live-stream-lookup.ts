import { isStreamName } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';

/**
 * A name as it came in a URL, once it is known to be one.
 * @throws {LiveError} malformed
 */
export function requireStreamName(name: string): string {
  if (isStreamName(name)) return name;
  const came = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  throw new LiveError('malformed', `expected a stream name of 1 to 64 letters, digits, "-" or "_", got ${JSON.stringify(came)}`);
}

/**
 * The stream of that name while it can be watched.
 * @throws {LiveError} malformed | not-found
 */
export function requireLiveStream(registry: LiveRegistry, name: string): Broadcast {
  const stream = requireStreamName(name);
  const broadcast = registry.get(stream);
  if (!broadcast) throw new LiveError('not-found', `"${stream}" is not live`);
  return broadcast;
}

/**
 * That very broadcast of the stream, while it can be watched.
 * @throws {LiveError} malformed | not-found
 */
export function requireBroadcast(registry: LiveRegistry, name: string, id: string): Broadcast {
  const stream = requireStreamName(name);
  const broadcast = registry.broadcast(stream, id);
  if (!broadcast) throw new LiveError('not-found', `this broadcast of "${stream}" is over`);
  return broadcast;
}
