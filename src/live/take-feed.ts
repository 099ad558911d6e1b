import type { Notice, SourceEvent } from '../source/source-events.js';
import type { CutEvent } from '../source/cut-events.js';
import { TakeCutter } from '../source/take-cutter.js';
import type { ShapedFrame } from '../source/track-shaper.js';
import { IngestPace } from './ingest-pace.js';
import { Take, type TakeOptions } from './take.js';
import { TakeQueue } from './take-queue.js';

export interface TakeFeedOptions {
  /** Something was passed over, in words for the publisher. */
  readonly onNotice: (notice: Notice) => void;
  /** What came can't be used, in words for the publisher. */
  readonly onRefusal: (reason: string) => void;
  /** A fault that nobody waits for. */
  readonly onFailure: (error: unknown) => void;
  /** How far media may run ahead of time before it is held. */
  readonly burstSeconds: number;
}

/** A track that may not exist is not waited for longer than this, however slowly the other one comes. */
const hurryAfterMs = 1500;

/** Each take is an ffmpeg of its own: what comes in one go is not many of them. */
const maxRecordingsAtOnce = 64;

/** By the wall clock, for dates; and by the monotonic one, for what lies between two. */
interface Moment extends Pick<TakeOptions, 'startedAtMs'> {
  readonly beganMs: number;
}

/** Cuts what a publisher sends into takes, and lets each wait for its turn. */
export class TakeFeed {
  readonly #options: TakeFeedOptions;
  readonly #cutter = new TakeCutter();
  readonly #takes = new TakeQueue();
  readonly #pace: IngestPace;
  #current: Take | undefined;
  /** Frames of the current take that were not written yet. */
  #batch: ShapedFrame[] = [];
  /** When the first of what waits for a take came. */
  #waitingSince: Moment | undefined;
  #captureTimeMs: number | undefined;
  /** What the present recording's times are counted by, until its clock jumps. */
  #sourceClock: object = {};
  #hurryTimer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: TakeFeedOptions) {
    this.#options = options;
    const { burstSeconds, onFailure } = options;
    this.#pace = new IngestPace({ burstSeconds, onFailure, counts: () => this.#current !== undefined, pass: (events) => this.#pass(events) });
  }

  /** Whether the publisher is read no further, because it is ahead of time. */
  get holds(): boolean {
    return this.#pace.holds;
  }

  /** What was read. Resolves when it was passed on, or when it is held and more may come: awaiting it is the backpressure. */
  push(events: readonly SourceEvent[]): Promise<void> {
    return this.#pace.push(events);
  }

  async #pass(events: readonly SourceEvent[]): Promise<void> {
    if (events.length > 0 && !this.#current) this.#waitingSince ??= momentNow();
    const writes = this.#work(this.#cutter.push(events));
    this.#watchWaiting();
    for (const write of writes) await write;
    await this.#takes.room();
  }

  /** Nothing follows of the present recording. */
  endRecording(): void {
    this.#pace.after(() => this.#endRecording());
  }

  #endRecording(): void {
    void this.#work(this.#cutter.end());
    this.#captureTimeMs = undefined;
    this.#watchWaiting();
  }

  /** When media time 0 of the present recording was captured, ms since the epoch. */
  tellCaptureTime(captureTimeMs: number): void {
    this.#pace.after(() => {
      this.#captureTimeMs = captureTimeMs;
      this.#current?.tellCaptureTime(captureTimeMs);
    });
  }

  /** Nothing follows at all. */
  end(): void {
    this.#pace.flush();
    this.#endRecording();
    this.#over = true;
    this.#takes.end();
  }

  /** None of those that wait will be played. */
  close(): void {
    this.end();
    this.#takes.close();
  }

  /** The next take as soon as it begins; undefined after the last. */
  next(): Promise<Take | undefined> {
    return this.#takes.next();
  }

  #work(events: readonly CutEvent[]): Promise<void>[] {
    const writes: Promise<void>[] = [];
    let begun = 0;
    for (const event of events) {
      if (this.#over) break;
      if (event.type === 'take' && ++begun > maxRecordingsAtOnce) {
        this.#options.onRefusal(`expected at most ${maxRecordingsAtOnce} recordings in one message, got more`);
        break;
      }
      if (event.type === 'frame') this.#frame(event.frame, writes);
      else if (event.type === 'notice') this.#options.onNotice(event);
      else if (event.type === 'not-media') this.#options.onRefusal(event.reason);
      else {
        // A clock that jumped, or another recording's, is no longer the one that was told.
        if (event.reason !== 'change' && event.type === 'over') this.#captureTimeMs = undefined;
        this.#flush(writes);
        this.#current?.end();
        this.#current = undefined;
        if (event.type === 'take') {
          if (event.reason !== 'change') this.#sourceClock = {};
          this.#open(new Take({ ...(this.#waitingSince ?? momentNow()), header: event.header, captureTimeMs: this.#captureTimeMs, sourceClock: this.#sourceClock }));
        }
      }
    }
    this.#flush(writes);
    return writes;
  }

  #frame(frame: ShapedFrame, writes: Promise<void>[]): void {
    if (frame.kind === 'video' && frame.keyframe && frame.track === this.#current?.leadTrack) {
      // Whether the take can go on is known only with what was noted so far.
      this.#flush(writes);
      if (this.#current.mustBeContinued) {
        const next = this.#current.continuation(momentNow());
        this.#current.end();
        this.#open(next);
      }
    }
    this.#batch.push(frame);
  }

  #open(take: Take): void {
    this.#waitingSince = undefined;
    this.#current = take;
    this.#takes.push(take);
  }

  #flush(writes: Promise<void>[]): void {
    if (this.#batch.length > 0 && this.#current) writes.push(this.#current.write(this.#batch));
    this.#batch = [];
  }

  #watchWaiting(): void {
    if (!this.#cutter.waiting) {
      clearTimeout(this.#hurryTimer);
      this.#hurryTimer = undefined;
      return;
    }
    this.#hurryTimer ??= setTimeout(() => {
      this.#hurryTimer = undefined;
      try {
        void this.#work(this.#cutter.hurry());
        this.#watchWaiting();
      } catch (error) {
        // Thrown from a timer it would end the server, not the broadcast.
        this.#options.onFailure(error);
      }
    }, hurryAfterMs);
  }
}

function momentNow(): Moment {
  return { startedAtMs: Date.now(), beganMs: performance.now() };
}
