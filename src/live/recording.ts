import { setTimeout as delay } from 'node:timers/promises';
import type { SourceEvent, SourceHeader } from '../source/source-events.js';
import { GroupWatch } from './group-watch.js';
import { ReplayLog, type RandomAccessPoint, type Resumption } from './replay-log.js';
import { SourceClock } from './source-clock.js';

export interface RecordingOptions {
  /** Wall clock, ms since the epoch, when its first byte came. */
  readonly startedAtMs: number;
  /** Where its first byte stands in the bytes of the broadcast. */
  readonly offset?: number;
  /** It goes on where another one was broken off, at a random access point: the header comes from there. */
  readonly continues?: {
    readonly header: SourceHeader;
    readonly headerBytes: Buffer;
    readonly copyObstacle: string | undefined;
  };
  /** Bytes that may lie here before a reader came. */
  readonly maxHeldBytes?: number;
  /** Bytes that may be kept after they were read, in case they must be read again. */
  readonly maxReplayBytes?: number;
}

export interface ReadOptions {
  /** Where to begin; the header comes first in any case. Default: where the last reader stopped. */
  readonly from?: number;
  /** Reading ends before the first random access point at or after this offset. */
  readonly untilPointFrom?: number;
  /** Lets a reader that waits go. */
  readonly signal?: AbortSignal;
}

/** The last bytes that came may begin a random access point, which is known only with its first picture. */
const undecidedBytes = 4096;
/** No frame for this long after the header: it is not waited for. */
const firstFrameTimeoutMs = 1000;

/**
 * One container header and the bytes that follow it, until the next header or the end. A write waits until the reader
 * took it, which is how a slow ffmpeg slows the publisher's socket; only before the first reader came are some bytes held.
 * Readers come one after another; each may begin again at what viewers do not have yet.
 */
export class Recording {
  readonly startedAtMs: number;
  /** Container and tracks; undefined when the recording ended inside its header. */
  readonly header: Promise<SourceHeader | undefined>;
  readonly #offset: number;
  readonly #log: ReplayLog;
  readonly #groups: GroupWatch;
  readonly #clock = new SourceClock();
  readonly #isContinuation: boolean;
  readonly #maxHeldBytes: number;
  readonly #firstFrame: Promise<void>;
  #tellFirstFrame!: () => void;
  #startSeconds = Infinity;
  #lastSeconds = -Infinity;
  #lastByteAtMs: number;
  #frames = 0;
  #resolveHeader!: (header: SourceHeader | undefined) => void;
  #knownHeader: SourceHeader | undefined;
  #leadKind: 'video' | 'audio' | undefined;
  /** What may be part of the header, in the slices in which it came. */
  #headerSlices: Uint8Array[] = [];
  #headerSliceBytes = 0;
  /** Infinite until it is known where the header ends. */
  #headerLength = Infinity;
  #captureTimeMs: number | undefined;
  #heldBytes = 0;
  #beingRead = false;
  #wakeReader: (() => void) | undefined;
  #ended = false;

