import type { Fragment } from '../fmp4/fragment.js';
import type { Timeline } from '../hls/presentation.js';
import { BacklogLimit } from './backlog-limit.js';
import { ConsumerBacklog, type Backlogged } from './consumer-backlog.js';
import { splitAtKeyframe, type FragmentBurst } from './fragment-burst.js';
import { RecentMedia } from './recent-media.js';
import { Subscriber } from './subscriber.js';

/**
 * Something that takes a broadcast's fragments. It is never waited for; if it throws, it is let go of and the others go on. It may leave, and
 * bring others, while it is told something.
 */
export interface FragmentConsumer extends Backlogged {
  /** What follows comes under this init segment. */
  startTimeline(timeline: Timeline): void;
  /** Fragments that came in one go. All consumers are given the same burst: what is built from it is built once. */
  push(burst: FragmentBurst): void;
  /** What was pushed is all there is of this timeline. */
  endTimeline?(): void;
  /** It was late: so many seconds of media were left out, and what comes next begins with a keyframe. */
  skipped?(seconds: number): void;
  /** The broadcast is over. */
  end?(): void;
  /** It threw: nothing more comes. */
  drop(error: unknown): void;
}

export interface Subscription {
  /**
   * `group`: from the last keyframe on, at once; `edge`: from what comes next. A media time: it has what was before that, and is given what it missed since, from a keyframe
   * on; who missed too much of it is told so, and begins as `group`.
   */
  readonly from: 'group' | 'edge' | number;
  /** `never`: all of it, one after another; `skip`: only from keyframe to keyframe, and who is late is skipped forward. */
  readonly loss: 'never' | 'skip';
}

export interface FragmentBusOptions {
  /** What a consumer that may be skipped has before it at most. */
  readonly maxBacklogBytes: number;
  readonly maxBacklogSeconds?: number | undefined;
  /** Told of each consumer that threw. */
  readonly onDropped: (error: unknown) => void;
  /** Told of each that is skipped forward. */
  readonly onSkip?: (() => void) | undefined;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
}

/** Who missed more than this begins anew: a player that plays faster by a fifth is back at the edge after five times as long. */
const longestMissedMs = 20_000;
/** Part of what a consumer may have before it: the rest is for what comes while it is given what it missed. */
const missedShare = 0.75;

/** A server that stood still must not take its viewers for late: longer than this between two pushes is no time that passed. */
const longestStepMs = 500;

/** Hands a broadcast's fragments to everything that wants them, the moment they exist. */
export class FragmentBus {
  readonly #options: FragmentBusOptions;
  readonly #now: () => number;
  readonly #maxBacklogMs: number;
  readonly #limit: BacklogLimit;
  readonly #subscribers = new Map<FragmentConsumer, Subscriber<FragmentConsumer>>();
  #timeline: Timeline | undefined;
  /** The bursts since the last keyframe: with them a newcomer starts at once. undefined when there are too many to keep. */
  #group: FragmentBurst[] | undefined = [];
  #groupBytes = 0;
  #keyframe: FragmentBurst | undefined;
  readonly #recent: RecentMedia;
  #bursts = 0;
  #gaps = 0;
  #pushedAtMs: number;
  /** Time that passed while there was something to push. */
  #activeMs = 0;
  #ended = false;

  constructor(options: FragmentBusOptions) {
    this.#options = options;
    const { maxBacklogBytes, maxBacklogSeconds = 4, now = () => performance.now() } = options;
    this.#now = now;
    this.#pushedAtMs = now();
    this.#maxBacklogMs = maxBacklogSeconds * 1000;
    this.#limit = new BacklogLimit({ maxBytes: maxBacklogBytes, maxSeconds: maxBacklogSeconds });
    this.#recent = new RecentMedia({ maxSeconds: longestMissedMs / 1000, maxBytes: maxBacklogBytes * missedShare });
  }

