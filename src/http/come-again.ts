import { LimitError } from '../access/limit-error.js';

/** When to ask again for what is about to go on at another server: a second, as often as players try by themselves. */
const soonSeconds = 1;

/** What is answered while a broadcast is between two servers: players ask again then, where they give up after a 404. */
export function comeAgainSoon(message: string, cause?: Error): LimitError {
  return new LimitError(message, soonSeconds, cause && { cause });
}
