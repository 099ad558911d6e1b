import { LiveError } from '../protocol/live-error.js';

/** There is no room, or not for this client; it may ask again after a while. */
export class LimitError extends LiveError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super('unavailable', message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
