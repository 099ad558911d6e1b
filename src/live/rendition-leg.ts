import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer, Subscription } from './fragment-bus.js';

/** A rendition, and where it is taken from. */
export interface BusOfRendition {
  readonly id: string;
  readonly bus: FragmentBus;
}

/** Who goes over several buses, a subscription for each. */
export interface LegOwner {
  /** Where what comes of the present one goes. */
  readonly output: Pick<FragmentConsumer, 'backlogBytes' | 'mark'>;
  isCurrent(leg: Leg): boolean;
  started(leg: Leg, timeline: Timeline): void;
  pushed(leg: Leg, burst: FragmentBurst, timeline: Timeline): void;
  skipped(leg: Leg, seconds: number): void;
  ended(leg: Leg): void;
  dropped(leg: Leg, error: unknown): void;
}

/** A subscription to one bus. */
export class Leg implements FragmentConsumer {
  readonly choice: BusOfRendition;
  timeline: Timeline | undefined;
  readonly #owner: LegOwner;

  constructor(choice: BusOfRendition, owner: LegOwner) {
    this.choice = choice;
    this.#owner = owner;
  }

  subscribe(from: Subscription['from']): void {
    this.choice.bus.subscribe(this, { from, loss: 'skip' });
  }

  leave(): void {
    this.choice.bus.unsubscribe(this);
  }

  get backlogBytes(): number {
    return this.#owner.isCurrent(this) ? (this.#owner.output.backlogBytes ?? 0) : 0;
  }

  get mark(): FragmentConsumer['mark'] {
    return this.#owner.isCurrent(this) ? this.#owner.output.mark : undefined;
  }

  startTimeline(timeline: Timeline): void {
    this.timeline = timeline;
    this.#owner.started(this, timeline);
  }

  push(burst: FragmentBurst): void {
    if (this.timeline) this.#owner.pushed(this, burst, this.timeline);
  }

  skipped(seconds: number): void {
    this.#owner.skipped(this, seconds);
  }

  end(): void {
    this.#owner.ended(this);
  }

  drop(error: unknown): void {
    this.#owner.dropped(this, error);
  }
}
