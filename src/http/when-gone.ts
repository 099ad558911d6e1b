import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import { LiveError } from '../live/errors.js';

/** Somebody who waits for something: the connection itself (of a WebSocket), or the answer to one request. */
export type Peer = Duplex | ServerResponse | Http2ServerResponse;

/** What is to be done when a connection closes; one listener of each connection, however many wait for it. */
const atClose = new WeakMap<Duplex, Set<() => void>>();

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
  const callOff = (): void => {
    peer.off('close', onGone);
    forget();
  };
  const onGone = (): void => {
    callOff();
    run();
  };
  peer.on('close', onGone);
  // Node does not tell an answer that waits behind another one (HTTP/1.1 pipelining) that its connection is closed.
  const connection = connectionOf(peer);
  const forget = connection ? onClose(connection, onGone) : () => undefined;
  return callOff;
}

function connectionOf(peer: Peer): Duplex | undefined {
  if ('stream' in peer) return undefined;
  // Answers that are made for tests have no connection.
  return 'req' in peer ? (peer.req.socket as Duplex | undefined) : undefined;
}

function onClose(connection: Duplex, run: () => void): () => void {
  let runs = atClose.get(connection);
  if (!runs) {
    runs = new Set();
    atClose.set(connection, runs);
    connection.once('close', () => {
      for (const each of atClose.get(connection) ?? []) each();
    });
  }
  runs.add(run);
  return () => atClose.get(connection)?.delete(run);
}
