import { errorCodes, type ErrorBody } from '../../protocol/error-codes.js';
import { OnairError, serverError } from './errors.js';

/**
 * Asks over HTTP why a WebSocket was refused before its upgrade: browsers hide the status and body of that answer.
 * Resolves undefined when the server does not answer, or not to this page.
 */
export async function explainRefusal(socketUrl: string): Promise<OnairError | undefined> {
  const url = new URL(socketUrl.replace(/^ws/, 'http'));
  try {
    const answer = await ask(url);
    // RFC 9110 §15.5.22: only the upgrade was missing, so name and key are right.
    if (answer.status === 426) return await refusedAlthoughRight(url);
    const body = (await answer.json()) as Partial<ErrorBody> | null;
    const code = body?.code;
    return code !== undefined && Object.hasOwn(errorCodes, code) ? serverError(code, body?.message) : undefined;
  } catch {
    return undefined;
  }
}

async function refusedAlthoughRight(url: URL): Promise<OnairError> {
  if (url.searchParams.has('resume')) {
    return new OnairError('not-found', 'it was away for too long, or the server was started anew. Go live again.');
  }
  return serverError((await ask(new URL('index.m3u8', url))).ok ? 'already-live' : 'unavailable');
}

function ask(url: URL): Promise<Response> {
  return fetch(url, { headers: { accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(5_000) });
}
