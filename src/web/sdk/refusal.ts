import { errorCodeOfClose, errorCodes, type ErrorBody, type ErrorCode } from '../../protocol/error-codes.js';
import { retryAfterMs } from './retry-after.js';

/** Why the server would not have a connection, or ended it. */
export interface Refusal {
  /** `no-upgrade`: it has nothing against it, but a WebSocket does not come through to it. */
  readonly code: ErrorCode | 'no-upgrade';
  /** The server's own sentence about this very case; '' when it said none. */
  readonly said: string;
  /** Whether the same attempt may succeed later without anything being changed. */
  readonly retryable: boolean;
  /** How long it asked to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

export function refusalOf(code: ErrorCode, said = '', waitMs?: number): Refusal {
  return { code, said, retryable: errorCodes[code].retryable, retryAfterMs: waitMs };
}

/** The refusal that a WebSocket was closed with, or undefined when the connection was merely lost. */
export function closeRefusal(closeCode: number, reason: string): Refusal | undefined {
  const code = errorCodeOfClose(closeCode);
  return code === undefined ? undefined : refusalOf(code, reason);
}

/**
 * Asks over HTTP why a WebSocket was refused before its upgrade, which browsers hide: the server checks a plain request in the
 * same way. Resolves undefined when it does not answer, or not to this page.
 */
export async function explainRefusal(socketUrl: string, ask: (url: string, init: RequestInit) => Promise<Response> = fetch): Promise<Refusal | undefined> {
  try {
    const answer = await ask(socketUrl.replace(/^ws/, 'http'), {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(5_000),
    });
    const body = (await answer.json()) as Partial<ErrorBody> | null;
    // RFC 9110 §15.5.22: only the upgrade is missing.
    if (answer.status === 426) return { code: 'no-upgrade', said: '', retryable: true };
    const code = body?.code;
    return code !== undefined && Object.hasOwn(errorCodes, code) ? refusalOf(code, body?.message, retryAfterMs(answer.headers)) : undefined;
  } catch {
    return undefined;
  }
}
