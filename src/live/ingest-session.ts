import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IngestMessage } from '../protocol/ingest-messages.js';
import { beginsJpeg } from '../source/jpeg.js';
import type { SourceEvent } from '../source/source-events.js';
import { beginsRecording, SourceReader } from '../source/source-reader.js';
import { LiveError, toLiveError } from '../protocol/live-error.js';
import { piecesOf } from './fair-share.js';
import { InTurns } from './in-turns.js';
import type { IngestConnection, IngestListener } from './ingest-connection.js';
import { PictureIngest } from './picture-ingest.js';
import type { Take } from './take.js';
import { TakeFeed } from './take-feed.js';

export interface IngestSessionOptions {
  readonly resumeWindowSeconds: number;
  /** Of a broadcast that another server began. Default: one of its own. */
  readonly resumeToken?: string | undefined;
  /** Whether another server could go on, should this one die. */
  readonly isShared?: boolean | undefined;
  /** How far what comes may run ahead of time before it is held: enough for a first playlist. Default: without end. */
  readonly burstSeconds?: number | undefined;
  /** Monotonic, in ms. */
  readonly now?: () => number;
  /** Told of every slice that came. */
  readonly onReceived?: (bytes: number) => void;
  /** Told, beside the publisher, what of its media was passed over. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Told why a connection ended the broadcast, where it was no goodbye. */
  readonly onFault?: (fault: LiveError) => void;
  /** Told, in place of the end, that its publisher did not come back within the window. */
  readonly onWaitedInVain?: (() => void) | undefined;
}

