import { errorCodeOfClose, errorCodes } from '../../../protocol/error-codes.js';

export interface SocketClose {
  readonly closeCode: number;
  /** Closes in a row without a message in between, this one included; 0 when the machine is offline. */
  readonly failures: number;
  /** A message has come at some time. */
  readonly everConnected: boolean;
}

export type SocketVerdict =
  | { readonly action: 'retry'; readonly delayMs: number }
  | { readonly action: 'not-live' }
  | { readonly action: 'fail'; readonly why: string };

/** A socket that never opened is likely blocked on the way; one that did deserves patience. */
const maxFailures = { neverConnected: 2, connectedBefore: 6 };

/** What to do after the viewer's socket closed without `ended`. */
export function afterSocketClose(close: SocketClose): SocketVerdict {
  const code = errorCodeOfClose(close.closeCode);
  if (code === 'not-found') return { action: 'not-live' };
  if (code !== undefined && !errorCodes[code].retryable) {
    return { action: 'fail', why: `the server refused the socket (${code})` };
  }
  const max = close.everConnected ? maxFailures.connectedBefore : maxFailures.neverConnected;
  if (close.failures >= max) {
    const why = close.everConnected ? 'the connection was lost and did not come back' : 'the socket could not be opened';
    return { action: 'fail', why };
  }
  return { action: 'retry', delayMs: Math.min(250 * 2 ** Math.max(0, close.failures - 1), 4000) };
}
