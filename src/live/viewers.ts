import { FlvTimeline } from '../flv/flv-timeline.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { Timeline } from '../hls/rendition.js';
import type { ViewerMessage } from '../protocol/viewer-messages.js';
import type { FragmentBurst} from './fragment-burst.js';
import { splitAtKeyframe } from './fragment-burst.js';

/** A correction of the clock by less than this is not worth a message. */
const clockToleranceMs = 15;

/** Where one viewer's media goes: a WebSocket, or an endless HTTP body. */
export interface ViewerSink {
  /** Text beside the media; a sink without text leaves it out. */
  message(message: ViewerMessage): void;
  init(bytes: Buffer): void;
  /**
   * The same burst goes to every viewer: what is built from it is built once.
   * @param flv its timeline, for those who are sent FLV
   */
  media(burst: FragmentBurst, flv: FlvTimeline): void;
  /** Bytes that were handed over but have not left the server. */
  readonly backlogBytes: number;
  /** How many people watch by it; absent: one. */
  readonly viewerCount?: number;
  /** Nothing follows. */
  end(): void;
}

export interface ViewersOptions {
  /** A viewer with more than this before it is skipped forward: the bound of its memory. */
  readonly maxBacklogBytes: number;
}

interface Viewer {
  readonly sink: ViewerSink;
  /** The timeline whose init segment it was sent. */
  timeline: Timeline | undefined;
  /** Left out until the next keyframe. */
  skipping: boolean;
}

/** Everybody who is sent fragments the moment they exist. */
export class Viewers {
  readonly #maxBacklogBytes: number;
  readonly #viewers = new Set<Viewer>();
  /** Sinks that say themselves for how many they stand. */
  readonly #shared = new Set<ViewerSink>();
  #timeline: Timeline | undefined;
  #flv: FlvTimeline | undefined;
  /** The bursts since the last keyframe: with them a newcomer starts at once. undefined when there are too many to keep. */
  #groupOfPictures: FragmentBurst[] | undefined = [];
  #groupBytes = 0;
  #keyframe: FragmentBurst | undefined;
  #toldCaptureTimeMs = 0;
  #gaps = 0;
  #ended = false;

  constructor({ maxBacklogBytes }: ViewersOptions) {
    this.#maxBacklogBytes = maxBacklogBytes;
  }

  get count(): number {
    let count = this.#viewers.size - this.#shared.size;
    for (const { viewerCount = 1 } of this.#shared) count += viewerCount;
    return count;
  }

  /** What is sent now; undefined before there was anything. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  /** The last picture of the present timeline that can be decoded alone, with what came in one go with it. */
  get keyframe(): FragmentBurst | undefined {
    return this.#keyframe;
  }

  /** How often a slow viewer was skipped forward. */
  get gaps(): number {
    return this.#gaps;
  }

  startTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#flv = new FlvTimeline({ init: timeline.init, startMs: this.#flv?.endMs ?? 0 });
    this.#toldCaptureTimeMs = timeline.captureTimeMs;
    this.#groupOfPictures = [];
    this.#keyframe = undefined;
    for (const viewer of this.#viewers) if (!viewer.skipping) this.#sendInit(viewer, timeline);
  }

  /** Fragments that came in one go, in order. */
  push(fragments: readonly Fragment[]): void {
    const [timeline, flv] = [this.#timeline, this.#flv];
    if (!timeline || !flv || fragments.length === 0) return;
    flv.passed(fragments);
    for (const burst of splitAtKeyframe(fragments, timeline.init)) {
      if (!burst.startsWithKeyframe && this.#groupOfPictures?.length === 0) continue;
      this.#keep(burst);
      if (burst.startsWithKeyframe) this.#tellClock(timeline);
      for (const viewer of this.#viewers) this.#send(viewer, burst, timeline, flv);
    }
  }

  /** Sends what is needed to start, then all that follows. The returned function ends it without a word. */
  join(sink: ViewerSink): () => void {
    if (this.#ended) {
      sink.end();
      return () => undefined;
    }
    const viewer: Viewer = { sink, timeline: undefined, skipping: this.#groupOfPictures === undefined };
    this.#viewers.add(viewer);
    if (sink.viewerCount !== undefined) this.#shared.add(sink);
    if (this.#timeline && this.#flv && this.#groupOfPictures) {
      this.#sendInit(viewer, this.#timeline);
      for (const burst of this.#groupOfPictures) sink.media(burst, this.#flv);
    }
    return () => {
      this.#viewers.delete(viewer);
      this.#shared.delete(sink);
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { sink } of this.#viewers) {
      sink.message({ type: 'ended' });
      sink.end();
    }
    this.#viewers.clear();
    this.#shared.clear();
    this.#groupOfPictures = [];
    this.#keyframe = undefined;
  }

  #keep(burst: FragmentBurst): void {
    if (burst.startsWithKeyframe) {
      this.#keyframe = burst;
      this.#groupOfPictures = [];
      this.#groupBytes = 0;
    }
    this.#groupBytes += burst.byteLength;
    // More than a viewer may have before it: a newcomer would be skipped forward at once.
    if (this.#groupBytes > this.#maxBacklogBytes) this.#groupOfPictures = undefined;
    this.#groupOfPictures?.push(burst);
  }

  #send(viewer: Viewer, burst: FragmentBurst, timeline: Timeline, flv: FlvTimeline): void {
    const { sink } = viewer;
    if (!viewer.skipping && sink.backlogBytes > this.#maxBacklogBytes) {
      viewer.skipping = true;
      this.#gaps++;
    }
    if (viewer.skipping) {
      if (!burst.startsWithKeyframe || sink.backlogBytes > this.#maxBacklogBytes / 4) return;
      viewer.skipping = false;
      if (viewer.timeline === timeline) sink.message({ type: 'gap' });
      else this.#sendInit(viewer, timeline);
    }
    sink.media(burst, flv);
  }

  /** What newcomers are told by `init`, those who are here are told when it is known better. */
  #tellClock({ captureTimeMs }: Timeline): void {
    if (Math.abs(captureTimeMs - this.#toldCaptureTimeMs) < clockToleranceMs) return;
    this.#toldCaptureTimeMs = captureTimeMs;
    for (const { sink, skipping } of this.#viewers) if (!skipping) sink.message({ type: 'clock', mediaTimeSeconds: 0, captureTimeMs });
  }

  #sendInit(viewer: Viewer, timeline: Timeline): void {
    viewer.timeline = timeline;
    viewer.sink.message({
      type: 'init',
      mimeType: `video/mp4; codecs="${timeline.init.codecs}"`,
      mediaTimeSeconds: 0,
      captureTimeMs: timeline.captureTimeMs,
    });
    viewer.sink.init(timeline.init.bytes);
  }
}
