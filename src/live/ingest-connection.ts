import type { IngestMessage } from '../protocol/ingest-messages.js';
import type { SourceEvent } from '../source/source-events.js';
import type { LiveError } from '../protocol/live-error.js';

/** Where a connection hears of its broadcast. */
export interface IngestListener {
  onMessage(message: IngestMessage): void;
  /** Another connection of the same publisher took over: this one is of no use any more. */
  onReplaced(): void;
  /** The broadcast goes on at another server: its publisher is to come there, with its token. Without it the publisher is told the end. */
  onMoved?(): void;
}

/** One publisher's connection. */
export interface IngestConnection {
  /**
   * Resolves when the bytes were passed on: awaiting it is the backpressure. Ignored when replaced or over.
   * @param arrivedAtMs by `performance.now()`: the time of the picture, where the bytes are one
   */
  write(bytes: Uint8Array, arrivedAtMs?: number): Promise<void>;
  /**
   * What somebody else read already: of a way in that knows its frames.
   * @param byteLength how many bytes of the publisher it was
   */
  writeEvents(events: readonly SourceEvent[], byteLength: number): Promise<void>;
  /** One JPEG picture, whatever came before it. */
  writePicture(jpeg: Uint8Array, arrivedAtMs?: number): Promise<void>;
  /** Announced: the next byte begins a new container header. */
  beginRecording(): void;
  /** When media time 0 of the present recording was captured, ms since the epoch by this server's clock. */
  tellCaptureTime(captureTimeMs: number): void;
  /** Ends the broadcast: what came is still worked off. @param fault what was wrong with what came, or with us, if something was */
  end(fault?: LiveError): void;
  /** The connection is gone without a goodbye: the broadcast waits for the publisher to come back. */
  drop(): void;
}
