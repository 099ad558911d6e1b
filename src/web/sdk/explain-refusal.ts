import { errorCodes, type ErrorBody } from '../../protocol/error-codes.js';
import { OnairError, serverError } from './errors.js';
import { retryAfterMs } from './retry-after.js';

/**
 * Asks over HTTP why a WebSocket was refused before its upgrade, which browsers hide: the server checks a plain request in the
 * same way. Resolves undefined when it does not answer, or not to this page.
 */
export async function explainRefusal(socketUrl: string, ask: (url: string, init: RequestInit) => Promise<Response> = fetch): Promise<OnairError | undefined> {
  try {
    const answer = await ask(socketUrl.replace(/^ws/, 'http'), {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(5_000),
    });
    const body = (await answer.json()) as Partial<ErrorBody> | null;
    // RFC 9110 §15.5.22: only the upgrade is missing, so the server has nothing against it.
    if (answer.status === 426) {
      return new OnairError('unreachable', 'The server answers, but a WebSocket to it does not come through. Try again; if it fails again, something in between (a proxy, a virus scanner) lets no WebSockets pass.');
    }
    const code = body?.code;
    return code !== undefined && Object.hasOwn(errorCodes, code) ? serverError(code, body?.message, retryAfterMs(answer.headers)) : undefined;
  } catch {
    return undefined;
  }
}
