import type { ViewerMessage } from '../../../protocol/viewer-messages.js';
import { AppendQueue } from './append-queue.js';
import { forwardSeconds, liveEdgeSeconds, readRanges, type BufferedRange } from './buffered-ranges.js';
import { firstDecodeSeconds, readInitFacts, type InitFacts } from './fragment-time.js';
import { TimelineMap, type TimelineAnchor } from './timeline-map.js';

export type TimelineInit = Extract<ViewerMessage, { type: 'init' }>;

const backBufferSeconds = 15;
/** Removing costs an update cycle: let a few seconds pile up first. */
const trimStepSeconds = 5;
/** What a paused viewer may pile up before the oldest of it is dropped. */
const maxForwardSeconds = 30;
const longestGroupSeconds = 5;

/** The element's buffer: timelines go in one after another, the past goes out. */
export class MseBuffer {
  readonly #video: HTMLVideoElement;
  readonly #source: MediaSource;
  readonly #buffer: SourceBuffer;
  readonly #queue: AppendQueue;
  readonly #timelines = new TimelineMap();
  readonly #kinds: string;
  #mimeType: string;

  /** @throws when the browser refuses the codecs, in its words */
  constructor(options: {
    readonly video: HTMLVideoElement;
    /** Open. */
    readonly source: MediaSource;
    readonly init: TimelineInit;
    readonly initSegment: Uint8Array;
    readonly onError: (why: string) => void;
    readonly onAppended: () => void;
  }) {
    const buffer = options.source.addSourceBuffer(options.init.mimeType);
    this.#video = options.video;
    this.#source = options.source;
    this.#buffer = buffer;
    this.#mimeType = options.init.mimeType;
    this.#kinds = readInitFacts(options.initSegment).kinds;
    this.#queue = new AppendQueue({
      buffer,
      onError: options.onError,
      onFull: () => this.#free(),
      onSettled: () => {
        this.#trim();
        options.onAppended();
      },
    });
  }

  get ranges(): BufferedRange[] {
    return this.#read();
  }

  /** With the seams that are no holes to most browsers. */
  get exactRanges(): BufferedRange[] {
    return this.#read(0);
  }

  #read(seamSeconds?: number): BufferedRange[] {
    // Reading `buffered` of a detached SourceBuffer throws.
    return this.#source.readyState === 'closed' ? [] : readRanges(this.#buffer.buffered, seamSeconds);
  }

  get forwardSeconds(): number {
    return forwardSeconds(this.ranges, this.#video.currentTime);
  }

  get liveEdgeSeconds(): number | undefined {
    return liveEdgeSeconds(this.ranges);
  }

  /** Media time up to which all is there, on the newest timeline. */
  get reachedMediaSeconds(): number | undefined {
    const edge = this.liveEdgeSeconds;
    return edge === undefined ? undefined : this.#timelines.mediaSeconds(edge);
  }

  captureTimeMs(elementSeconds: number): number | undefined {
    return this.#timelines.captureTimeMs(elementSeconds);
  }

  /** Whether that timeline can follow in this buffer: it never gains or loses sound or pictures, and WebKitGTK's can't change its codecs. */
  fits({ mimeType }: TimelineInit, initSegment: Uint8Array): boolean {
    return readInitFacts(initSegment).kinds === this.#kinds && (mimeType === this.#mimeType || 'changeType' in this.#buffer);
  }

  /**
   * Opens a timeline with its first fragment, right behind what is buffered.
   * @param isSame the same timeline in another rendition: it stays where it is
   */
  begin(init: TimelineInit, initSegment: Uint8Array, firstFragment: Uint8Array, isSame: boolean): void {
    const facts: InitFacts = readInitFacts(initSegment);
    const firstSeconds = firstDecodeSeconds(firstFragment, facts) ?? init.mediaTimeSeconds;
    // As a step of the queue: only then is everything before it in the buffer.
    this.#queue.run((buffer) => {
      if (init.mimeType !== this.#mimeType) buffer.changeType(init.mimeType);
      this.#mimeType = init.mimeType;
      buffer.timestampOffset = this.#timelines.place(init, firstSeconds, this.liveEdgeSeconds, isSame);
    });
    this.#queue.append(initSegment);
    this.#queue.append(firstFragment);
  }

  /** In the queue's order: it may speak of a timeline that waits to be opened. */
  correctClock(anchor: TimelineAnchor): void {
    this.#queue.run(() => this.#timelines.correct(anchor));
  }

  append(fragment: Uint8Array): void {
    this.#queue.append(fragment);
  }

  /** No more media will come: the element plays out what it has and fires `ended`. */
  end(): void {
    this.#queue.run(() => {
      if (this.#source.readyState === 'open') this.#source.endOfStream();
    });
  }

  close(): void {
    this.#queue.close();
  }

  #trim(): void {
    const first = this.ranges[0]?.startSeconds;
    const edge = this.liveEdgeSeconds;
    if (first === undefined || edge === undefined) return;
    const keepFrom = Math.max(this.#video.currentTime - backBufferSeconds, edge - maxForwardSeconds);
    if (keepFrom - first > trimStepSeconds) this.#queue.run((buffer) => buffer.remove(0, keepFrom));
  }

  /** The quota is used up: give the past, and if there is none, all but the newest seconds. */
  #free(): boolean {
    const first = this.ranges[0]?.startSeconds;
    const edge = this.liveEdgeSeconds;
    if (first === undefined || edge === undefined || this.#buffer.updating) return false;
    // Removing goes on to the next keyframe (MSE §3.5.9), which must not lie behind the picture.
    const past = this.#video.currentTime - longestGroupSeconds;
    const keepFrom = past - first > 1 ? past : edge - 2;
    if (keepFrom <= first) return false;
    this.#buffer.remove(0, keepFrom);
    return true;
  }
}
