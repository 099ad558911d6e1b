import type { Fragment } from '../fmp4/fragment.js';
import type { Timeline } from '../hls/presentation.js';
import { FragmentBurst } from './fragment-burst.js';

/** A keyframe and what follows it, up to the next one. */
interface Group {
  readonly timeline: Timeline;
  /** Media time of its keyframe. */
  readonly fromSeconds: number;
  readonly fragments: Fragment[];
  byteLength: number;
  /** Of all of them, for all who come back: what is sent is built once. */
  burst: FragmentBurst | undefined;
}

/** What somebody who was away is given. */
export interface Missed {
  readonly groups: readonly { readonly timeline: Timeline; readonly bursts: readonly FragmentBurst[] }[];
  /** What is missing in front of them, in seconds of media. */
  readonly lostSeconds: number;
}

export interface RecentMediaOptions {
  readonly maxSeconds: number;
  readonly maxBytes: number;
}

/** Media times that are the same differ by less. */
const sameSeconds = 0.002;

/**
 * The newest media of a bus, for whoever was away for a moment. It is kept as it came, not as it was sent: the same memory in which the live window has it.
 */
export class RecentMedia {
  readonly #options: RecentMediaOptions;
  readonly #groups: Group[] = [];
  #timeline: Timeline | undefined;
  #bytes = 0;
  /** The newest group can't be gone on with: part of it was not kept. */
  #isBroken = false;

  constructor(options: RecentMediaOptions) {
    this.#options = options;
  }

  startTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#isBroken = true;
  }

  push(burst: FragmentBurst): void {
    const timeline = this.#timeline;
    if (!timeline) return;
    if (burst.startsWithKeyframe) {
      const { from } = burst.reachUnder(timeline.init);
      this.#isBroken = from === undefined;
      if (from !== undefined) this.#groups.push({ timeline, fromSeconds: from, fragments: [], byteLength: 0, burst: undefined });
    }
    const group = this.#groups.at(-1);
    if (!group || this.#isBroken) return;
    group.fragments.push(...burst.fragments);
    group.burst = undefined;
    group.byteLength += burst.byteLength;
    this.#bytes += burst.byteLength;
    this.#forget(group.fromSeconds);
  }

  /** Nothing of it is wanted any more. */
  clear(): void {
    this.#groups.length = 0;
    this.#bytes = 0;
    this.#isBroken = true;
  }

  /**
   * What whoever has the media up to there has missed: from the last keyframe on that is not behind it, or from the oldest one that is kept.
   * @param seconds media time
   * @param present the bursts since the last keyframe, where they are kept anyway
   * @returns undefined: it is too long ago, or nothing is kept
   */
  since(seconds: number, present: readonly FragmentBurst[] = []): Missed | undefined {
    const newest = this.#groups.at(-1);
    if (!newest || newest.fromSeconds - seconds > this.#options.maxSeconds) return undefined;
    const at = Math.max(0, this.#groups.findLastIndex(({ fromSeconds }) => fromSeconds <= seconds + sameSeconds));
    const lostSeconds = (this.#groups[at]?.fromSeconds ?? seconds) - seconds;
    const isPresent = (group: Group): boolean => group.fragments[0] !== undefined && group.fragments[0] === present[0]?.fragments[0];
    const groups = this.#groups.slice(at).map((group) => ({ timeline: group.timeline, bursts: isPresent(group) ? present : [burstOf(group)] }));
    return { groups, lostSeconds: lostSeconds > sameSeconds ? lostSeconds : 0 };
  }

  #forget(newestSeconds: number): void {
    const { maxSeconds, maxBytes } = this.#options;
    // What the second one begins with is still within the time: the first one is needed for nothing.
    const isOver = (): boolean => this.#bytes > maxBytes || newestSeconds - (this.#groups[1]?.fromSeconds ?? Infinity) > maxSeconds;
    while (this.#groups.length > 1 && isOver()) this.#bytes -= this.#groups.shift()?.byteLength ?? 0;
    if (this.#bytes > maxBytes) this.clear();
  }
}

function burstOf(group: Group): FragmentBurst {
  return (group.burst ??= new FragmentBurst([...group.fragments], true));
}
