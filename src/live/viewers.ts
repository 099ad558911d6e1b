import { LiveError } from '../protocol/live-error.js';
import { FlvTimeline } from '../flv/flv-timeline.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';
import { gatheredBus } from './gathered-bus.js';
import { BusChoice, SoundChoice, sourceId, type RenditionChoice } from './rendition-choice.js';
import type { ViewerPlace } from '../protocol/viewer-place.js';
import { Viewer, type Outlet, type RenditionChange, type ViewerSink } from './viewer.js';

/** A correction of the clock by less than this is not worth a message. */
const clockToleranceMs = 15;
/** Two pictures of thirty a second: half the system calls, a fraction of what players of endless bodies keep in hand. */
const gatherMs = 50;

export interface ViewersOptions {
  /** The source's. */
  readonly bus: FragmentBus;
  /** Those beside the source that have media now, by id. */
  readonly renditions?: (() => ReadonlyMap<string, FragmentBus>) | undefined;
  /** Those that are made when somebody is sent them. */
  readonly offered?: (() => readonly RenditionChoice[]) | undefined;
  /** Told of each viewer that is changed over. */
  readonly onChange?: ((change: RenditionChange) => void) | undefined;
  /** A name of what its media times are counted by: where it is the same, on whichever connection and server, so are they. */
  readonly clock?: (() => string | undefined) | undefined;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
}

/** What another server is sent of the buses here, which it sends on to viewers of its own. */
export interface OutgoingFeed {
  /** How many watch each rendition there. */
  readonly countByRendition: ReadonlyMap<string, number>;
  /** Some renditions came or went. */
  choicesChanged(): void;
  /** The broadcast goes on at another server. */
  moveAway(): void;
}

/** Everybody who is sent fragments the moment they exist, each on a way of its own. */
export class Viewers {
  readonly #options: ViewersOptions;
  readonly #viewers = new Map<ViewerSink, Viewer>();
  readonly #outlets = new Map<FragmentBus, BusOutlet>();
  readonly #feeds = new Set<OutgoingFeed>();
  readonly #sound: SoundChoice;
  #hasMoved = false;
  #choices: readonly RenditionChoice[];
  /** Looked at for every viewer of every burst. */
  #ladder: readonly RenditionChoice[] = [];

  constructor(options: ViewersOptions) {
    this.#options = options;
    this.#sound = new SoundChoice(options.bus);
    this.#choices = [new BusChoice(sourceId, options.bus)];
    // Before all viewers, so that they find it done.
    this.#outletOf(options.bus);
  }

