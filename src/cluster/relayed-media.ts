import { randomUUID } from 'node:crypto';
import type { FragmentBus } from '../live/fragment-bus.js';
import { sourceId, type RenditionChoice } from '../live/rendition-choice.js';
import type { RenditionChange } from '../live/viewer.js';
import type { ViewerPlace } from '../protocol/viewer-place.js';
import { Viewers } from '../live/viewers.js';
import type { FeedMessage, FeedRequest, Offer } from './feed-messages.js';
import { RelayClock } from './relay-clock.js';
import { RelayedRendition } from './relayed-rendition.js';

export interface RelayedMediaOptions {
  readonly createBus: () => FragmentBus;
  /** Somebody is to be sent a rendition that does not come yet. */
  readonly onDemand: () => void;
  /** Told of each viewer that is changed over. */
  readonly onChange?: ((change: RenditionChange) => void) | undefined;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
}

/** Sound and pictures do not come quite in the order of their times. */
const overlapSeconds = 0.1;
/** So long a rendition is still fed that nobody is sent any more. */
const keptForMs = 5000;

/** What can be had of another node's broadcast beside its source. */
class OfferedRendition implements RenditionChoice {
  readonly id: string;
  readonly rendition: RelayedRendition;
  readonly #onDemand: () => void;
  offer: Offer;
  wantedAtMs: number | undefined;

  constructor(offer: Offer, rendition: RelayedRendition, onDemand: (choice: OfferedRendition) => void) {
    this.id = offer.id;
    this.offer = offer;
    this.rendition = rendition;
    this.#onDemand = () => onDemand(this);
  }

  get height(): number | undefined {
    return this.offer.height;
  }

  get bitsPerSecond(): number {
    return this.offer.bitsPerSecond;
  }

  /** Who takes it is sent it. */
  get bus(): FragmentBus {
    this.#onDemand();
    return this.rendition.bus;
  }
}

/** A broadcast of another node, as its viewers here see it: the same fragments on buses of this process. What they are told survives that another node goes on with it. */
export class RelayedMedia {
  readonly viewers: Viewers;
  readonly #options: RelayedMediaOptions;
  readonly #now: () => number;
  readonly #clock = new RelayClock();
  readonly #source: RelayedRendition;
  readonly #known = new Map<string, OfferedRendition>();
  readonly #byNumber = new Map<number, string>();
  #offered: readonly OfferedRendition[] = [];
  #broadcast: string | undefined;
  #run: string | undefined;
  /** As its node says: what its media times are counted by. */
  #mediaClock: string | undefined;
  /** As viewers here are told: another one as soon as media was moved. */
  #shownClock: string | undefined;
  #told: { hello: boolean; offers: boolean; hasMedia: boolean; begun: boolean } = nothingTold();
  #countElsewhere = 0;

