import { FairShare } from './fair-share.js';
import { MatroskaWriter } from '../source/matroska-writer.js';
import type { SourceHeader } from '../source/source-events.js';
import type { ShapedFrame } from '../source/track-shaper.js';
import { GroupWatch } from './group-watch.js';
import { ReplayLog, type RandomAccessPoint, type Resumption } from './replay-log.js';

export interface TakeOptions {
  /** Monotonic, in ms, when its first byte came. Default: now. */
  readonly beganMs?: number | undefined;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
  /** Wall clock, ms since the epoch, when its first byte came. */
  readonly startedAtMs: number;
  /** Its tracks, with all that is known of them. */
  readonly header: SourceHeader;
  /** Why the picture can't be copied, where that is known before: of a take that goes on where another one was broken off. */
  readonly copyRefusal?: string | undefined;
  /** When its media time 0 was captured, as the publisher said before. */
  readonly captureTimeMs?: number | undefined;
  /** What its times are counted by: the same object for takes on the same clock. */
  readonly sourceClock?: object | undefined;
  /** Bytes that may lie here before a reader came. */
  readonly maxHeldBytes?: number | undefined;
  /** Bytes that may be kept after they were read, in case they must be read again. */
  readonly maxReplayBytes?: number | undefined;
}

export interface ReadOptions {
  /** Which frame to begin with. Default: where the last reader stopped. */
  readonly from?: number | undefined;
  /** Reading ends before the first random access point at or after this frame. */
  readonly untilPointFrom?: number | undefined;
  /** Sound from before this time is left out: it would only be decoded for nothing, or be sent twice. */
  readonly soundFromSeconds?: number | undefined;
  /** Lets a reader that waits go. */
  readonly signal?: AbortSignal;
}

/** Frames that wait are written together, up to so many bytes. */
const maxWrittenBytes = 256 * 1024;

/**
 * Frames of one set of tracks under one configuration, until something changes or ends. A write waits until the reader took
 * it, which is how a slow ffmpeg slows the publisher's socket; only before the first reader came are some bytes held.
 * Readers come one after another; each gets a header, and may begin again at what viewers do not have yet.
 */
export class Take {
  readonly startedAtMs: number;
  /** Monotonic, in ms, at the same moment. */
  readonly beganMs: number;
  readonly header: SourceHeader;
  readonly sourceClock: object;
  /** The picture leads; without one, the sound. */
  readonly leadKind: 'video' | 'audio';
  /** The id of the track that leads. */
  readonly leadTrack: number | undefined;
  readonly #writer: MatroskaWriter;
  readonly #log: ReplayLog;
  readonly #groups: GroupWatch;
  readonly #isReordered: boolean;
  readonly #maxHeldBytes: number;
  #startSeconds = Infinity;
  #lastSeconds = -Infinity;
  readonly #now: () => number;
  #lastByteMs: number;
  #frames = 0;
  #captureTimeMs: number | undefined;
  #heldBytes = 0;
  #beingRead = false;
  #wakeReader: (() => void) | undefined;
  #ended = false;

  constructor({ startedAtMs, now = () => performance.now(), beganMs = now(), header, copyRefusal, captureTimeMs, sourceClock = {}, maxHeldBytes = 8 * 1024 * 1024, maxReplayBytes = 16 * 1024 * 1024 }: TakeOptions) {
    this.startedAtMs = startedAtMs;
    this.beganMs = beganMs;
    this.#now = now;
    this.header = header;
    this.sourceClock = sourceClock;
    const picture = header.tracks.find(({ kind }) => kind === 'video');
    this.leadKind = picture ? 'video' : 'audio';
    this.leadTrack = (picture ?? header.tracks[0])?.id;
    this.#lastByteMs = beganMs;
    this.#writer = new MatroskaWriter(header.tracks);
    this.#log = new ReplayLog({ leadKind: this.leadKind, leadTrack: this.leadTrack, maxReplayBytes });
    this.#groups = new GroupWatch(copyRefusal, picture?.reorderedPictures);
    this.#isReordered = (picture?.reorderedPictures ?? 0) > 0;
    this.#captureTimeMs = captureTimeMs;
    this.#maxHeldBytes = maxHeldBytes;
    if (this.leadKind !== 'video') this.#groups.end();
  }

  /** When its media time 0 was captured, as the publisher says. */
  tellCaptureTime(captureTimeMs: number | undefined): void {
    this.#captureTimeMs = captureTimeMs;
  }

  /** When the frame of this time was captured, as the publisher said last. */
  captureTimeAt(timeSeconds: number): number | undefined {
    return this.#captureTimeMs === undefined ? undefined : this.#captureTimeMs + timeSeconds * 1000;
  }

  /** How many frames came. */
  get frames(): number {
    return this.#frames;
  }

