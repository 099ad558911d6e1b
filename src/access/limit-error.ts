import { LiveError } from '../protocol/live-error.js';

/** There is no room, or not for this client; it may ask again after a while. */
export class LimitError extends LiveError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super('unavailable', message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
