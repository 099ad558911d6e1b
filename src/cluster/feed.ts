import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from '../live/fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from '../live/fragment-bus.js';
import { offerOf, sourceId } from '../live/rendition-choice.js';
import type { ViewerPlace } from '../protocol/viewer-place.js';
import type { OutgoingFeed } from '../live/viewers.js';
import type { FeedSource } from '../live/watchable.js';
import { feedClose, type FeedMessage, type FeedRequest } from './feed-messages.js';

/** The way to the other node. */
export interface FeedLine {
  message(message: FeedMessage): void;
  /** @param number of the rendition */
  media(number: number, boxes: Buffer): void;
  /** Bytes that were handed over but have not left. */
  readonly backlogBytes: number;
  /** See `FragmentConsumer`. */
  mark(arrived: () => void): void;
  close(code: number, reason: string): void;
}

export interface FeedOptions {
  readonly broadcast: string;
  /** Of this broadcast in this process. */
  readonly run: string;
  readonly viewers: FeedSource;
  readonly line: FeedLine;
  /** Where the other node is, if it was fed before: it is given what it missed. */
  readonly place?: ViewerPlace | undefined;
}

/** How often the other node is told how many watch, and what renditions take. */
const offersApartMs = 2000;

/**
 * What another node is sent of a broadcast here, once for all who watch there: the source, and the renditions that somebody is sent
 * there. It is a consumer of each bus like any viewer: who is late is skipped forward.
 */
export class Feed implements OutgoingFeed {
  readonly #options: FeedOptions;
  readonly #legs = new Map<string, FeedLeg>();
  readonly #timer: NodeJS.Timeout;
  #countByRendition: ReadonlyMap<string, number> = new Map();
  #wanted: ReadonlySet<string> = new Set([sourceId]);
  /** Of what is fed from the beginning. */
  #place: ViewerPlace | undefined;
  #toldOffers = '';
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { broadcast, run, viewers, line, place } = options;
    this.#place = place && place.clock === viewers.clock ? place : undefined;
    this.#timer = setInterval(() => this.#tellOffers(), offersApartMs);
    const source = viewers.choices.find(({ id }) => id === sourceId);
    line.message({ type: 'hello', run, ...(viewers.clock !== undefined && { clock: viewers.clock }), broadcast, hasMedia: source?.bus.timeline !== undefined });
    viewers.addFeed(this);
    if (!this.#closed) this.choicesChanged();
  }

  get countByRendition(): ReadonlyMap<string, number> {
    return this.#countByRendition;
  }

  /** The other node has said who watches what there. */
  watching({ renditions }: FeedRequest): void {
    const counts = Object.entries(renditions);
    this.#countByRendition = new Map(counts.filter(([, count]) => count > 0));
    this.#wanted = new Set([sourceId, ...counts.map(([id]) => id)]);
    this.#feed();
    this.#place = undefined;
  }

  choicesChanged(): void {
    this.#tellOffers();
    this.#feed();
  }

  moveAway(): void {
    this.#options.line.close(feedClose.away, 'this server leaves; the broadcast goes on at another one');
    this.close();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    for (const leg of this.#legs.values()) leg.leave();
    this.#legs.clear();
    this.#options.viewers.removeFeed(this);
  }

  #tellOffers(): void {
    const { viewers, line } = this.#options;
    const renditions = viewers.choices.filter(({ id, height }) => id !== sourceId && height !== undefined).map(offerOf);
    const offers = JSON.stringify([viewers.count, renditions]);
    if (offers === this.#toldOffers) return;
    this.#toldOffers = offers;
    line.message({ type: 'offers', viewers: viewers.count, renditions });
  }

  /** What is wanted and there is, and nothing else. Whoever takes the bus of a rendition has it made. */
  #feed(): void {
    if (this.#closed) return;
    const { viewers, line } = this.#options;
    // The sound alone is made of the source there.
    const choices = viewers.choices.filter(({ id, height }) => this.#wanted.has(id) && (id === sourceId || height !== undefined));
    for (const [id, leg] of this.#legs) {
      if (choices.some((choice) => choice.id === id)) continue;
      leg.leave();
      this.#legs.delete(id);
    }
    for (const { id, bus } of choices) {
      const leg = this.#legs.get(id);
      if (leg?.bus === bus) continue;
      leg?.leave();
      const begun = new FeedLeg({ id, number: leg?.number ?? this.#freeNumber, bus, line, onEnd: () => this.#end(id) });
      this.#legs.set(id, begun);
      begun.begin(this.#place?.seconds);
    }
  }

  #end(id: string): void {
    if (id !== sourceId || this.#closed) return;
    this.#options.line.message({ type: 'ended' });
    this.#options.line.close(1000, 'the broadcast is over');
    this.close();
  }

  get #freeNumber(): number {
    const taken = new Set([...this.#legs.values()].map(({ number }) => number));
    let number = 0;
    while (taken.has(number)) number++;
    return number;
  }
}

interface FeedLegOptions {
  readonly id: string;
  readonly number: number;
  readonly bus: FragmentBus;
  readonly line: FeedLine;
  readonly onEnd: () => void;
}

/** One rendition on its way to the other node. */
class FeedLeg implements FragmentConsumer {
  readonly #options: FeedLegOptions;
  #toldCaptureTimeMs = 0;

  constructor(options: FeedLegOptions) {
    this.#options = options;
  }

  get bus(): FragmentBus {
    return this.#options.bus;
  }

  get number(): number {
    return this.#options.number;
  }

  begin(hasUntilSeconds: number | undefined): void {
    this.bus.subscribe(this, { from: hasUntilSeconds ?? 'group', loss: 'skip' });
  }

  leave(): void {
    this.bus.unsubscribe(this);
  }

  get backlogBytes(): number {
    return this.#options.line.backlogBytes;
  }

  mark(arrived: () => void): void {
    this.#options.line.mark(arrived);
  }

  startTimeline({ init, captureTimeMs, shownLaterSeconds }: Timeline): void {
    const { id: rendition, number, line } = this.#options;
    this.#toldCaptureTimeMs = captureTimeMs;
    line.message({ type: 'init', rendition, number, captureTimeMs, ...(shownLaterSeconds !== undefined && { shownLaterSeconds }) });
    line.media(number, init.bytes);
  }

  push({ mp4, startsWithKeyframe }: FragmentBurst): void {
    const { id: rendition, number, bus, line } = this.#options;
    const captureTimeMs = bus.timeline?.captureTimeMs ?? this.#toldCaptureTimeMs;
    if (startsWithKeyframe && captureTimeMs !== this.#toldCaptureTimeMs) {
      this.#toldCaptureTimeMs = captureTimeMs;
      line.message({ type: 'clock', rendition, captureTimeMs });
    }
    line.media(number, mp4);
  }

  skipped(seconds: number): void {
    this.#options.line.message({ type: 'gap', rendition: this.#options.id, skippedSeconds: Math.max(0, seconds) });
  }

  end(): void {
    this.#options.onEnd();
  }

  drop(): void {
    this.#options.line.close(1011, 'it can not be sent on');
  }
}
