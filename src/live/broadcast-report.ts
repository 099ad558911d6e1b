import type { IngestMessage } from '../protocol/ingest-messages.js';
import type { RecordingFacts } from '../protocol/live-stream-info.js';
import type { LiveError } from '../protocol/live-error.js';
import type { LiveEvent, LiveLog } from './broadcast-options.js';

export interface BroadcastReportOptions {
  readonly stream: string;
  readonly broadcast: string;
  readonly log: LiveLog;
  readonly onEvent: ((event: LiveEvent) => void) | undefined;
  /** To the publisher. */
  readonly send: (message: IngestMessage) => void;
}

/** Who is told what happens to a broadcast: the operator by the log and by counts, its publisher in words. */
export class BroadcastReport {
  readonly #options: BroadcastReportOptions;
  #toldDropped = false;
  #copyWasRefused = false;

  constructor(options: BroadcastReportOptions) {
    this.#options = options;
  }

  /** A lifecycle step. */
  info(facts: object, message: string): void {
    this.#options.log.info({ ...this.#names, ...facts }, message);
  }

  warn(facts: object, message: string): void {
    this.#options.log.warn({ ...this.#names, ...facts }, message);
  }

  /** What is taken from here on, and in words what of it is not. */
  take(facts: RecordingFacts, leftOut: readonly string[]): void {
    this.info(facts, 'recording');
    this.#options.send({ type: 'recording', ...facts });
    for (const message of leftOut) this.#options.send({ type: 'warning', code: 'rendition-left-out', message });
  }

  /** The last word to its publisher: nothing more is taken here. */
  over(failure: LiveError | null): void {
    this.#options.send({ type: 'ended', ...(failure ? { code: failure.code, message: failure.message } : { message: 'The broadcast is over.' }) });
  }

  restart(reason: string): void {
    this.#options.onEvent?.('ffmpeg-restarted');
    this.warn({ reason }, 'ffmpeg is restarted');
    const message = `The server's media engine was restarted (${reason}). The broadcast goes on; viewers see a short stall.`;
    this.#options.send({ type: 'warning', code: 'transcoder-restarted', message });
  }

  /** No publisher is told: nothing happened to the picture. Logged once a broadcast; every one is counted. */
  copyRefused(refusal: object): void {
    this.#options.onEvent?.('copy-refused');
    if (!this.#copyWasRefused) this.info(refusal, 'a copied picture could not be cut in time, and is encoded from there on');
    this.#copyWasRefused = true;
  }

  playlistsEnded(err: unknown): void {
    this.warn({ err }, 'the playlists end');
    const message = 'The server can’t go on with the HLS playlists of this broadcast. It goes on without them: start a new one when you can.';
    this.#options.send({ type: 'warning', code: 'hls-ended', message });
  }

  /** Only what this server did wrong is worth a stack trace. */
  end(failure: LiveError): void {
    const facts = { code: failure.code, reason: failure.message };
    if (failure.code === 'internal') this.warn({ ...facts, err: failure }, 'broadcast failed');
    else this.info(facts, 'broadcast refused or broken off');
  }

  /** Once a broadcast: what throws once, throws for many. */
  dropped(err: unknown): void {
    if (!this.#toldDropped) this.warn({ err }, 'what takes the media failed and is let go');
    this.#toldDropped = true;
  }

  get #names(): { stream: string; broadcast: string } {
    const { stream, broadcast } = this.#options;
    return { stream, broadcast };
  }
}
