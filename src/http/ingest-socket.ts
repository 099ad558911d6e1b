import type { WebSocket } from '@fastify/websocket';
import { errorCodes } from '../protocol/error-codes.js';
import { parsePublisherMessage } from '../protocol/ingest-messages.js';
import type { IngestMessage } from '../protocol/ingest-messages.js';
import type { DescriptionChange } from '../protocol/stream-description.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { describeWrapped, sendChunks, TextMediaReader, type TextMedia } from '../source/text-media.js';
import { LiveError, toLiveError } from '../protocol/live-error.js';
import type { IngestConnection } from '../live/ingest-connection.js';
import type { PublishedBroadcast } from '../live/published-broadcast.js';
import type { IngestEntry } from '../live/two-socket-ingest.js';
import { closeReason, maxPongBacklogBytes } from './websocket.js';

/** What may wait for the transcoder before the socket is paused; what the kernel holds comes on top. */
const maxPendingBytes = 1_048_576;
/** What one waiting message costs beside its bytes, so that many tiny ones are bounded too. */
const messageOverheadBytes = 256;
/** Twice as often as promised, so that a late timer does not break the promise. */
const ackIntervalMs = 500;

export interface IngestSocketOptions {
  readonly socket: WebSocket;
  readonly broadcast: PublishedBroadcast;
  /** Where in the broadcast its bytes go. */
  readonly ingest: IngestEntry;
  /** The stream's addresses as this publisher can use them. */
  readonly urls: LiveStreamUrls;
  readonly onBytes: (count: number) => void;
}

/** A publisher's WebSocket: hands messages on strictly in order, and stops reading while the broadcast is busy. */
export class IngestSocket {
  readonly #socket: WebSocket;
  readonly #broadcast: PublishedBroadcast;
  readonly #ingest: IngestEntry;
  readonly #connection: IngestConnection;
  readonly #onBytes: (count: number) => void;
  readonly #acks: NodeJS.Timeout;
  readonly #texts = new TextMediaReader();
  #handled: Promise<void>;
  #pendingBytes = 0;
  #acknowledged: number;
  #toldSafe: number | undefined;
  /** The publisher broke the rules: nothing is gained by waiting for it to come back. */
  #atFault = false;
  /** Nothing that still comes is of use: the goodbye has been said. */
  #over = false;

