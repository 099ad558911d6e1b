import type { ErrorCode } from '../protocol/error-codes.js';
import type { AmfObject } from './wire/amf0.js';

/** What encoders show, or at least log, for each kind of failure. */
const statusOfCode: Readonly<Record<ErrorCode, string>> = {
  malformed: 'NetStream.Publish.BadName',
  unauthorized: 'NetStream.Publish.Denied',
  'not-found': 'NetStream.Publish.BadName',
  'already-live': 'NetStream.Publish.BadName',
  'taken-over': 'NetStream.Publish.BadName',
  'over-limit': 'NetStream.Publish.Rejected',
  'unsupported-media': 'NetStream.Publish.Rejected',
  internal: 'NetStream.Publish.Failed',
  unavailable: 'NetStream.Publish.Rejected',
};

/** The information object of an `onStatus` (§7.2.2) that refuses or breaks off. */
export function failureStatus(code: ErrorCode, description: string): AmfObject {
  return { level: 'error', code: statusOfCode[code], description };
}

export function status(code: string, description: string): AmfObject {
  return { level: 'status', code, description };
}
