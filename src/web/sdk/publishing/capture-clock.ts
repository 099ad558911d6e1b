import type { PublisherMessage } from '../../../protocol/ingest-messages.js';
import { ClockOffset } from '../playback/clock-offset.js';

/** How often it is said: a first chunk of one byte does not tell the server yet that a recording began. */
const timesTold = 3;

interface Teller {
  /** @returns whether it was sent */
  readonly tell: (message: Extract<PublisherMessage, { type: 'ping' | 'clock' }>) => boolean;
}

/** Tells the server when each recording was made, by the server's own clock: so viewers see how far behind they are. */
export class CaptureClock {
  readonly #server = new ClockOffset();
  #startedAtMs: number | undefined;
  #told = 0;

  /** Asks for the server's time. */
  ask(socket: Teller): void {
    socket.tell({ type: 'ping', sentAtMs: performance.now() });
  }

  hear(pong: { readonly sentAtMs: number; readonly serverTimeMs: number }, socket: Teller): void {
    this.#server.add({ ...pong, receivedAtMs: performance.now() });
    if (this.#told > 0) this.#tell(socket);
  }

  /** Another recording begins: its media time 0 was at this moment of `performance.now()`. */
  beginRecording(startedAtMs: number): void {
    this.#startedAtMs = startedAtMs;
    this.#told = 0;
  }

  /** Call when bytes were pushed, and once a second. */
  tick(socket: Teller, after: 'chunk' | 'second'): void {
    if (this.#told < (after === 'chunk' ? 1 : timesTold)) this.#tell(socket);
  }

  #tell(socket: Teller): void {
    const captureTimeMs = this.#startedAtMs === undefined ? undefined : this.#server.serverTimeMs(this.#startedAtMs);
    if (captureTimeMs !== undefined && socket.tell({ type: 'clock', captureTimeMs })) this.#told += 1;
  }
}
