import type { ErrorCode } from './error-codes.js';

/** A failure that a client is told of, in words that say what was expected and what came. */
export class LiveError extends Error {
  override readonly name = 'LiveError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function toLiveError(error: unknown): LiveError {
  if (error instanceof LiveError) return error;
  return new LiveError('internal', 'the server failed; its log says why', { cause: error });
}