  /** Of all, those at other servers too. */
  get count(): number {
    let count = this.countHere;
    for (const { countByRendition } of this.#feeds) for (const there of countByRendition.values()) count += there;
    return count;
  }

  /** Of those whom this server sends to itself. */
  get countHere(): number {
    let count = 0;
    for (const { sink } of this.#viewers.values()) count += sink.viewerCount ?? 1;
    return count;
  }

  /** How many are sent each rendition that somebody is sent, at other servers too. */
  get countByRendition(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { sink, rendition } of this.#viewers.values()) counts.set(rendition, (counts.get(rendition) ?? 0) + (sink.viewerCount ?? 1));
    for (const { countByRendition } of this.#feeds) for (const [rendition, there] of countByRendition) counts.set(rendition, (counts.get(rendition) ?? 0) + there);
    return counts;
  }

  /** What somebody is sent, or is about to be. */
  get inUse(): ReadonlySet<string> {
    return new Set([...this.#viewers.values()].flatMap(({ renditions }) => renditions));
  }

  get feedCount(): number {
    return this.#feeds.size;
  }

  /** What a viewer can be sent, the source first, then largest picture first. */
  get choices(): readonly RenditionChoice[] {
    return this.#choices;
  }

  /** See `ViewersOptions`. */
  get clock(): string | undefined {
    return this.#options.clock?.();
  }

  /** See `FragmentBus`. */
  get timeline(): Timeline | undefined {
    return this.#options.bus.timeline;
  }

  /** See `FragmentBus`. */
  get keyframe(): FragmentBurst | undefined {
    return this.#options.bus.keyframe;
  }

  /**
   * Sends what is needed to start, then all that follows. The returned function ends it without a word.
   * @param place of one who was here a moment ago: it is given what it missed
   * @param rendition an id, or `auto`: what the line carries, for a sink that can be told of it; absent: `auto` for those, the source for others
   * @throws {LiveError} not-found when there is no such rendition
   */
  join(sink: ViewerSink, rendition?: string, place?: ViewerPlace): () => void {
    const wish = rendition ?? (sink.follows ? 'auto' : sourceId);
    this.requireRendition(wish);
    const viewer = new Viewer({
      sink,
      wish,
      choices: () => this.#choices,
      ladder: () => this.#ladder,
      outletOf: (bus) => this.#outletOf(bus),
      forget: () => void this.#viewers.delete(sink),
      onChange: (change) => this.#options.onChange?.(change),
      ...{ clock: this.#options.clock, now: this.#options.now },
    });
    this.#viewers.set(sink, viewer);
    if (this.#hasMoved) viewer.moveAway();
    else viewer.begin(place && place.clock === this.clock ? place.seconds : undefined);
    return () => {
      viewer.leave();
      this.#viewers.delete(sink);
    };
  }

  /**
   * A viewer wishes another rendition, or `auto`; it is sent it from the next keyframe on.
   * @throws {LiveError} not-found when there is no such rendition: it goes on as before
   */
  select(sink: ViewerSink, rendition: string): void {
    this.requireRendition(rendition);
    this.#viewers.get(sink)?.select(rendition);
  }

  /** @throws {LiveError} not-found, naming those there are, when this is none of them and not `auto` */
  requireRendition(rendition: string): void {
    if (rendition === 'auto' || this.#choices.some(({ id }) => id === rendition)) return;
    const ids = [...this.#choices.map(({ id }) => id), 'auto'].map((id) => `"${id}"`).join(', ');
    throw new LiveError('not-found', `expected one of the renditions ${ids}, got ${JSON.stringify(rendition.slice(0, 64))}`);
  }

  /** Counts the viewers of the other server as well, and tells it what it has to know. The feed takes what it sends from the buses of `choices`. */
  addFeed(feed: OutgoingFeed): void {
    if (this.#hasMoved) feed.moveAway();
    else this.#feeds.add(feed);
  }

  removeFeed(feed: OutgoingFeed): void {
    this.#feeds.delete(feed);
  }

  /** The broadcast goes on at another server: all are told to come again. */
  moveAway(): void {
    this.#hasMoved = true;
    for (const viewer of [...this.#viewers.values()]) viewer.moveAway();
    for (const feed of [...this.#feeds]) feed.moveAway();
    this.#feeds.clear();
  }

  /** Some came or went: who was sent one that is gone goes on with another. */
  renditionsChanged(): void {
    const { bus, renditions, offered } = this.#options;
    const made = [...(renditions?.() ?? [])].map(([id, each]) => new BusChoice(id, each));
    for (const each of made) this.#outletOf(each.bus);
    const others = [...made, ...(offered?.() ?? [])];
    const sound = this.#sound.isThere ? [this.#sound] : [];
    this.#choices = [new BusChoice(sourceId, bus), ...others.toSorted((one, other) => (other.height ?? 0) - (one.height ?? 0)), ...sound];
    this.#ladder = this.#choices.filter(({ height }) => height !== undefined);
    for (const viewer of this.#viewers.values()) viewer.choicesChanged();
    for (const feed of this.#feeds) feed.choicesChanged();
  }

  #outletOf(bus: FragmentBus): BusOutlet {
    let outlet = this.#outlets.get(bus);
    if (!outlet) this.#outlets.set(bus, (outlet = new BusOutlet(bus, (timeline) => this.#tellClock(timeline))));
    return outlet;
  }

  /** What newcomers are told by `init`, those who are here are told when it is known better. */
  #tellClock(timeline: Timeline): void {
    for (const viewer of this.#viewers.values()) viewer.tellClock(timeline);
  }
}

class BusOutlet implements Outlet {
  readonly #bus: FragmentBus;
  /** From the first viewer on that wants it so: it costs a timer for every few fragments. */
  #gathered: FragmentBus | undefined;
  #flv: FlvTimeline | undefined;
  #toldCaptureTimeMs = 0;

  constructor(bus: FragmentBus, tellClock: (timeline: Timeline) => void) {
    this.#bus = bus;
    const startFlv = ({ init }: Timeline): void => void (this.#flv = new FlvTimeline(init));
    const flv: FragmentConsumer = { startTimeline: startFlv, push: () => undefined, drop: () => (this.#flv = undefined) };
    const clock: FragmentConsumer = {
      startTimeline: ({ captureTimeMs }) => (this.#toldCaptureTimeMs = captureTimeMs),
      push: ({ startsWithKeyframe }) => {
        const { timeline } = bus;
        if (!startsWithKeyframe || !timeline || Math.abs(timeline.captureTimeMs - this.#toldCaptureTimeMs) < clockToleranceMs) return;
        this.#toldCaptureTimeMs = timeline.captureTimeMs;
        tellClock(timeline);
      },
      drop: () => undefined,
    };
    for (const consumer of [flv, clock]) bus.subscribe(consumer, { from: 'edge', loss: 'never' });
  }

  get flv(): FlvTimeline | undefined {
    return this.#flv;
  }

  get gathered(): FragmentBus {
    return (this.#gathered ??= gatheredBus(this.#bus, { withinMs: gatherMs }));
  }
}
