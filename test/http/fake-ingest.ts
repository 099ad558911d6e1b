import type { IngestConnection, IngestListener } from '../../src/live/ingest-connection.js';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';

type IngestEvent = number | 'picture' | 'recording' | 'end' | 'drop';

/** Stands in for an ingest session: what a connection does is written down. */
export class FakeIngest {
  readonly resumeToken = 'token';
  readonly goesOn = false;
  received = 0;
  ended = false;
  waiting = false;
  readonly abandoned = false;
  silentMs = 0;
  /** What happened, in order: byte counts, and what else a connection says. */
  readonly events: IngestEvent[] = [];
  readonly writes: Buffer[] = [];
  /** What `write` waits for: replace it to stall. */
  gate: Promise<void> = Promise.resolve();
  readonly passedOn: Promise<void> = Promise.resolve();
  safe: number | undefined;
  readonly #onEnd: () => void;
  #listener: IngestListener | undefined;
  #changed: (() => void)[] = [];

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  acceptsToken(token: string): boolean {
    return token === this.resumeToken;
  }

  connect(listener: IngestListener): IngestConnection {
    this.#listener?.onReplaced();
    this.#listener = listener;
    return {
      write: async (bytes) => {
        this.writes.push(Buffer.from(bytes));
        this.#note(bytes.length);
        await this.gate;
        this.received += bytes.length;
      },
      writeEvents: async () => undefined,
      writePicture: async (jpeg) => {
        this.writes.push(Buffer.from(jpeg));
        this.#note('picture');
        this.received += jpeg.length;
      },
      beginRecording: () => this.#note('recording'),
      tellCaptureTime: (captureTimeMs) => this.#note(captureTimeMs),
      end: () => {
        this.#note('end');
        this.#onEnd();
      },
      drop: () => this.#note('drop'),
    };
  }

  say(message: IngestMessage): void {
    this.#listener?.onMessage(message);
  }

  /** Resolves when the condition holds after some event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #note(event: IngestEvent): void {
    this.events.push(event);
    for (const wake of this.#changed.splice(0)) wake();
  }
}
