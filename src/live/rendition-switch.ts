import type { Fragment } from '../fmp4/fragment.js';
import { leadOf } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import { FragmentBurst } from './fragment-burst.js';
import type { FragmentConsumer, Subscription } from './fragment-bus.js';
import { Leg, type BusOfRendition, type LegOwner } from './rendition-leg.js';
import { soundEndOf, type Reach } from './reach.js';

/** Who is sent what comes out of a switch: one rendition after another, as if it were one bus. */
export interface SwitchOutput extends Omit<FragmentConsumer, 'skipped'> {
  skipped(seconds: number): void;
  /** It was changed over: what follows is of this rendition. */
  changed(choice: BusOfRendition): void;
  /** Told of all that is passed on, and of what is left out up to the keyframe. */
  passed(byteLength: number): void;
}

interface Held {
  readonly burst: FragmentBurst;
  readonly timeline: Timeline;
  readonly reach: Reach;
}

/** Times of the same picture in two renditions differ by less, sound that was sent ends as near. */
const sameSeconds = 0.002;
/** For so much media the one is held back until the other has come to its keyframe. */
const longestHoldSeconds = 1.5;

/**
 * One viewer's way over the buses of several renditions. It changes over at a keyframe that both have: what came before is of the
 * one, what comes after of the other, and no picture and no sound is sent twice or left out, whichever of them is ahead.
 */
export class RenditionSwitch implements LegOwner {
  readonly #output: SwitchOutput;
  #current: Leg;
  #next: Leg | undefined;
  /** Of the next one: what may still be sent. */
  #ahead: Held[] = [];
  /** Of the present one, from a keyframe on that the next one has not come to; undefined: it is passed on. */
  #heldBack: FragmentBurst[] | undefined;
  #heldFrom = 0;
  #mayHold = true;
  #lastPictureAt = -Infinity;
  #soundUntil = -Infinity;
  /** What comes may have been sent by the one before. */
  #repeats = false;
  /** The rest of the group is not sent: it could not arrive in time. */
  #leavesOut = false;

  constructor(first: BusOfRendition, output: SwitchOutput) {
    this.#output = output;
    this.#current = new Leg(first, this);
  }

  /** Sends what is needed to start, then all that follows. @param from see `Subscription` */
  begin(from: Subscription['from'] = 'group'): void {
    this.#current.subscribe(from);
  }

  get current(): BusOfRendition {
    return this.#current.choice;
  }

  /** What it changes over to; undefined: it stays. */
  get next(): BusOfRendition | undefined {
    return this.#next?.choice;
  }

  get output(): SwitchOutput {
    return this.#output;
  }

  isCurrent(leg: Leg): boolean {
    return leg === this.#current;
  }

  /**
   * Changes over at the next keyframe of both; the present one again: stays.
   * @param isUrgent nothing more is sent until then
   */
  changeTo(choice: BusOfRendition, { isUrgent = false } = {}): void {
    if (choice.bus !== this.#next?.choice.bus) {
      this.#stay();
      if (choice.bus === this.current.bus) return;
      const leg = new Leg(choice, this);
      this.#next = leg;
      leg.subscribe('group');
    }
    if (!isUrgent) return;
    this.#leavesOut = true;
    this.#cross((at) => at > this.#lastPictureAt + sameSeconds);
  }

