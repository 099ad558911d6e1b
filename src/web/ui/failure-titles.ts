import type { OnairErrorReason } from '../sdk/errors.js';

/** What went wrong, in a few words; the error's own message says what to do. */
export const failureTitles: Readonly<Record<OnairErrorReason, string>> = {
  malformed: 'The server did not understand',
  unauthorized: 'Wrong publish key',
  'not-found': 'No such live stream',
  'already-live': 'This name is taken',
  'over-limit': 'Too much at once',
  'unsupported-media': 'The server cannot read this recording',
  internal: 'The server failed',
  unavailable: 'The server has no room',
  unreachable: 'The server does not answer',
  'resume-refused': 'The broadcast was cut off',
  'taken-over': 'The broadcast goes on elsewhere',
  'permission-denied': 'Not allowed',
  'no-device': 'No device found',
  'device-busy': 'The device is busy',
  'insecure-origin': 'This page is not secure',
  'unsupported-browser': 'This browser cannot broadcast',
  'capture-failed': 'The device did not start',
  'recorder-failed': 'The recorder failed',
  'copy-failed': 'The copy has ended',
};
