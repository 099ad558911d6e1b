import type { FlvTimeline } from '../flv/flv-timeline.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import type { RenditionOffer, ViewerMessage } from '../protocol/viewer-messages.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';
import { LineWatch } from './line-watch.js';
import type { BusOfRendition } from './rendition-leg.js';
import { offerOf, sourceId, type RenditionChoice } from './rendition-choice.js';
import { RenditionPolicy, type Step } from './rendition-policy.js';
import { RenditionSwitch, type SwitchOutput } from './rendition-switch.js';

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
  /** It can go on with another rendition, of another size, and is told which there are. */
  readonly follows?: boolean;
  /** How many people watch by it; absent: one. */
  readonly viewerCount?: number;
  /** Nothing follows. */
  end(): void;
  /** Nothing follows here, but at another server. Absent: as `end`. */
  away?(): void;
  /** Nothing follows: something is wrong with what it was to be sent. */
  drop(): void;
}

/** A viewer was changed over to a rendition: by its own wish, by its line, or because the one before is gone. */
export interface RenditionChange {
  readonly rendition: string;
  readonly why: Step['why'] | 'selected' | 'gone';
}

/** What is made of one bus for all who are sent it. */
export interface Outlet {
  /** undefined where none could be made. */
  readonly flv: FlvTimeline | undefined;
  /** The bus for sinks that gather. */
  readonly gathered: FragmentBus;
}

export interface ViewerOptions {
  readonly sink: ViewerSink;
  /** An id, or `auto`. */
  readonly wish: string;
  /** What there is, the source first, then largest picture first. */
  readonly choices: () => readonly RenditionChoice[];
  /** Those of `choices` that have a picture: sound alone is never chosen for anybody. */
  readonly ladder: () => readonly RenditionChoice[];
  readonly outletOf: (bus: FragmentBus) => Outlet;
  readonly forget: () => void;
  readonly onChange: (change: RenditionChange) => void;
  /** See `ViewersOptions`. */
  readonly clock?: (() => string | undefined) | undefined;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
}

/** A wish that comes sooner after another waits for the next media: whoever asks without end costs no more than others. */
const wishesApartMs = 200;
const looksApartMs = 100;
/** A rate that was told is told again when it was so wrong. */
const toldRateTolerance = 1.5;

/** One viewer's messages, in the order of the bus; and which rendition it is sent. */
export class Viewer implements SwitchOutput {
  readonly sink: ViewerSink;
  readonly mark: FragmentConsumer['mark'];
  readonly #options: ViewerOptions;
  readonly #now: () => number;
  readonly #switch: RenditionSwitch;
  readonly #line = new LineWatch();
  readonly #policy = new RenditionPolicy();
  #wish: string;
  #why: RenditionChange['why'] = 'selected';
  #choice: RenditionChoice;
  #outlet: Outlet;
  #timeline: Timeline | undefined;
  /** There is a wish that was not heeded yet. */
  #isAsked = false;
  #heededAtMs = -Infinity;
  #lookedAtMs = -Infinity;
  #told: readonly RenditionOffer[] = [];
  #toldCurrent: string | undefined;

  constructor(options: ViewerOptions) {
    const { sink, wish, now = () => performance.now() } = options;
    this.#options = options;
    this.sink = sink;
    this.#wish = wish;
    this.#now = now;
    if (sink.mark) this.mark = (arrived) => sink.mark?.(arrived);
    this.#choice = this.#wished() ?? this.#source;
    this.#outlet = options.outletOf(this.#choice.bus);
    this.#switch = new RenditionSwitch(this.#onBus(this.#choice), this);
  }

  /** What it is sent. */
  get rendition(): string {
    return this.#choice.id;
  }

  /** The same, and what it is about to be sent. */
  get renditions(): string[] {
    const { next } = this.#switch;
    return next ? [this.rendition, next.id] : [this.rendition];
  }

  /** @param hasUntilSeconds media time: it was here before, and is given what it missed since */
  begin(hasUntilSeconds?: number): void {
    this.#switch.begin(hasUntilSeconds);
  }

  leave(): void {
    this.#switch.leave();
  }

  /** @param wish the id of one there is, or `auto` */
  select(wish: string): void {
    this.#wish = wish;
    this.#isAsked = true;
    if (this.#now() - this.#heededAtMs >= wishesApartMs) this.#heed();
  }

  #heed(): void {
    this.#isAsked = false;
    this.#heededAtMs = this.#now();
    const wished = this.#wished();
    if (!wished) return;
    this.#why = 'selected';
    this.#switch.changeTo(this.#onBus(wished));
  }

  choicesChanged(): void {
    const choices = this.#options.choices();
    const { next } = this.#switch;
    if (!choices.some(({ id }) => id === this.rendition)) {
      this.#why = 'gone';
      this.#switch.moveTo(this.#onBus(this.#wished() ?? this.#nearest));
    } else if (next && !choices.some(({ id }) => id === next.id)) {
      this.#switch.changeTo(this.#onBus(this.#choice));
    } else if (this.#wish !== 'auto' && this.#wish !== (next ?? this.#choice).id) {
      // It is back.
      this.#heed();
    }
    this.#tellRenditions();
  }