  /** The present one has ended without a word: goes on with this one, without what was sent, and at once where that can be. */
  moveTo(choice: BusOfRendition): void {
    this.#stay();
    this.#current.leave();
    const leg = new Leg(choice, this);
    this.#current = leg;
    this.#repeats = true;
    const { keyframe, timeline } = choice.bus;
    const begins = keyframe && timeline ? keyframe.reachUnder(timeline.init).from : undefined;
    this.#output.changed(choice);
    leg.subscribe(begins !== undefined && begins <= this.#lastPictureAt + sameSeconds ? 'edge' : 'group');
  }

  leave(): void {
    this.#next?.leave();
    this.#current.leave();
  }

  started(leg: Leg, timeline: Timeline): void {
    if (leg !== this.#current) return;
    this.#release();
    this.#output.startTimeline(timeline);
  }

  pushed(leg: Leg, burst: FragmentBurst, timeline: Timeline): void {
    const reach = burst.reachUnder(timeline.init);
    if (leg === this.#next) return this.#came({ burst, timeline, reach });
    if (leg !== this.#current) return;
    if (this.#next) this.#meet(burst, reach);
    if (leg !== this.#current) return;
    if (this.#leavesOut && this.#next) return this.#output.passed(0);
    if (this.#heldBack) return this.#hold(burst, reach);
    this.#pass(burst, timeline, reach);
  }

  ended(leg: Leg): void {
    if (leg === this.#next) return this.#stay();
    if (leg !== this.#current) return;
    this.#release();
    this.#next?.leave();
    this.#output.end?.();
  }

  dropped(leg: Leg, error: unknown): void {
    if (leg !== this.#current) return this.#stay();
    this.#next?.leave();
    this.#output.drop(error);
  }

  /** A burst of the present one: here it may be changed over, or held back until the next one is there. */
  #meet(burst: FragmentBurst, { from }: Reach): void {
    if (!burst.startsWithKeyframe || from === undefined) return;
    if (this.#cross((at) => Math.abs(at - from) < sameSeconds)) return;
    const aheadUntil = this.#ahead.at(-1)?.reach.from ?? -Infinity;
    if (aheadUntil > from || !this.#mayHold || this.#heldBack || this.#leavesOut) return;
    this.#heldBack = [];
    this.#heldFrom = from;
  }

  #hold(burst: FragmentBurst, { from }: Reach): void {
    this.#heldBack?.push(burst);
    this.#output.passed(0);
    if ((from ?? 0) - this.#heldFrom < longestHoldSeconds) return;
    // It is too far behind to be waited for again.
    this.#mayHold = false;
    this.#release();
  }

  /** A burst of the next one. */
  #came(held: Held): void {
    this.#ahead.push(held);
    if (this.#heldBack && this.#cross((at) => Math.abs(at - this.#heldFrom) < sameSeconds)) return;
    // It has no keyframe there.
    if (this.#heldBack && (held.reach.from ?? -Infinity) > this.#heldFrom + sameSeconds) this.#release();
    this.#forgetSent();
    const [one, other] = [leadKind(this.#current.timeline), leadKind(held.timeline)];
    const isTooFarAhead = this.#aheadBytes > this.#current.choice.bus.maxBacklogBytes;
    // Sound alone has no keyframes to meet at; one that stands still never comes to one.
    if (!this.#leavesOut && one === other && !isTooFarAhead) return;
    const crossed = this.#cross((at) => at > (other === 'audio' ? this.#soundUntil - 2 * sameSeconds : this.#lastPictureAt) + sameSeconds);
    if (!crossed && isTooFarAhead) this.#stay();
  }

  get #aheadBytes(): number {
    return this.#ahead.reduce((sum, { burst }) => sum + burst.byteLength, 0);
  }

  /** Changes over to what is held of the next one, from such a keyframe on; false: there is none. */
  #cross(fits: (from: number) => boolean): boolean {
    const leg = this.#next;
    const at = this.#ahead.findIndex(({ burst, reach }) => burst.startsWithKeyframe && reach.from !== undefined && fits(reach.from));
    const first = this.#ahead[at];
    if (!leg || !first) return false;
    const soundBefore = this.#ahead.slice(0, at).flatMap(({ burst, timeline }) => burst.fragments.filter((fragment) => soundEndOf(fragment, timeline.init) !== undefined));
    const leftOutSeconds = this.#leavesOut && Number.isFinite(this.#lastPictureAt) ? (first.reach.from ?? 0) - this.#lastPictureAt : 0;
    const rest = this.#ahead.slice(at + 1);
    this.#current.leave();
    this.#current = leg;
    this.#next = undefined;
    this.#reset();
    this.#repeats = true;
    this.#output.changed(leg.choice);
    this.#output.startTimeline(first.timeline);
    if (leftOutSeconds > 0) this.#output.skipped(leftOutSeconds);
    const [keyframe, ...others] = first.burst.fragments;
    const opening = keyframe && soundBefore.length > 0 ? new FragmentBurst([keyframe, ...soundBefore, ...others], true) : first.burst;
    this.#pass(opening, first.timeline, first.reach);
    let { timeline } = first;
    for (const each of rest) {
      if (each.timeline !== timeline) this.#output.startTimeline((timeline = each.timeline));
      this.#pass(each.burst, timeline, each.reach);
    }
    return true;
  }

  #pass(burst: FragmentBurst, timeline: Timeline, reach: Reach): void {
    const fresh = this.#repeats ? this.#fresh(burst, timeline, reach) : burst;
    // Only now: what is fresh is measured by what was sent before.
    this.#lastPictureAt = Math.max(this.#lastPictureAt, reach.lastPictureAt ?? reach.from ?? -Infinity);
    this.#soundUntil = Math.max(this.#soundUntil, reach.soundUntil ?? -Infinity);
    if (!fresh) return;
    this.#output.push(fresh);
    this.#output.passed(fresh.byteLength);
  }

  /** Without the sound that was sent by the rendition before. */
  #fresh(burst: FragmentBurst, { init }: Timeline, { soundUntil = -Infinity }: Reach): FragmentBurst | undefined {
    const isRepeated = (fragment: Fragment): boolean => (soundEndOf(fragment, init) ?? Infinity) <= this.#soundUntil + sameSeconds;
    const kept = burst.fragments.filter((fragment) => !isRepeated(fragment));
    if (soundUntil > this.#soundUntil + sameSeconds || init.tracks.every(({ kind }) => kind === 'video')) this.#repeats = false;
    if (kept.length === burst.fragments.length) return burst;
    return kept.length === 0 ? undefined : new FragmentBurst(kept, burst.startsWithKeyframe);
  }

  /** What can be sent no more: behind what was sent already. */
  #forgetSent(): void {
    const isSent = ({ reach: { from = -Infinity, lastPictureAt = from, soundUntil = -Infinity } }: Held): boolean => lastPictureAt <= this.#lastPictureAt + sameSeconds && soundUntil <= this.#soundUntil + sameSeconds;
    const first = this.#ahead.findIndex((held) => !isSent(held));
    this.#ahead.splice(0, first < 0 ? this.#ahead.length : first);
  }

  /** What was held back goes on its way. */
  #release(): void {
    const held = this.#heldBack ?? [];
    this.#heldBack = undefined;
    const { timeline } = this.#current;
    for (const burst of held) if (timeline) this.#pass(burst, timeline, burst.reachUnder(timeline.init));
  }

  #stay(): void {
    this.#next?.leave();
    this.#next = undefined;
    this.#release();
    this.#reset();
  }

  #reset(): void {
    this.#ahead = [];
    this.#heldBack = undefined;
    this.#mayHold = true;
    this.#leavesOut = false;
  }
}

function leadKind(timeline: Timeline | undefined): string | undefined {
  return timeline && leadOf(timeline.init.tracks)?.kind;
}