/** All that one publisher sends in one broadcast, cut into takes. It outlives its connections. */
export class IngestSession {
  /** Who has it may take the broadcast up again. */
  readonly resumeToken: string;
  /** It goes on with a broadcast of another server, of whose bytes it has none. */
  readonly goesOn: boolean;
  readonly #resumeWindowMs: number;
  readonly #onWaitedInVain: () => void;
  readonly #now: () => number;
  readonly #onReceived: ((bytes: number) => void) | undefined;
  readonly #onFault: ((fault: LiveError) => void) | undefined;
  readonly #reader = new SourceReader();
  readonly #feed: TakeFeed;
  readonly #pictures = new PictureIngest({
    write: (events) => this.#feed.push(events),
    onFailure: (error) => this.fail(toLiveError(error)),
  });
  readonly #turns = new InTurns();
  #received = 0;
  #safe: number | undefined;
  #lastBytesMs: number;
  /** What came and is not passed on. */
  #passing = 0;
  /** The next byte is the first of all, or of an announced recording. */
  #isBeginning = true;
  #passedOn: Promise<void> = Promise.resolve();
  #connection: IngestListener | undefined;
  #connections = 0;
  /** There was a connection, and there is none now. */
  #lost = false;
  #resumeTimer: NodeJS.Timeout | undefined;
  #failure: LiveError | undefined;
  #ended = false;

  constructor({ resumeWindowSeconds, resumeToken, isShared = false, burstSeconds = Infinity, now = () => performance.now(), onReceived, onNotice, onFault, onWaitedInVain = () => this.end() }: IngestSessionOptions) {
    this.resumeToken = resumeToken ?? randomBytes(18).toString('base64url');
    this.#safe = isShared ? 0 : undefined;
    this.goesOn = resumeToken !== undefined;
    this.#now = now;
    this.#lastBytesMs = now();
    this.#resumeWindowMs = resumeWindowSeconds * 1000;
    this.#onWaitedInVain = onWaitedInVain;
    this.#feed = new TakeFeed({
      burstSeconds,
      onNotice: ({ code, message }) => {
        this.send({ type: 'warning', code, message });
        onNotice?.(message);
      },
      onRefusal: (reason) => this.fail(new LiveError('unsupported-media', reason)),
      onFailure: (error) => this.fail(toLiveError(error)),
    });
    this.#onReceived = onReceived;
    this.#onFault = onFault;
  }

  /** Bytes of the broadcast that are safe with the server. */
  get received(): number {
    return this.#received;
  }

  /** How many of them another server needs no more to go on with the broadcast; undefined: no other one could. */
  get safe(): number | undefined {
    return this.#safe;
  }

  /** What another server would go on behind is written down: these bytes need not be sent again. It never falls. */
  noteSafe(bytes: number): void {
    if (this.#safe !== undefined) this.#safe = Math.max(bytes, this.#safe);
  }

  /** Resolves when what came so far was passed on, by whichever connection it came. */
  get passedOn(): Promise<void> {
    return this.#passedOn;
  }

  /** Whether the publisher's connection is lost and may be resumed. Before its first one came nothing is lost. */
  get waiting(): boolean {
    return this.#lost && !this.#ended;
  }

  /** Whether its publisher was lost before the first byte, perhaps before it was told its resume token: nothing is waited for. */
  get abandoned(): boolean {
    return this.waiting && this.#received === 0;
  }

  /** Whether no more bytes are taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether it was broken off. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether `token` is the resume token of this broadcast, and more bytes may still come. */
  acceptsToken(token: string): boolean {
    const [given, wanted] = [Buffer.from(token), Buffer.from(this.resumeToken)];
    return !this.#ended && given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** How long nothing came, though it could have: who is read no further, because it is ahead of time or ffmpeg is slow, is not silent. */
  get silentMs(): number {
    return this.#feed.holds || this.#passing > 0 ? 0 : this.#now() - this.#lastBytesMs;
  }

  /** How many there were so far: who came anew knows nothing of what was told before. */
  get connections(): number {
    return this.#connections;
  }

  /** A new connection, which takes over from an earlier one. */
  connect(listener: IngestListener): IngestConnection {
    clearTimeout(this.#resumeTimer);
    this.#connection?.onReplaced();
    this.#connection = listener;
    this.#connections++;
    this.#lost = false;
    const isCurrent = (): boolean => this.#connection === listener && !this.#ended;
    return {
      write: async (bytes, arrivedAtMs) => {
        if (isCurrent()) await this.#pass(() => this.#receive(bytes, arrivedAtMs));
      },
      writeEvents: async (events, byteLength) => {
        if (isCurrent()) await this.#pass(() => this.#receiveEvents(events, byteLength));
      },
      writePicture: async (jpeg, arrivedAtMs) => {
        if (isCurrent()) await this.#pass(() => this.#receivePicture(jpeg, arrivedAtMs));
      },
      beginRecording: () => {
        if (!isCurrent()) return;
        this.#isBeginning = true;
        this.#pictures.stop();
        this.#turns.after(() => this.#endRecording());
      },
      tellCaptureTime: (captureTimeMs) => this.#turns.after(() => isCurrent() && this.#feed.tellCaptureTime(captureTimeMs)),
      end: (fault) => {
        if (!isCurrent()) return;
        if (fault) this.#onFault?.(fault);
        this.#turns.after(() => this.end());
      },
      drop: () => {
        if (isCurrent()) this.#awaitResume();
      },
    };
  }

  /** Tells the publisher, if it is connected. */
  send(message: IngestMessage): void {
    this.#connection?.onMessage(message);
  }

  /** Tells the publisher, if it is connected, that another server goes on. */
  tellMoved(): void {
    this.#connection?.onMoved?.();
  }

  /** No more bytes will come; what came is still worked off. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#resumeTimer);
    this.#pictures.rest();
    void this.#feed.push(this.#reader.end());
    this.#feed.end();
  }

  /** The broadcast can't go on: `takes()` throws this. */
  fail(error: LiveError): void {
    this.#failure ??= error;
    this.end();
    this.#feed.close();
  }

  /**
   * The takes in order, for one reader.
   * @throws {LiveError} when what came can't be used
   */
  async *takes(): AsyncGenerator<Take, void, undefined> {
    for (;;) {
      const next = await this.#feed.next();
      if (this.#failure) {
        next?.close();
        throw this.#failure;
      }
      if (!next) return;
      yield next;
    }
  }

  /** What goes wrong with the bytes ends the broadcast with its cause; whoever brought them need not find out. */
  #pass(receive: () => Promise<void>): Promise<void> {
    this.#passing += 1;
    const passed = receive()
      .catch((error: unknown) => this.fail(toLiveError(error)))
      .finally(() => {
        this.#passing -= 1;
        this.#lastBytesMs = this.#now();
      });
    return (this.#passedOn = passed);
  }

  /** A slice of a recording may begin like a JPEG picture: only where a recording begins does that tell something. */
  async #receive(message: Uint8Array, arrivedAtMs?: number): Promise<void> {
    const isPicture = this.#pictures.running ? !beginsRecording(message) : this.#isBeginning && beginsJpeg(message);
    if (isPicture) return this.#receivePicture(message, arrivedAtMs);
    this.#pictures.stop();
    this.#count(message.length);
    return this.#turns.work(piecesOf(message), (piece) => this.#feed.push(this.#reader.push(piece)), () => !this.#ended);
  }

  async #receiveEvents(events: readonly SourceEvent[], byteLength: number): Promise<void> {
    this.#pictures.stop();
    this.#count(byteLength);
    await this.#turns.work([events], (each) => this.#feed.push(each), () => !this.#ended);
  }

  /** What was held of it, because more could have followed, comes out; the next byte begins another one. */
  #endRecording(): void {
    void this.#feed.push(this.#reader.beginRecording());
    this.#feed.endRecording();
  }

  async #receivePicture(jpeg: Uint8Array, arrivedAtMs = performance.now()): Promise<void> {
    this.#count(jpeg.length);
    const refusal = await this.#pictures.add(jpeg, arrivedAtMs);
    if (refusal) this.fail(refusal);
  }

  #count(length: number): void {
    if (length > 0) this.#isBeginning = false;
    this.#received += length;
    this.#lastBytesMs = this.#now();
    this.#onReceived?.(length);
  }

  #awaitResume(): void {
    this.#pictures.rest();
    this.#connection = undefined;
    this.#lost = true;
    this.#resumeTimer = setTimeout(() => this.#onWaitedInVain(), this.#resumeWindowMs);
  }
}
