/** What one kind of failure means to each kind of client; shared by server and browser. */
export interface ErrorFacts {
  readonly httpStatus: number;
  /** WebSocket close code, RFC 6455 §7.4.2 private range. */
  readonly closeCode: number;
  /** Whether the same request may succeed later without the caller changing anything. */
  readonly retryable: boolean;
}

export const errorCodes = {
  malformed: { httpStatus: 400, closeCode: 4400, retryable: false },
  unauthorized: { httpStatus: 401, closeCode: 4401, retryable: false },
  'not-found': { httpStatus: 404, closeCode: 4404, retryable: true },
  'already-live': { httpStatus: 409, closeCode: 4409, retryable: false },
  'taken-over': { httpStatus: 409, closeCode: 4410, retryable: false },
  'over-limit': { httpStatus: 413, closeCode: 4413, retryable: false },
  'unsupported-media': { httpStatus: 415, closeCode: 4415, retryable: false },
  internal: { httpStatus: 500, closeCode: 1011, retryable: true },
  unavailable: { httpStatus: 503, closeCode: 4503, retryable: true },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof errorCodes;

/** The JSON body of every failed HTTP request. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The code a WebSocket was closed with, or undefined when it is not one of Onair's. */
export function errorCodeOfClose(closeCode: number): ErrorCode | undefined {
  const entry = Object.entries(errorCodes).find(([, facts]) => facts.closeCode === closeCode);
  return entry?.[0] as ErrorCode | undefined;
}
