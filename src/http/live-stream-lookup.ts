import type { FastifyRequest } from 'fastify';
import type { Watchables } from '../live/directory.js';
import type { Watchable } from '../live/watchable.js';
import { LiveError } from '../protocol/live-error.js';
import { isStreamName } from '../protocol/urls.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request is about, below `/live/:stream/`: there from the viewing gate on. */
    watchable: Watchable | null;
  }
}

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
 * The broadcast of a stream while it can be watched: that very one, or the one that the name stands for.
 * @throws {LiveError} malformed | not-found
 */
export async function requireWatchable(directory: Watchables, name: string, id?: string): Promise<Watchable> {
  const stream = requireStreamName(name);
  const found = await directory.locate(stream, id);
  if (found) return found;
  throw id === undefined ? notLive(stream) : new LiveError('not-found', `this broadcast of "${stream}" is over`);
}

export function notLive(stream: string): LiveError {
  return new LiveError('not-found', `"${stream}" is not live`);
}

/** What a request below `/live/:stream/` is about: the gate has found it. */
export function watchableOf({ watchable }: FastifyRequest): Watchable {
  if (!watchable) throw new Error('expected the viewing gate before this route');
  return watchable;
}

/**
 * The same while it goes on.
 * @throws {LiveError} not-found
 */
export function runningOf(request: FastifyRequest): Watchable {
  const watchable = watchableOf(request);
  if (watchable.state === 'ended') throw new LiveError('not-found', `"${watchable.stream}" is not live any more`);
  return watchable;
}