  /** Decode time of its first frame on its own clock; undefined before it came. */
  get firstSeconds(): number | undefined {
    return Number.isFinite(this.#startSeconds) ? this.#startSeconds : undefined;
  }

  /** Decode time of its latest frame so far; undefined before one came. */
  get lastSeconds(): number | undefined {
    return Number.isFinite(this.#lastSeconds) ? this.#lastSeconds : undefined;
  }

  /** Whether no more frames come. */
  get isOver(): boolean {
    return this.#ended;
  }

  /** Monotonic, in ms, when its latest byte came. */
  get lastByteMs(): number {
    return this.#lastByteMs;
  }

  /**
   * Why the picture can't be copied, undefined when it can: known when the first keyframes, or enough bytes, are there.
   * @param longestSegmentSeconds how long a segment may last, where that is settled
   * @param isExpected it is taken for fit until it shows that it is not: known at once
   */
  copyRefusal(longestSegmentSeconds?: number, isExpected?: boolean): Promise<string | undefined> {
    return this.#groups.firstCopyRefusal(longestSegmentSeconds, isExpected);
  }

  /** Its picture was copied, and could not be cut: from the next random access point on it is encoded. */
  refuseCopy(reason: string): void {
    this.#groups.refuse(reason);
  }

  /** It was found fit for copying, and has been since. */
  get isFitByNow(): boolean {
    return this.#groups.isFitByNow;
  }

  /** It was found fit for copying, and then its keyframes were not what they were. */
  get mustBeContinued(): boolean {
    return this.#groups.isUnfitByNow;
  }

  /** A take with the same header, for the frames from a random access point on. */
  continuation(options: Pick<TakeOptions, 'startedAtMs' | 'beganMs'>): Take {
    return new Take({ ...options, header: this.header, copyRefusal: this.#groups.copyRefusal, captureTimeMs: this.#captureTimeMs, sourceClock: this.sourceClock });
  }

  /** Whether its pictures may be decoded in another order than they are shown. */
  get isReordered(): boolean {
    return this.#isReordered;
  }

  /** Resolves when the reader took the frames, or gave up. */
  write(frames: readonly ShapedFrame[]): Promise<void> {
    if (this.#ended || frames.length === 0) return Promise.resolve();
    this.#lastByteMs = this.#now();
    let bytes = 0;
    for (const frame of frames) {
      bytes += frame.bytes.length;
      this.#note(frame);
    }
    return new Promise((resolve) => {
      this.#log.append(frames, resolve);
      if (!this.#beingRead) this.#hold(bytes);
      this.#wake();
    });
  }

  /** No more frames: the reader gets what is left, then the end. */
  end(): void {
    this.#ended = true;
    this.#groups.end();
    this.#wake();
  }

  /** Nobody reads it any more: every writer that waits is let go. */
  close(): void {
    this.end();
    this.#log.clear();
  }

  /** A header, then the frames in order, as Matroska; coming back for more says that the last ones were taken. For one reader at a time. */
  async *read({ from, untilPointFrom, soundFromSeconds = -Infinity, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#beingRead = true;
    signal?.addEventListener('abort', () => this.#wake(), { once: true });
    let at = from ?? this.#log.takenTo;
    let header: Buffer | undefined = this.#writer.header;
    const share = new FairShare();
    while (!signal?.aborted) {
      const limit = untilPointFrom === undefined ? undefined : this.pointFrom(untilPointFrom)?.sequence;
      if (limit !== undefined && at >= limit) return;
      const { frames, clusters } = share.spend(() => {
        const next = this.#log.from(at, { limit, maxBytes: maxWrittenBytes });
        const wanted = next.filter(({ kind, timeSeconds }) => kind === 'video' || timeSeconds >= soundFromSeconds);
        return { frames: next, clusters: this.#writer.write(wanted) };
      });
      if (frames.length > 0) {
        yield header ? Buffer.concat([header, clusters]) : clusters;
        header = undefined;
        if (signal?.aborted) return;
        at = Math.max(at, this.#log.first) + frames.length;
        share.spend(() => this.#log.take(at));
        if (share.isSpent) await share.rest();
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** Leaves out what waits, up to the first random access point at or after a frame. */
  async skipTo(untilPointFrom: number, signal: AbortSignal): Promise<RandomAccessPoint | undefined> {
    for await (const _skipped of this.read({ untilPointFrom, signal })) continue;
    return this.pointFrom(untilPointFrom);
  }

  /** Number of the first frame that was never read. */
  get readTo(): number {
    return this.#log.takenTo;
  }

  /** The first random access point that is known at or after a frame. */
  pointFrom(sequence: number): RandomAccessPoint | undefined {
    return this.#log.pointFrom(sequence);
  }

  /** Viewers have everything up to this time on its own clock: older frames need not be kept. */
  delivered(timeSeconds: number): void {
    this.#log.delivered(timeSeconds);
  }

  /** As `delivered`, where pictures come out as they came in: so many of them, from the first of the take on. */
  deliveredPictures(pictures: number): void {
    this.#log.deliveredLeads(pictures);
  }

  /** The last random access point that comes before the first picture behind so many, or is it; undefined where the frames from there on are not kept. */
  pointBefore(pictures: number): RandomAccessPoint | undefined {
    return this.#log.pointBefore(pictures);
  }

  /** How many pictures of the take come before a random access point. */
  picturesBefore(sequence: number): number {
    return this.#log.leadsBefore(sequence);
  }

  /** Time of the picture nearest to a time. */
  leadNearest(timeSeconds: number): number | undefined {
    return this.#log.leadNearest(timeSeconds);
  }

  /** Where in the publisher's bytes one would begin for all from this time on, on its own clock; undefined where that is not known. */
  offsetAt(timeSeconds: number): number | undefined {
    return this.#log.offsetAt(timeSeconds);
  }

  /** How to go on after what viewers have; undefined when the frames for it are not kept. */
  resumption(deliveredSeconds: number | undefined): Resumption | undefined {
    return this.#log.resumption(deliveredSeconds);
  }

  #note(frame: ShapedFrame): void {
    this.#frames++;
    this.#startSeconds = Math.min(this.#startSeconds, frame.decodeSeconds);
    this.#lastSeconds = Math.max(this.#lastSeconds, frame.decodeSeconds);
    if (frame.kind === 'video' && frame.track === this.leadTrack) this.#groups.add(frame);
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