  constructor(options: RelayedMediaOptions) {
    this.#options = options;
    const { createBus, onChange, now = () => performance.now() } = options;
    this.#now = now;
    const bus = createBus();
    this.#source = new RelayedRendition(bus, this.#clock);
    this.viewers = new Viewers({ bus, offered: () => this.#offered, clock: () => this.#shownClock, onChange, now });
  }

  /** All that viewers need to begin has come since the connection stands. */
  get isReady(): boolean {
    const { hello, offers, hasMedia, begun } = this.#told;
    return hello && offers && (begun || !hasMedia);
  }

  /** All who watch the broadcast, at whichever node. */
  get count(): number {
    return Math.max(this.#countElsewhere, this.viewers.countHere);
  }

  /**
   * @returns false where it is the end for those who watch: the broadcast is over, or another one has its name
   * @throws {RangeError} when it makes no sense
   */
  message(message: FeedMessage): boolean {
    switch (message.type) {
      case 'hello':
        return this.#begin(message);
      case 'offers':
        this.#countElsewhere = message.viewers;
        this.#offer(message.renditions);
        this.#told.offers = true;
        break;
      case 'init':
        this.#byNumber.set(message.number, message.rendition);
        this.#renditionOf(message.rendition)?.startTimeline(message);
        break;
      case 'clock':
        this.#renditionOf(message.rendition)?.tellClock(message.captureTimeMs);
        break;
      case 'gap':
        this.#renditionOf(message.rendition)?.bus.skip(message.skippedSeconds);
        break;
      case 'ended':
        return false;
    }
    return true;
  }

  /** @throws {RangeError} when it is not fragmented MP4, or of no rendition */
  media(number: number, boxes: Buffer): void {
    const id = this.#byNumber.get(number);
    if (id === undefined) throw new RangeError(`expected media of a rendition that was announced, got some of number ${number}`);
    const rendition = this.#renditionOf(id);
    if (!rendition?.push(boxes) || id !== sourceId) return;
    this.#told.begun = true;
    // With it sound may have come or gone.
    this.viewers.renditionsChanged();
  }

  /** Up to where everything has come that is fed; undefined: nothing did, or its node does not say by which clock. */
  get place(): ViewerPlace | undefined {
    const fed = [this.#source, ...this.#offered.filter(({ wantedAtMs }) => wantedAtMs !== undefined).map(({ rendition }) => rendition)];
    const seconds = Math.min(...fed.map(({ reachedSeconds = Infinity }) => reachedSeconds));
    return this.#mediaClock !== undefined && Number.isFinite(seconds) ? { clock: this.#mediaClock, seconds: Math.max(0, seconds - overlapSeconds) } : undefined;
  }

  /** Nothing comes for now: the connection is lost. */
  disconnected(): void {
    this.#told = nothingTold();
    this.#byNumber.clear();
    for (const each of this.#renditions) each.disconnected();
  }

  /** Who watches what here; what nobody has been sent for a while is not asked for any more. */
  watching(): FeedRequest {
    const { inUse, countByRendition } = this.viewers;
    const nowMs = this.#now();
    for (const choice of this.#known.values()) {
      if (inUse.has(choice.id)) choice.wantedAtMs = nowMs;
      if (choice.wantedAtMs === undefined || nowMs - choice.wantedAtMs <= keptForMs) continue;
      choice.wantedAtMs = undefined;
      choice.rendition.release();
    }
    const wanted = this.#offered.filter(({ wantedAtMs }) => wantedAtMs !== undefined).map(({ id }): [string, number] => [id, 0]);
    return { type: 'watching', renditions: Object.fromEntries([...wanted, ...countByRendition]) };
  }

  /** Nothing follows, and nobody goes on. */
  end(): void {
    for (const { bus } of this.#renditions) bus.end();
  }

  get #renditions(): RelayedRendition[] {
    return [this.#source, ...[...this.#known.values()].map(({ rendition }) => rendition)];
  }

  #begin({ broadcast, run, clock, hasMedia }: FeedMessage & { readonly type: 'hello' }): boolean {
    if (this.#broadcast !== undefined && this.#broadcast !== broadcast) return false;
    const isSameClock = clock !== undefined && clock === this.#mediaClock;
    if (this.#run !== run) for (const each of this.#renditions) each[isSameClock ? 'move' : 'restart']();
    if (this.#run === undefined) this.#shownClock = clock;
    else if (this.#run !== run && !isSameClock) this.#shownClock = randomUUID();
    this.#broadcast = broadcast;
    this.#run = run;
    this.#mediaClock = clock;
    this.#clock.startRun(clock ?? run);
    this.#told = { hello: true, offers: false, hasMedia, begun: false };
    return true;
  }

  #offer(offers: readonly Offer[]): void {
    const before = namesOf(this.#offered);
    this.#offered = offers.map((offer) => {
      const known = this.#known.get(offer.id) ?? new OfferedRendition(offer, new RelayedRendition(this.#options.createBus(), this.#clock), (choice) => this.#demand(choice));
      known.offer = offer;
      this.#known.set(offer.id, known);
      return known;
    });
    if (namesOf(this.#offered) !== before) this.viewers.renditionsChanged();
  }

  #demand(choice: OfferedRendition): void {
    const isNew = choice.wantedAtMs === undefined;
    choice.wantedAtMs = this.#now();
    if (isNew) this.#options.onDemand();
  }

  /** undefined: it is not offered any more. */
  #renditionOf(id: string): RelayedRendition | undefined {
    return id === sourceId ? this.#source : this.#known.get(id)?.rendition;
  }
}

function nothingTold(): { hello: boolean; offers: boolean; hasMedia: boolean; begun: boolean } {
  return { hello: false, offers: false, hasMedia: false, begun: false };
}

function namesOf(choices: readonly OfferedRendition[]): string {
  return choices.map(({ id, height }) => `${id}/${String(height)}`).join();
}
