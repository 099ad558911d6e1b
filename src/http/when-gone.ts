import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import { LiveError } from '../protocol/live-error.js';

/** Somebody who waits for something: the connection itself (of a WebSocket), or the answer to one request. */
export type Peer = Duplex | ServerResponse | Http2ServerResponse;

/** What is to be done when something closes; it has one listener, however many wait. */
const atClose = new WeakMap<Peer, Set<() => void>>();

/** Whether nobody is there any more: the connection is closed, the stream of HTTP/2 was reset, or the answer is complete. */
export function isGone(peer: Peer): boolean {
  if ('stream' in peer) return peer.stream.destroyed;
  return peer.destroyed || connectionOf(peer)?.destroyed === true;
}

/**
 * After an `await`: nothing is begun for somebody who has gone meanwhile. What this throws is an answer to nobody.
 * @throws {LiveError} unavailable
 */
export function requireStillThere(peer: Peer): void {
  if (isGone(peer)) throw new LiveError('unavailable', 'the client has gone');
}

/**
 * Runs once when a peer has gone, and at once if it is gone already: after an `await` nobody knows whether it still is there, and an
 * event that is over does not come again. Whatever counts, holds or times something for a peer gives it back through this.
 * @returns calls it off
 */
export function whenGone(peer: Peer, run: () => void): () => void {
  if (isGone(peer)) {
    run();
    return () => undefined;
  }
  // Node does not tell an answer that waits behind another one (HTTP/1.1 pipelining) that its connection is closed.
  const connection = connectionOf(peer);
  const closings = connection ? [peer, connection] : [peer];
  const callOff = (): void => {
    for (const each of closings) atClose.get(each)?.delete(onGone);
  };
  const onGone = (): void => {
    callOff();
    run();
  };
  for (const each of closings) atCloseOf(each).add(onGone);
  return callOff;
}

function connectionOf(peer: Peer): Duplex | undefined {
  if ('stream' in peer) return undefined;
  // Answers that are made for tests have no connection.
  return 'req' in peer ? (peer.req.socket) : undefined;
}

function atCloseOf(closing: Peer): Set<() => void> {
  const known = atClose.get(closing);
  if (known) return known;
  const runs = new Set<() => void>();
  atClose.set(closing, runs);
  closing.once('close', () => {
    for (const run of runs) run();
  });
  return runs;
}