  constructor({ socket, broadcast, ingest, urls, onBytes }: IngestSocketOptions) {
    this.#socket = socket;
    this.#broadcast = broadcast;
    this.#ingest = ingest;
    this.#onBytes = onBytes;
    this.#acknowledged = ingest.received;
    this.#toldSafe = ingest.safe;
    // Not before what an earlier connection brought: to come back again and again must not fill the memory.
    this.#handled = ingest.passedOn;
    this.#send({ type: 'ready', broadcast: broadcast.id, resume: ingest.resumeToken, received: ingest.received, ...(ingest.goesOn && ingest.received === 0 && { anew: true }), urls });
    this.#connection = ingest.connect({
      onMessage: (message) => this.#tell(message),
      onReplaced: () => this.#close('already-live', 'another connection of this publisher took the broadcast over'),
      onMoved: () => this.#hangUp(1012, 'this server leaves; the broadcast goes on at another one, with the resume token'),
    });
    // One that resumes was not told while it was away, and its page is to show it.
    if (broadcast.state === 'live') this.#send({ type: 'live' });
    this.#acks = setInterval(() => this.#acknowledge(), ackIntervalMs);
    socket.on('message', (data, isBinary) => this.#enqueue(data as Buffer, isBinary));
    // Only what the publisher did wrong is an error here (a message too large, a broken frame); ws says goodbye itself.
    socket.on('error', () => (this.#atFault = true));
    socket.on('close', (code) => this.#closed(code));
    // It may have ended between the upgrade's admission and now: nobody would tell this connection any more.
    if (broadcast.state === 'ended') this.#close('not-found', 'the broadcast to be resumed is over; start a new one');
  }

  #enqueue(data: Buffer, isBinary: boolean): void {
    if (this.#over) return;
    const cost = data.length + messageOverheadBytes;
    const arrivedAtMs = performance.now();
    this.#pendingBytes += cost;
    if (isBinary) this.#onBytes(data.length);
    if (this.#pendingBytes > maxPendingBytes) this.#socket.pause();
    this.#handled = this.#handled
      .then(() => this.#handle(data, isBinary, arrivedAtMs))
      .catch((error: unknown) => this.#fail(toLiveError(error)))
      .then(() => {
        this.#pendingBytes -= cost;
        if (this.#socket.isPaused && this.#pendingBytes <= maxPendingBytes / 2) this.#socket.resume();
      });
  }

  async #handle(data: Buffer, isBinary: boolean, arrivedAtMs: number): Promise<void> {
    if (this.#over) return;
    if (isBinary) return this.#connection.write(data, arrivedAtMs);
    const text = data.toString('utf8');
    const media = this.#texts.read(text);
    if (media) return this.#handleText(media, arrivedAtMs);
    const message = parse(text);
    switch (message.type) {
      case 'end':
        return this.#connection.end();
      case 'recording':
        return this.#connection.beginRecording();
      case 'ping':
        // A publisher that does not read its answers gets no more of them.
        if (this.#socket.bufferedAmount <= maxPongBacklogBytes) this.#send({ type: 'pong', sentAtMs: message.sentAtMs, serverTimeMs: Date.now() });
        return;
      case 'clock':
        return this.#connection.tellCaptureTime(message.captureTimeMs);
      case 'describe':
        return this.#describe(message);
    }
  }

  /** Words that can't be taken are no reason to end a broadcast. */
  #describe(change: DescriptionChange): void {
    try {
      this.#broadcast.describe(change);
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      this.#send({ type: 'warning', code: 'description-refused', message: `The title and description stay as they were: ${error.message}.` });
    }
  }

  #handleText(media: TextMedia, arrivedAtMs: number): Promise<void> {
    if ('malformed' in media) throw new LiveError('malformed', media.malformed);
    if ('unsupported' in media) throw new LiveError('unsupported-media', media.unsupported);
    const isPicture = 'picture' in media;
    const bytes = isPicture ? media.picture : media.recording;
    this.#onBytes(bytes.length);
    return isPicture ? this.#connection.writePicture(bytes, arrivedAtMs) : this.#connection.write(bytes, arrivedAtMs);
  }

  #acknowledge(): void {
    const { received, safe } = this.#ingest;
    if (received === this.#acknowledged && safe === this.#toldSafe) return;
    this.#acknowledged = received;
    this.#toldSafe = safe;
    this.#send({ type: 'ack', received, ...(safe !== undefined && { safe }) });
  }

  #tell(message: IngestMessage): void {
    if (message.type === 'ended') this.#close(message.code, message.message);
    else if (!this.#over) this.#send(message);
  }

  #fail(error: LiveError): void {
    this.#close(error.code, error.message);
    this.#connection.end(error);
  }

  #close(code: LiveError['code'] | undefined, message: string): void {
    this.#hangUp(code === undefined ? 1000 : errorCodes[code].closeCode, message, code === undefined ? { type: 'ended', message } : { type: 'ended', code, message });
  }

  /** @param lastWord said before */
  #hangUp(closeCode: number, reason: string, lastWord?: IngestMessage): void {
    if (this.#over) return;
    this.#acknowledge();
    this.#over = true;
    clearInterval(this.#acks);
    if (lastWord) this.#send(lastWord);
    // A paused socket would never see the answer to its close frame.
    this.#socket.resume();
    this.#socket.close(closeCode, closeReason(reason));
  }

  /** What the connection brought is worked off first, however it went. */
  #closed(code: number): void {
    clearInterval(this.#acks);
    void this.#handled.then(() => {
      if (code === 1000 || this.#atFault || this.#over) this.#connection.end();
      else this.#connection.drop();
      this.#over = true;
    });
  }

  #send(message: IngestMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function parse(text: string): ReturnType<typeof parsePublisherMessage> {
  try {
    return parsePublisherMessage(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const wrapped = describeWrapped(text);
    throw new LiveError('malformed', wrapped ? `expected the recording in binary messages, got ${wrapped}: ${sendChunks}` : error.message);
  }
}