  /** What is pushed now; undefined before there was anything. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  /** The last picture of the present timeline that can be decoded alone, with what came in one go with it. */
  get keyframe(): FragmentBurst | undefined {
    return this.#keyframe;
  }

  /** As measured over the last seconds of media; 0 before there was any. */
  get bitsPerSecond(): number {
    return this.#limit.bitsPerSecond;
  }

  /** What a consumer that may be skipped has before it at most. */
  get maxBacklogBytes(): number {
    return this.#options.maxBacklogBytes;
  }

  /** How often one that was late was skipped forward. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Another bus with the same bounds, for what is made of this one's fragments. */
  derive(): FragmentBus {
    return new FragmentBus(this.#options);
  }

  /** One that is subscribed already begins anew. */
  subscribe(consumer: FragmentConsumer, { from, loss }: Subscription): void {
    const returns = typeof from === 'number';
    const backlog = new ConsumerBacklog({ consumer, limit: this.#limit, maxMs: this.#maxBacklogMs, maxBytes: this.maxBacklogBytes });
    const subscriber = new Subscriber({ consumer, loss, backlog, after: this.#bursts });
    if (returns) backlog.catchUp(this.#activeMs + longestMissedMs);
    this.#subscribers.set(consumer, subscriber);
    this.#guard(subscriber, () => {
      if (this.#ended) consumer.end?.();
      else if (!returns || !this.#bringBack(subscriber, from)) this.#begin(subscriber, from);
    });
    if (this.#ended) this.unsubscribe(consumer);
  }

  /** @returns whether it has what it missed */
  #bringBack(subscriber: Subscriber<FragmentConsumer>, seconds: number): boolean {
    const missed = this.#recent.since(seconds, this.#group);
    if (!missed) return false;
    const { consumer } = subscriber;
    const give = (call: () => void): void => {
      if (this.#isHere(subscriber)) call();
    };
    for (const [index, { timeline, bursts }] of missed.groups.entries()) {
      if (timeline !== subscriber.timeline) give(() => subscriber.begin(timeline));
      if (index === 0 && missed.lostSeconds > 0) give(() => consumer.skipped?.(missed.lostSeconds));
      for (const burst of bursts) give(() => consumer.push(burst));
    }
    // The present one has no picture yet.
    if (this.#timeline && this.#timeline !== subscriber.timeline && this.#isHere(subscriber)) subscriber.begin(this.#timeline);
    return true;
  }

  #begin(subscriber: Subscriber<FragmentConsumer>, from: Subscription['from']): void {
    const { consumer, loss } = subscriber;
    const group = from === 'edge' ? [] : this.#group;
    if (loss === 'skip' && this.#keyframe !== undefined && (group === undefined || group.length === 0)) subscriber.skippedFrom = this.#limit.seconds;
    else if (this.#timeline) subscriber.begin(this.#timeline);
    const keyframeSeconds = this.#timeline && this.#keyframe?.reachUnder(this.#timeline.init).from;
    if (typeof from === 'number' && subscriber.skippedFrom === undefined && keyframeSeconds !== undefined && keyframeSeconds > from) consumer.skipped?.(keyframeSeconds - from);
    for (const burst of group ?? []) if (this.#isHere(subscriber)) consumer.push(burst);
  }

  /** It is told nothing more, not even the rest of what it is being given now. Idempotent. */
  unsubscribe(consumer: FragmentConsumer): void {
    this.#subscribers.delete(consumer);
  }

  startTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#limit.startTimeline(timeline.init);
    this.#recent.startTimeline(timeline);
    this.#group = [];
    this.#groupBytes = 0;
    this.#keyframe = undefined;
    this.#tell((subscriber) => {
      if (subscriber.skippedFrom === undefined) subscriber.begin(timeline);
    });
  }

  /** Fragments that came in one go, in order. */
  push(fragments: readonly Fragment[]): void {
    const timeline = this.#timeline;
    if (!timeline || fragments.length === 0) return;
    const nowMs = this.#now();
    this.#activeMs += Math.min(nowMs - this.#pushedAtMs, longestStepMs);
    this.#pushedAtMs = nowMs;
    for (const burst of splitAtKeyframe(fragments, timeline.init)) {
      this.#keep(burst);
      for (const subscriber of this.#subscribers.values()) {
        // Who came while others were given it has it, or begins behind it.
        if (subscriber.after === this.#bursts) continue;
        try {
          this.#give(subscriber, burst, timeline);
        } catch (error) {
          this.#drop(subscriber, error);
        }
      }
    }
  }

  endTimeline(): void {
    this.#tell(({ consumer }) => consumer.endTimeline?.());
  }

  /** What comes next was missed by all: nobody is late for it who takes it within 20 s. */
  catchUp(): void {
    for (const { backlog } of this.#subscribers.values()) backlog.catchUp(this.#activeMs + longestMissedMs);
  }

  /** So many seconds of media are missing for all: they were left out before they came here, and what comes next begins with a keyframe. */
  skip(seconds: number): void {
    this.#tell(({ consumer, skippedFrom }) => {
      if (skippedFrom === undefined) consumer.skipped?.(seconds);
    });
  }

  /** Nothing follows. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell(({ consumer }) => consumer.end?.());
    this.#subscribers.clear();
    this.#group = [];
    this.#keyframe = undefined;
    this.#recent.clear();
  }

  #keep(burst: FragmentBurst): void {
    this.#bursts++;
    this.#limit.passed(burst);
    this.#recent.push(burst);
    if (burst.startsWithKeyframe) {
      this.#keyframe = burst;
      this.#group = [];
      this.#groupBytes = 0;
    }
    if (!this.#keyframe) return;
    this.#groupBytes += burst.byteLength;
    // More than a newcomer may have before it: it would be skipped forward at once.
    if (this.#groupBytes > this.maxBacklogBytes) this.#group = undefined;
    this.#group?.push(burst);
  }

  #give(subscriber: Subscriber<FragmentConsumer>, burst: FragmentBurst, timeline: Timeline): void {
    const { consumer, loss, backlog } = subscriber;
    if (loss === 'never') return consumer.push(burst);
    // What comes before the first keyframe is of no use.
    if (!this.#keyframe) return;
    if (subscriber.skippedFrom === undefined && backlog.isLate(this.#activeMs)) {
      subscriber.skippedFrom = this.#limit.seconds;
      this.#gaps++;
      this.#options.onSkip?.();
      backlog.mark(this.#activeMs);
    }
    if (subscriber.skippedFrom !== undefined) {
      if (!burst.startsWithKeyframe || !backlog.hasCaughtUp || !this.#isHere(subscriber)) return;
      if (subscriber.timeline === timeline) consumer.skipped?.(this.#limit.seconds - subscriber.skippedFrom);
      else subscriber.begin(timeline);
      subscriber.skippedFrom = undefined;
    }
    backlog.keepMarking(this.#activeMs);
    if (this.#isHere(subscriber)) consumer.push(burst);
  }

  #isHere(subscriber: Subscriber<FragmentConsumer>): boolean {
    return this.#subscribers.get(subscriber.consumer) === subscriber;
  }

  /** All who are here now: who comes meanwhile finds it so already. */
  #tell(call: (subscriber: Subscriber<FragmentConsumer>) => void): void {
    for (const subscriber of [...this.#subscribers.values()]) if (this.#isHere(subscriber)) this.#guard(subscriber, () => call(subscriber));
  }

  #guard(subscriber: Subscriber<FragmentConsumer>, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#drop(subscriber, error);
    }
  }

  #drop(subscriber: Subscriber<FragmentConsumer>, error: unknown): void {
    this.#options.onDropped(error);
    if (!this.#isHere(subscriber)) return;
    this.unsubscribe(subscriber.consumer);
    try {
      subscriber.consumer.drop(error);
    } catch (afterwards) {
      this.#options.onDropped(afterwards);
    }
  }
}
