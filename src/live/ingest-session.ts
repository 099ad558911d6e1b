import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IngestMessage } from '../protocol/ingest-messages.js';
import { beginsJpeg } from '../source/jpeg.js';
import { beginsRecording, SourceReader, type SourceHeader } from '../source/source-reader.js';
import { LiveError, toLiveError } from './errors.js';
import { InTurns } from './in-turns.js';
import type { IngestConnection, IngestListener } from './ingest-connection.js';
import { PictureIngest } from './picture-ingest.js';
import { Recording } from './recording.js';
import { RecordingQueue } from './recording-queue.js';

export interface IngestSessionOptions {
  readonly resumeWindowSeconds: number;
  /** Names the publisher where its kind of client can't keep a resume token: by its key. */
  readonly heir?: string | undefined;
  /** Monotonic, in ms. */
  readonly now?: () => number;
  /** Told of every slice that came. */
  readonly onReceived?: (bytes: number) => void;
  /** Told why a connection ended the broadcast, where it was no goodbye. */
  readonly onFault?: (fault: LiveError) => void;
}

/** All that one publisher sends in one broadcast: a sequence of bytes, cut into recordings. It outlives its connections. */
export class IngestSession {
  /** Who has it may take the broadcast up again. */
  readonly resumeToken = randomBytes(18).toString('base64url');
  readonly #resumeWindowMs: number;
  readonly #heir: string | undefined;
  readonly #now: () => number;
  readonly #onReceived: ((bytes: number) => void) | undefined;
  readonly #onFault: ((fault: LiveError) => void) | undefined;
  readonly #reader = new SourceReader();
  readonly #pictures = new PictureIngest({
    write: (bytes) => this.#write(bytes),
    onFailure: (error) => this.fail(toLiveError(error)),
  });
  readonly #recordings = new RecordingQueue();
  readonly #turns = new InTurns();
  #current: Recording | undefined;
  /** Its timestamps jumped: it is continued from the next random access point on. */
  #brokenOff: Recording | undefined;
  /** The last bytes, which may yet turn out to begin a recording. */
  #tail: Uint8Array = Buffer.alloc(0);
  #received = 0;
  #lastBytesMs: number;
  /** Bytes of all recordings so far: what came, but of pictures what was made of them. */
  #written = 0;
  /** The next byte is the first of all, or of an announced recording. */
  #isBeginning = true;
  #passedOn: Promise<void> = Promise.resolve();
  #connection: IngestListener | undefined;
  /** There was a connection, and there is none now. */
  #lost = false;
  #resumeTimer: NodeJS.Timeout | undefined;
  #failure: LiveError | undefined;
  #ended = false;

  constructor({ resumeWindowSeconds, heir, now = () => performance.now(), onReceived, onFault }: IngestSessionOptions) {
    this.#now = now;
    this.#lastBytesMs = now();
    this.#resumeWindowMs = resumeWindowSeconds * 1000;
    this.#heir = heir;
    this.#onReceived = onReceived;
    this.#onFault = onFault;
  }

  /** Bytes of the broadcast that are safe with the server. */
  get received(): number {
    return this.#received;
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

  /** Whether it was broken off. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether `token` is the resume token of this broadcast, and more bytes may still come. */
  acceptsToken(token: string): boolean {
    const [given, wanted] = [Buffer.from(token), Buffer.from(this.resumeToken)];
    return !this.#ended && given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** Whether this publisher, who has no token, may go on with it: its connection is lost, or seems to be. */
  isLeftTo(heir: string): boolean {
    const isSilent = this.#now() - this.#lastBytesMs >= silentMs;
    return !this.#ended && heir === this.#heir && (this.waiting || isSilent);
  }

  /** A new connection, which takes over from an earlier one. */
  connect(listener: IngestListener): IngestConnection {
    clearTimeout(this.#resumeTimer);
    this.#connection?.onReplaced();
    this.#connection = listener;
    this.#lost = false;
    const isCurrent = (): boolean => this.#connection === listener && !this.#ended;
    return {
      write: async (bytes, arrivedAtMs) => {
        if (isCurrent()) await this.#pass(() => this.#take(bytes, arrivedAtMs));
      },
      writePicture: async (jpeg, arrivedAtMs) => {
        if (isCurrent()) await this.#pass(() => this.#takePicture(jpeg, arrivedAtMs));
      },
      beginRecording: () => {
        if (!isCurrent()) return;
        this.#isBeginning = true;
        this.#pictures.stop();
        this.#turns.after(() => this.#leaveRecording());
      },
      tellCaptureTime: (captureTimeMs) => this.#turns.after(() => isCurrent() && this.#current?.tellCaptureTime(captureTimeMs)),
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

  /** The next byte begins another one. */
  #leaveRecording(): void {
    this.#current?.end();
    this.#current = undefined;
    this.#brokenOff = undefined;
    this.#tail = Buffer.alloc(0);
    this.#reader.beginRecording();
  }

  /** Tells the publisher, if it is connected. */
  send(message: IngestMessage): void {
    this.#connection?.onMessage(message);
  }

  /** No more bytes will come; what came is still worked off. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#resumeTimer);
    this.#pictures.rest();
    this.#current?.end();
    this.#recordings.end();
  }

  /** The broadcast can't go on: `recordings()` throws this. */
  fail(error: LiveError): void {
    this.#failure ??= error;
    this.end();
    this.#recordings.close();
  }

  /**
   * The recordings in order, for one reader.
   * @throws {LiveError} when what came can't be used
   */
  async *recordings(): AsyncGenerator<Recording, void, undefined> {
    for (;;) {
      const next = await this.#recordings.next();
      if (this.#failure) {
        next?.close();
        throw this.#failure;
      }
      if (!next) return;
      yield next;
    }
  }

  /** What goes wrong with the bytes ends the broadcast with its cause; whoever brought them need not find out. */
  #pass(take: () => Promise<void>): Promise<void> {
    return (this.#passedOn = take().catch((error: unknown) => this.fail(toLiveError(error))));
  }

  /** A slice of a recording may begin like a JPEG picture: only where a recording begins does that tell something. */
  async #take(message: Uint8Array, arrivedAtMs?: number): Promise<void> {
    const isPicture = this.#pictures.running ? !beginsRecording(message) : this.#isBeginning && beginsJpeg(message);
    if (isPicture) return this.#takePicture(message, arrivedAtMs);
    this.#pictures.stop();
    this.#count(message);
    return this.#turns.work(message, (piece) => this.#write(piece), () => !this.#ended);
  }

  async #takePicture(jpeg: Uint8Array, arrivedAtMs = performance.now()): Promise<void> {
    this.#count(jpeg);
    const refusal = await this.#pictures.add(jpeg, arrivedAtMs);
    if (refusal) this.fail(refusal);
  }

  #count({ length }: Uint8Array): void {
    if (length > 0) this.#isBeginning = false;
    this.#received += length;
    this.#lastBytesMs = this.#now();
    this.#onReceived?.(length);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const base = this.#written;
    this.#written += chunk.length;
    const writes: Promise<void>[] = [];
    let done = 0;
    /** Gives the current recording what comes before byte `offset` of the broadcast. */
    const leaveAt = (offset: number): number => {
      const start = offset - base;
      if (start > done && this.#current) writes.push(this.#current.write(chunk.subarray(done, start)));
      return start;
    };
    let begun = 0;
    const moveTo = (recording: Recording, offset: number): void => {
      if (++begun > maxRecordingsAtOnce) this.fail(new LiveError('unsupported-media', `expected at most ${maxRecordingsAtOnce} recordings in one message, got more`));
      const start = leaveAt(offset);
      this.#open(recording);
      // Its first bytes may have come before it could be told that it begins with them.
      if (start < 0) writes.push(recording.write(this.#tail.subarray(this.#tail.length + start)));
      done = Math.max(start, 0);
    };
    for (const event of this.#reader.push(chunk)) {
      if (this.#failure) break;
      if (event.type === 'recording') moveTo(new Recording({ startedAtMs: Date.now(), offset: event.offset }), event.offset);
      else if (event.type === 'not-media') this.fail(new LiveError('unsupported-media', event.reason));
      else if (event.type === 'header') {
        const header: SourceHeader = this.#pictures.running ? { ...event.header, container: 'jpeg' } : event.header;
        this.#current?.announceHeader(header, event.endOffset);
      } else {
        const { offset } = event;
        const from = this.#brokenOff ?? (this.#current?.mustBeContinued ? this.#current : undefined);
        if (event.type === 'random-access' && from && offset >= base - this.#tail.length) {
          moveTo(from.continuation({ startedAtMs: Date.now(), offset }), offset);
        }
        if (event.type === 'frame' && this.#current?.jumpsAt(event)) {
          leaveAt(offset);
          this.#breakOff(this.#current);
        }
        this.#current?.note(event);
      }
    }
    if (this.#current) writes.push(this.#current.write(chunk.subarray(done)));
    this.#keepTail(chunk);
    for (const write of writes) await write;
    await this.#recordings.room();
  }

  #open(recording: Recording): void {
    this.#current?.end();
    this.#brokenOff = undefined;
    this.#current = recording;
    this.#recordings.push(recording);
  }

  /** What follows is left out, until a point where it can be gone on with anew. */
  #breakOff(recording: Recording): void {
    recording.end();
    recording.tellCaptureTime(undefined); // of a clock that is no longer in use
    this.#brokenOff = recording;
    this.#current = undefined;
  }

  #keepTail(chunk: Uint8Array): void {
    const begun = this.#current !== undefined || this.#brokenOff !== undefined;
    if (begun && chunk.length >= longestLookBackBytes) {
      this.#tail = chunk.subarray(-longestLookBackBytes);
      return;
    }
    const bytes = this.#tail.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#tail, chunk]);
    this.#tail = begun ? Buffer.from(bytes.subarray(-longestLookBackBytes)) : bytes;
  }

  #awaitResume(): void {
    this.#pictures.rest();
    this.#connection = undefined;
    this.#lost = true;
    this.#resumeTimer = setTimeout(() => this.end(), this.#resumeWindowMs);
  }
}

/** Each is an ffmpeg of its own: what comes in one go is not many of them. */
const maxRecordingsAtOnce = 64;

/** A recording that goes on brings bytes more often than this; a connection without any is likely to be gone. */
const silentMs = 5000;

/**
 * How many bytes can pass before it is known what they begin: a container header (the size and type of an ftyp box), or
 * a cluster that starts with a keyframe (its head, its time, a little sound).
 */
const longestLookBackBytes = 4096;
