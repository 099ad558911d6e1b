import type { Timeline } from '../hls/presentation.js';
import type { ConsumerBacklog } from './consumer-backlog.js';

/** Who can be told of timelines. */
interface TimelineConsumer {
  startTimeline(timeline: Timeline): void;
}

export interface SubscriberOptions<Consumer extends TimelineConsumer> {
  readonly consumer: Consumer;
  /** See `Subscription` of the bus. */
  readonly loss: 'never' | 'skip';
  readonly backlog: ConsumerBacklog;
  /** Bursts before its first. */
  readonly after: number;
}

/** What a bus knows of one of its consumers. */
export class Subscriber<Consumer extends TimelineConsumer> {
  readonly consumer: Consumer;
  readonly loss: SubscriberOptions<Consumer>['loss'];
  readonly backlog: ConsumerBacklog;
  readonly after: number;
  /** Where it was left out from, in seconds of media; it is until the next keyframe. */
  skippedFrom: number | undefined;
  #timeline: Timeline | undefined;

  constructor({ consumer, loss, backlog, after }: SubscriberOptions<Consumer>) {
    this.consumer = consumer;
    this.loss = loss;
    this.backlog = backlog;
    this.after = after;
  }

  /** The one that it was told of. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  begin(timeline: Timeline): void {
    this.#timeline = timeline;
    this.consumer.startTimeline(timeline);
  }
}