  constructor({ startedAtMs, offset = 0, continues, maxHeldBytes = 8 * 1024 * 1024, maxReplayBytes = 16 * 1024 * 1024 }: RecordingOptions) {
    this.startedAtMs = startedAtMs;
    this.#lastByteAtMs = startedAtMs;
    this.#offset = offset;
    this.#log = new ReplayLog({ offset, maxReplayBytes });
    this.#maxHeldBytes = maxHeldBytes;
    this.#groups = new GroupWatch(continues?.copyObstacle);
    this.#isContinuation = continues !== undefined;
    this.header = new Promise((resolve) => (this.#resolveHeader = resolve));
    this.#firstFrame = new Promise((resolve) => (this.#tellFirstFrame = resolve));
    if (!continues) return;
    this.#keepHeader(continues.headerBytes);
    this.#announce(continues.header, continues.headerBytes.length);
  }

  /** What was read in the bytes. @param endOffset where in the bytes of the broadcast the header ends */
  announceHeader(header: SourceHeader, endOffset: number): void {
    this.#announce(header, endOffset - this.#offset);
  }

  /** When its media time 0 was captured, as the publisher says. */
  tellCaptureTime(captureTimeMs: number | undefined): void {
    this.#captureTimeMs = captureTimeMs;
  }

  /** When the frame of this time was captured, as the publisher said last. */
  captureTimeAt(timeSeconds: number): number | undefined {
    return this.#captureTimeMs === undefined ? undefined : this.#captureTimeMs + timeSeconds * 1000;
  }

  /** What was read in the bytes that are about to be written, in their order. */
  note(event: Extract<SourceEvent, { type: 'frame' | 'random-access' }>): void {
    if (event.type === 'random-access') {
      this.#log.notePoint(event);
      return;
    }
    this.#frames++;
    this.#startSeconds = Math.min(this.#startSeconds, event.timeSeconds);
    this.#lastSeconds = Math.max(this.#lastSeconds, event.timeSeconds);
    this.#tellFirstFrame();
    if (event.kind === 'video') this.#groups.add(event);
    if (event.kind === this.#leadKind) this.#log.noteLead(event.timeSeconds);
    this.#clock.note(event);
  }

  /** The picture leads; without one, the sound. undefined where only ffmpeg finds out what there is. */
  get leadKind(): 'video' | 'audio' | undefined {
    return this.#leadKind;
  }

  /** How many frames were seen in its bytes; undefined where only ffmpeg sees them. */
  get frames(): number | undefined {
    return this.leadKind && this.#frames;
  }

  /** Time of its first frame on its own clock; undefined before it came, or where only ffmpeg finds out. */
  get firstSeconds(): number | undefined {
    return Number.isFinite(this.#startSeconds) ? this.#startSeconds : undefined;
  }

  /** Time of its latest frame so far; undefined like `firstSeconds`. */
  get lastSeconds(): number | undefined {
    return Number.isFinite(this.#lastSeconds) ? this.#lastSeconds : undefined;
  }

  /** Wall clock, ms since the epoch, when its latest byte came. */
  get lastByteAtMs(): number {
    return this.#lastByteAtMs;
  }

  /** `firstSeconds` as soon as it is known, or not worth waiting for. */
  async startSeconds(): Promise<number | undefined> {
    if (!this.leadKind) return undefined;
    const patience = new AbortController();
    const timeout = delay(firstFrameTimeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([this.#firstFrame, timeout]);
    patience.abort();
    return this.firstSeconds;
  }

  /**
   * Why the picture can't be copied, undefined when it can: known when the first keyframes, or enough bytes, are there.
   * @param longestSegmentSeconds how long a segment may last, where that is settled
   */
  copyObstacle(longestSegmentSeconds?: number): Promise<string | undefined> {
    return this.#groups.firstObstacle(longestSegmentSeconds);
  }

  /** Its picture was copied, and could not be cut: from the next random access point on it is encoded. */
  refuseCopy(reason: string): void {
    this.#groups.refuse(reason);
  }

  /** It was found fit for copying, and then its keyframes moved apart. */
  get mustBeContinued(): boolean {
    return this.#groups.isUnfitByNow;
  }

  /** Whether this frame's time makes no sense after those before it: the recording can't go on with it. */
  jumpsAt(frame: Extract<SourceEvent, { type: 'frame' }>): boolean {
    return this.#clock.jumpsAt(frame);
  }

  /** A recording with the same header, for the bytes from a random access point on. */
  continuation(options: Omit<RecordingOptions, 'continues'>): Recording {
    const header = this.#knownHeader;
    if (!header) throw new Error('expected a recording whose header is known');
    const next = new Recording({ ...options, continues: { header, headerBytes: this.#header(), copyObstacle: this.#groups.obstacle } });
    next.tellCaptureTime(this.#captureTimeMs);
    return next;
  }

  /** Resolves when the reader took the bytes, or gave up. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended || bytes.length === 0) return Promise.resolve();
    this.#lastByteAtMs = Date.now();
    if (this.#headerSliceBytes < this.#headerLength) this.#keepHeader(bytes);
    return new Promise((resolve) => {
      this.#log.append(bytes, resolve);
      if (!this.#beingRead) this.#hold(bytes.length);
      this.#wake();
    });
  }

  /** No more bytes: the reader gets what is left, then the end. */
  end(): void {
    this.#ended = true;
    this.#resolveHeader(undefined);
    this.#groups.end();
    this.#tellFirstFrame();
    this.#wake();
  }

  /** Nobody reads it any more: every writer that waits is let go. */
  close(): void {
    this.end();
    this.#log.clear();
  }

  /** The bytes in order; coming back for more says that the last ones were taken. For one reader at a time. */
  async *read({ from, untilPointFrom, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#beingRead = true;
    signal?.addEventListener('abort', () => this.#wake(), { once: true });
    let at = from ?? this.#log.takenTo;
    if (this.#isContinuation || at > this.#offset) {
      const header = this.#header();
      if (header.length > 0) yield header;
    }
    while (!signal?.aborted) {
      const until = untilPointFrom === undefined ? undefined : this.pointFrom(untilPointFrom)?.offset;
      if (until !== undefined && at >= until) return;
      const limit = until ?? (untilPointFrom === undefined || this.#ended ? Infinity : this.#log.end - undecidedBytes);
      const bytes = at < limit ? this.#log.from(at, limit) : undefined;
      if (bytes) {
        yield bytes;
        if (signal?.aborted) return;
        at = Math.max(at, this.#log.firstOffset) + bytes.length;
        this.#log.take(at);
      } else if (this.#ended && at >= this.#log.end) return;
      else {
        // What is held back must not hold back what would decide about it.
        if (at < this.#log.end) this.#log.release();
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    }
  }

  /** Everything up to here was read. */
  get readTo(): number {
    return this.#log.takenTo;
  }

  /** The first random access point that is known at or after `offset`. */
  pointFrom(offset: number): RandomAccessPoint | undefined {
    return this.#log.pointFrom(offset);
  }

  /** Viewers have everything up to this time on its own clock: older bytes need not be kept. */
  delivered(timeSeconds: number): void {
    this.#log.delivered(timeSeconds);
  }

  /** Time of the picture nearest to a time. */
  leadNearest(timeSeconds: number): number | undefined {
    return this.#log.leadNearest(timeSeconds);
  }

  /** How to go on after what viewers have; undefined when the bytes for it are not kept. */
  resumption(deliveredSeconds: number | undefined): Resumption | undefined {
    return this.#log.resumption(deliveredSeconds, this.leadKind === 'audio');
  }

  #keepHeader(bytes: Uint8Array): void {
    this.#headerSlices.push(bytes);
    this.#headerSliceBytes += bytes.length;
  }

  #header(): Buffer {
    const header = Buffer.concat(this.#headerSlices).subarray(0, this.#headerLength);
    if (Number.isFinite(this.#headerLength)) this.#headerSlices = [header];
    return header;
  }

  #announce(header: SourceHeader, length: number): void {
    this.#knownHeader = header;
    this.#leadKind = header.tracks && (header.tracks.some(({ kind }) => kind === 'video') ? 'video' : 'audio');
    this.#headerLength = length;
    this.#resolveHeader(header);
    if (this.leadKind !== 'video') this.#groups.end();
    if (!this.leadKind) this.#log.keepNothing();
  }

  /** Lets the writer go on while there is room; a full store is reason enough to stop waiting for keyframes. */
  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes <= this.#maxHeldBytes) this.#log.release();
    else this.#groups.end();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }
}
