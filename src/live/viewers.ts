import { FlvTimeline } from '../flv/flv-timeline.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import type { ViewerMessage } from '../protocol/viewer-messages.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';
import { gatheredBus } from './gathered-bus.js';

/** A correction of the clock by less than this is not worth a message. */
const clockToleranceMs = 15;
/** Two pictures of thirty a second: half the system calls, a fraction of what players of endless bodies keep in hand. */
const gatherMs = 50;

/** Where one viewer's media goes: a WebSocket, or an endless HTTP body. */
export interface ViewerSink {
  /** Text beside the media; a sink without text leaves it out. */
  message(message: ViewerMessage): void;
  init(init: InitSegment): void;
  /**
   * The same burst goes to every viewer: what is built from it is built once.
   * @param flv its timeline, for those who are sent FLV; undefined where none could be made
   */
  media(burst: FragmentBurst, flv: FlvTimeline | undefined): void;
  /** Bytes that were handed over but have not left the server. */
  readonly backlogBytes: number;
  /** See `FragmentConsumer`. */
  mark?(arrived: () => void): void;
  /** It is given what comes within a moment in one go. */
  readonly gathers?: boolean;
  /** How many people watch by it; absent: one. */
  readonly viewerCount?: number;
  /** Nothing follows. */
  end(): void;
  /** Nothing follows: something is wrong with what it was to be sent. */
  drop(): void;
}

/** Everybody who is sent fragments the moment they exist, each on a way of its own. */
export class Viewers {
  readonly #bus: FragmentBus;
  readonly #countBeside: () => number;
  /** From the first viewer on that wants it so: it costs a timer for every few fragments. */
  #gathered: FragmentBus | undefined;
  readonly #viewers = new Set<Viewer>();
  #flv: FlvTimeline | undefined;
  #toldCaptureTimeMs = 0;

  /** @param options.countBeside how many are sent other renditions: the room is the same */
  constructor({ bus, countBeside = () => 0 }: { readonly bus: FragmentBus; readonly countBeside?: () => number }) {
    this.#bus = bus;
    this.#countBeside = countBeside;
    // Before all viewers, so that they find it done.
    const flv: FragmentConsumer = {
      startTimeline: ({ init }) => (this.#flv = new FlvTimeline(init)),
      push: () => undefined,
      drop: () => (this.#flv = undefined),
    };
    const clock: FragmentConsumer = {
      startTimeline: ({ captureTimeMs }) => (this.#toldCaptureTimeMs = captureTimeMs),
      push: ({ startsWithKeyframe }) => {
        if (startsWithKeyframe) this.#tellClock();
      },
      drop: () => undefined,
    };
    for (const consumer of [flv, clock]) bus.subscribe(consumer, { from: 'edge', loss: 'never' });
  }

  get count(): number {
    let count = this.#countBeside();
    for (const { sink } of this.#viewers) count += sink.viewerCount ?? 1;
    return count;
  }

  /** See `FragmentBus`. */
  get timeline(): Timeline | undefined {
    return this.#bus.timeline;
  }

  /** See `FragmentBus`. */
  get keyframe(): FragmentBurst | undefined {
    return this.#bus.keyframe;
  }

  /** Sends what is needed to start, then all that follows. The returned function ends it without a word. */
  join(sink: ViewerSink): () => void {
    const forget = (): void => void this.#viewers.delete(viewer);
    const viewer = new Viewer({ sink, forget, flv: () => this.#flv });
    this.#viewers.add(viewer);
    const bus = sink.gathers ? (this.#gathered ??= gatheredBus(this.#bus, { withinMs: gatherMs })) : this.#bus;
    const unsubscribe = bus.subscribe(viewer, { from: 'group', loss: 'skip' });
    return () => {
      unsubscribe();
      forget();
    };
  }

  /** What newcomers are told by `init`, those who are here are told when it is known better. */
  #tellClock(): void {
    const { timeline } = this;
    if (!timeline || Math.abs(timeline.captureTimeMs - this.#toldCaptureTimeMs) < clockToleranceMs) return;
    this.#toldCaptureTimeMs = timeline.captureTimeMs;
    for (const viewer of this.#viewers) viewer.tellClock(timeline);
  }
}

/** One viewer's messages, in the order of the bus. */
class Viewer implements FragmentConsumer {
  readonly sink: ViewerSink;
  readonly mark: FragmentConsumer['mark'];
  readonly #forget: () => void;
  readonly #flv: () => FlvTimeline | undefined;
  #timeline: Timeline | undefined;

  constructor({ sink, forget, flv }: { sink: ViewerSink; forget: () => void; flv: () => FlvTimeline | undefined }) {
    this.sink = sink;
    this.#forget = forget;
    this.#flv = flv;
    if (sink.mark) this.mark = (arrived) => sink.mark?.(arrived);
  }

  get backlogBytes(): number {
    return this.sink.backlogBytes;
  }

  startTimeline(timeline: Timeline): void {
    const { init, captureTimeMs } = timeline;
    this.#timeline = timeline;
    this.sink.message({ type: 'init', mimeType: `video/mp4; codecs="${init.codecs}"`, mediaTimeSeconds: 0, captureTimeMs });
    this.sink.init(init);
  }

  push(burst: FragmentBurst): void {
    this.sink.media(burst, this.#flv());
  }

  skipped(seconds: number): void {
    this.sink.message({ type: 'gap', skippedSeconds: Math.round(seconds * 1000) / 1000 });
  }

  /** Only of the timeline that it knows: one that is being skipped over a change is told by its next `init`. */
  tellClock(timeline: Timeline): void {
    if (this.#timeline === timeline) this.sink.message({ type: 'clock', mediaTimeSeconds: 0, captureTimeMs: timeline.captureTimeMs });
  }

  end(): void {
    this.#forget();
    this.sink.message({ type: 'ended' });
    this.sink.end();
  }

  drop(): void {
    this.#forget();
    this.sink.drop();
  }
}
