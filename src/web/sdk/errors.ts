import { errorCodes, type ErrorCode } from '../../protocol/error-codes.js';
import type { IngestMessage } from '../../protocol/ingest-messages.js';
import type { Refusal } from './refusal.js';

/** Why a publisher or a player could not go on: a code of the server, or something on the browser's own side. */
export type OnairErrorReason =
  | ErrorCode
  /** The server does not answer: it is down, or the network is. */
  | 'unreachable'
  /** The connection was lost and the server no longer holds the broadcast for us. */
  | 'resume-refused'
  /** Another page has this broadcast's resume token and goes on with it. */
  | 'taken-over'
  | 'permission-denied'
  | 'no-device'
  | 'device-busy'
  /** Browsers give cameras only to pages on HTTPS or localhost. */
  | 'insecure-origin'
  | 'unsupported-browser'
  | 'capture-failed'
  | 'recorder-failed'
  /** A copy on this computer could not go on; the broadcast does. */
  | 'copy-failed';

/** Every failure of the SDK: `reason` for programs, `message` in words for people. */
export class OnairError extends Error {
  override readonly name = 'OnairError';
  readonly reason: OnairErrorReason;
  /** How long the server asked to be left alone, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: OnairErrorReason, message: string, options?: ErrorOptions & { readonly retryAfterMs?: number | undefined }) {
    super(message, options);
    this.reason = reason;
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** Whether the same call may succeed later without anything being changed. */
  get retryable(): boolean {
    if (this.reason in errorCodes) return errorCodes[this.reason as ErrorCode].retryable;
    return this.reason === 'unreachable' || this.reason === 'device-busy';
  }
}

const words: Readonly<Record<ErrorCode, string>> = {
  malformed: 'The server did not understand the request. Check the stream name; if it is right, the page and the server may be of different versions: reload the page.',
  unauthorized: 'The publish key is wrong or missing. Open the broadcast link that the server printed when it started, or enter its key.',
  'not-found': 'The server does not know this live stream.',
  'already-live': 'This name is on air already, from another place. Choose another name, or end the other broadcast first.',
  'taken-over': 'Another server took this broadcast over: it goes on from there.',
  'over-limit': 'The server refused so much data at once. Choose a lower quality.',
  'unsupported-media': 'The server could not read what was sent to it. Try another browser, or the newest version of this one.',
  internal: 'The server made a mistake and had to end this broadcast. Try again; its log says more.',
  unavailable: 'The server has no room right now, or is shutting down. Try again in a minute.',
};

/** Codes whose whole story is told by the code: the server's own sentence would only repeat it. */
const selfExplaining: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'already-live', 'taken-over']);

/** The failure for a code the server gave, with what it said about this very case. */
export function serverError(code: ErrorCode, said = '', retryAfterMs?: number): OnairError {
  const message = said === '' || selfExplaining.has(code) ? words[code] : `${words[code]} The server says: “${said}”`;
  return new OnairError(code, message, { retryAfterMs });
}

/** A refused connection in words. */
export function refusalError({ code, said, retryAfterMs }: Refusal): OnairError {
  if (code !== 'no-upgrade') return serverError(code, said, retryAfterMs);
  return new OnairError('unreachable', 'The server answers, but a WebSocket to it does not come through. Try again; if it fails again, something in between (a proxy, a virus scanner) lets no WebSockets pass.');
}

/** The failure that ended a broadcast which the server had taken, or null when it ended as it should. */
export function endError({ code, message }: Extract<IngestMessage, { type: 'ended' }>): OnairError | null {
  if (code === 'already-live') return new OnairError('taken-over', 'Another page took this broadcast over: it goes on from there.');
  return code === undefined ? null : serverError(code, message);
}