  /** Only of the timeline that it knows: one that is being skipped over a change is told by its next `init`. */
  tellClock(timeline: Timeline): void {
    if (this.#timeline === timeline) this.sink.message({ type: 'clock', mediaTimeSeconds: 0, captureTimeMs: timeline.captureTimeMs });
  }

  get backlogBytes(): number {
    return this.sink.backlogBytes + this.#switch.unsentBytes;
  }

  startTimeline(timeline: Timeline): void {
    const { init, captureTimeMs } = timeline;
    this.#timeline = timeline;
    const clock = this.#options.clock?.();
    this.sink.message({ type: 'init', mimeType: `video/mp4; codecs="${init.codecs}"`, mediaTimeSeconds: 0, captureTimeMs, ...(clock !== undefined && { clock }) });
    this.sink.init(init);
    this.#toldCurrent = undefined;
    this.#tellRenditions();
  }

  push(burst: FragmentBurst): void {
    this.sink.media(burst, this.#outlet.flv);
    if (burst.startsWithKeyframe) this.#tellRenditions();
  }

  skipped(seconds: number): void {
    this.sink.message({ type: 'gap', skippedSeconds: Math.round(seconds * 1000) / 1000 });
  }

  changed({ id }: BusOfRendition): void {
    this.#choice = this.#options.choices().find((each) => each.id === id) ?? this.#choice;
    this.#outlet = this.#options.outletOf(this.#choice.bus);
    this.#options.onChange({ rendition: id, why: this.#why });
  }

  passed(byteLength: number): void {
    if (this.#isAsked) this.#heed();
    if (!this.sink.follows || this.#options.ladder().length < 2) return;
    const nowMs = this.#now();
    if (this.#line.sent(byteLength, nowMs) && this.sink.mark) {
      const arrived = this.#line.mark();
      this.sink.mark(() => {
        arrived(this.#now());
        this.#switch.goOn();
      });
    }
    if (this.#wish !== 'auto' || nowMs - this.#lookedAtMs < looksApartMs) return;
    this.#lookedAtMs = nowMs;
    this.#follow(nowMs);
  }

  /** Where there is no smaller picture nothing could take the place of what is kept. */
  get isFull(): boolean {
    if (!this.sink.follows || this.#wish !== 'auto') return false;
    const smallest = this.#options.ladder().at(-1);
    return smallest !== undefined && smallest.id !== this.#choice.id && this.#line.isFull(this.#now());
  }

  end(): void {
    this.#options.forget();
    this.sink.message({ type: 'ended' });
    this.sink.end();
  }

  /** What it is sent goes on at another server. */
  moveAway(): void {
    this.leave();
    this.#options.forget();
    if (this.sink.away) this.sink.away();
    else this.sink.end();
  }

  drop(): void {
    this.#options.forget();
    this.sink.drop();
  }

  /** To what the line carries. */
  #follow(nowMs: number): void {
    const ladder = this.#options.ladder();
    const at = ladder.findIndex(({ id }) => id === (this.#switch.next ?? this.#choice).id);
    if (at < 0) return;
    const { bitsPerSecond: lineBitsPerSecond } = this.#line;
    const { unsentSeconds, unsentBytes } = this.#switch;
    const lagSeconds = Math.max(this.#line.lagSeconds, unsentSeconds);
    const drainSeconds = this.#line.drainSeconds + (lineBitsPerSecond === undefined ? 0 : (unsentBytes * 8) / lineBitsPerSecond);
    const step = this.#policy.look({ nowMs, at, lagSeconds, drainSeconds, lineBitsPerSecond, ladder });
    const choice = step && ladder[step.to];
    if (!choice) return;
    this.#why = step.why;
    this.#switch.changeTo(this.#onBus(choice), step);
  }

  #wished(): RenditionChoice | undefined {
    return this.#options.choices().find(({ id }) => id === this.#wish);
  }

  /** The next smaller one, or the smallest there is. */
  get #nearest(): RenditionChoice {
    const height = this.#choice.height ?? Infinity;
    const pictures = this.#options.ladder();
    return pictures.find((each) => (each.height ?? 0) <= height) ?? pictures.at(-1) ?? this.#source;
  }

  get #source(): RenditionChoice {
    const source = this.#options.choices().find(({ id }) => id === sourceId);
    if (!source) throw new Error('expected the source among the renditions');
    return source;
  }

  #onBus({ id, bus }: RenditionChoice): BusOfRendition {
    return { id, bus: this.sink.gathers ? this.#options.outletOf(bus).gathered : bus };
  }

  /** Where there are several, once it knows of a timeline; again when they or their rates are others. */
  #tellRenditions(): void {
    if (!this.sink.follows || !this.#timeline) return;
    const renditions = this.#options.choices().map(offerOf);
    if (renditions.length < 2 && this.#told.length < 2) return;
    const isSame = renditions.length === this.#told.length && renditions.every((each, index) => isAsTold(each, this.#told[index]));
    if (isSame && this.#toldCurrent === this.rendition) return;
    this.#told = renditions;
    this.#toldCurrent = this.rendition;
    this.sink.message({ type: 'renditions', renditions, current: this.rendition });
  }
}

function isAsTold({ id, height, bitsPerSecond }: RenditionOffer, told: RenditionOffer | undefined): boolean {
  if (id !== told?.id || height !== told.height) return false;
  return bitsPerSecond <= told.bitsPerSecond * toldRateTolerance && told.bitsPerSecond <= bitsPerSecond * toldRateTolerance;
}
