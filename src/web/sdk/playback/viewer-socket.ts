import type { ViewerMessage, ViewerPing } from '../../../protocol/viewer-messages.js';
import type { ClockOffset } from './clock-offset.js';
import { Ending, type PlaybackEnd } from './playback.js';
import { afterSocketClose } from './socket-retry.js';

/** Everything but `pong`, which the socket keeps for itself. */
export type TimelineMessage = Exclude<ViewerMessage, { type: 'pong' }>;

const firstPingsMs = [0, 150, 300, 600];
const pingEveryMs = 5000;
const silentMs = 12_000;
/** How long a connection may stay unproven after the network changed or the machine slept. */
const proveWithinMs = 2000;

/** The viewer's connection: keeps itself up, measures the server's clock; knows nothing of media. */
export class ViewerSocket {
  readonly #url: string;
  readonly #clock: ClockOffset;
  readonly #onMessage: (message: TimelineMessage) => void;
  readonly #onMedia: (bytes: Uint8Array) => void;
  readonly #ending = new Ending();
  #socket: WebSocket | undefined;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #heardAtMs = 0;
  #failures = 0;
  #everConnected = false;
  #over = false;

  constructor(options: {
    url: string;
    clock: ClockOffset;
    onMessage: (message: TimelineMessage) => void;
    onMedia: (bytes: Uint8Array) => void;
  }) {
    this.#url = options.url;
    this.#clock = options.clock;
    this.#onMessage = options.onMessage;
    this.#onMedia = options.onMedia;
    this.#connect();
  }

  /** Never `ended`: that is a message like others, and media may still be waiting to be shown. */
  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  /** Asks for a sign of life, and connects anew when none comes soon. */
  prove(): void {
    const askedAtMs = Date.now();
    this.#ping();
    this.#later(proveWithinMs, () => {
      if (this.#heardAtMs < askedAtMs) this.#reconnect();
    });
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAtMs = Date.now();
      for (const delayMs of firstPingsMs) this.#later(delayMs, () => this.#ping());
      this.#later(pingEveryMs, () => this.#keepAlive());
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (socket === this.#socket) this.#take(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#lost(event.code);
    };
  }

  #take(data: ArrayBuffer | string): void {
    this.#heardAtMs = Date.now();
    this.#failures = 0;
    this.#everConnected = true;
    if (typeof data !== 'string') return this.#onMedia(new Uint8Array(data));
    const message = JSON.parse(data) as ViewerMessage;
    if (message.type !== 'pong') return this.#onMessage(message);
    this.#clock.add({ ...message, receivedAtMs: this.#heardAtMs });
  }

  #lost(closeCode: number): void {
    this.#clearTimers();
    this.#socket = undefined;
    if (this.#over) return;
    // A machine without network is no reason to give this path up.
    if (navigator.onLine) this.#failures += 1;
    const verdict = afterSocketClose({ closeCode, failures: this.#failures, everConnected: this.#everConnected });
    if (verdict.action === 'not-live') return this.#finish({ reason: 'not-live' });
    if (verdict.action === 'fail') return this.#finish({ reason: 'failed', why: verdict.why });
    this.#later(verdict.delayMs, () => this.#connect());
  }

  #keepAlive(): void {
    if (Date.now() - this.#heardAtMs > silentMs) return this.#reconnect();
    this.#ping();
    this.#later(pingEveryMs, () => this.#keepAlive());
  }

  #reconnect(): void {
    const stale = this.#socket;
    this.#clearTimers();
    this.#socket = undefined;
    stale?.close();
    this.#connect();
  }

  #ping(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: 'ping', sentAtMs: Date.now() } satisfies ViewerPing));
  }

  #later(delayMs: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, delayMs);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #finish(end: PlaybackEnd): void {
    this.#over = true;
    this.#clearTimers();
    this.#socket?.close(1000);
    this.#ending.resolve(end);
  }
}
