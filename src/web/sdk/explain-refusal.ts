import { errorCodes, type ErrorBody, type ErrorCode } from '../../protocol/error-codes.js';
import { serverError, type OnairError } from './errors.js';

/**
 * Asks over HTTP why a WebSocket was refused before its upgrade: browsers hide the status and body of that answer.
 * Resolves undefined when the server does not answer, or not to this page.
 */
export async function explainRefusal(socketUrl: string): Promise<OnairError | undefined> {
  try {
    const answer = await fetch(socketUrl.replace(/^ws/, 'http'), {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(5_000),
    });
    const body = (await answer.json()) as Partial<ErrorBody> | null;
    const code = body?.code;
    return code !== undefined && Object.hasOwn(errorCodes, code) ? serverError(code, body?.message) : serverErrorOfStatus(answer.status);
  } catch {
    return undefined;
  }
}

function serverErrorOfStatus(status: number): OnairError | undefined {
  const entry = Object.entries(errorCodes).find(([, { httpStatus }]) => httpStatus === status);
  return entry === undefined ? undefined : serverError(entry[0] as ErrorCode);
}
