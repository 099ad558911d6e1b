import type { Http2ServerRequest } from 'node:http2';
import type { FastifyRequest } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import type { IngestConnection } from '../live/ingest-connection.js';
import type { PublishedBroadcast } from '../live/published-broadcast.js';
import type { IngestEntry } from '../live/two-socket-ingest.js';

export interface IngestBodyOptions {
  readonly body: FastifyRequest['raw'];
  readonly broadcast: PublishedBroadcast;
  /** Where in the broadcast its bytes go. */
  readonly ingest: IngestEntry;
  /** Bytes at its beginning that the broadcast has already; undefined: it begins a recording of its own. */
  readonly skipBytes: number | undefined;
  readonly onBytes: (count: number) => void;
}

/** A publisher's request body: its end is the end of the broadcast, and its breaking off is a lost connection. */
export class IngestBody {
  /**
   * Resolves when the broadcast is over as it should be.
   * @throws {LiveError} when it is not, or when this body is of no use to it any more
   */
  readonly finished: Promise<void>;
  readonly #options: IngestBodyOptions;
  readonly #connection: IngestConnection;
  /** What still comes is read into nothing, so that the client gets to hear why. */
  #over = false;
  /** It came to its end, and that was the broadcast's. */
  #isWhole = false;

  constructor(options: IngestBodyOptions) {
    this.#options = options;
    const { ingest, skipBytes } = options;
    // Not before what an earlier connection brought.
    const passedOn = ingest.passedOn;
    let leave!: (reason: LiveError) => void;
    const replaced = new Promise<never>((_resolve, reject) => (leave = reject));
    this.#connection = ingest.connect({
      onMessage: () => undefined,
      onReplaced: () => leave(new LiveError('already-live', 'another connection of this publisher took the broadcast over')),
    });
    if (skipBytes === undefined) this.#connection.beginRecording();
    this.finished = Promise.race([this.#ending(), this.#lost(passedOn), replaced]).finally(() => (this.#over = true));
  }

  async #ending(): Promise<void> {
    const { broadcast, ingest } = this.#options;
    const failure = await broadcast.closed;
    if (failure) throw failure;
    if (!this.#isWhole || broadcast.info('').rendition) return;
    throw new LiveError('unsupported-media', `expected a recording with picture or sound, got ${ingest.received} bytes without`);
  }

  /** Never resolves, but rejects when the body breaks off. */
  async #lost(passedOn: Promise<void>): Promise<never> {
    const isWhole = await this.#read(passedOn);
    if (!isWhole) {
      this.#connection.drop();
      throw new LiveError('malformed', 'the body broke off before its end; the broadcast waits for its publisher');
    }
    this.#isWhole = true;
    this.#connection.end();
    return new Promise<never>(() => undefined);
  }

  async #read(passedOn: Promise<void>): Promise<boolean> {
    const { body, onBytes, skipBytes = 0 } = this.#options;
    let toSkip = skipBytes;
    try {
      await passedOn;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        onBytes(chunk.length);
        if (this.#over) continue;
        const skipped = Math.min(toSkip, chunk.length);
        toSkip -= skipped;
        if (skipped < chunk.length) await this.#connection.write(chunk.subarray(skipped));
      }
    } catch {
      return false; // a connection that broke off is no error of anybody's
    }
    // A stream of HTTP/2 that is reset ends like one that is done, but is closed before anything was answered.
    return (body as { readonly stream?: Http2ServerRequest['stream'] }).stream?.closed !== true;
  }
}
