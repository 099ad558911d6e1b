import type { Timeline } from '../hls/presentation.js';
import { FragmentBurst } from './fragment-burst.js';
import type { FragmentConsumer, Subscription } from './fragment-bus.js';
import { bytesOf, leadKind, secondsOf, soundApart, withoutSoundUntil, type Held } from './held-media.js';
import { Leg, type BusOfRendition, type LegOwner } from './rendition-leg.js';
import { soundEndOf } from './reach.js';

/** Who is sent what comes out of a switch: one rendition after another, as if it were one bus. */
export interface SwitchOutput extends Omit<FragmentConsumer, 'skipped'> {
  skipped(seconds: number): void;
  /** It was changed over: what follows is of this rendition. */
  changed(choice: BusOfRendition): void;
  /** Told of all that is passed on, and, by 0, of what is kept or left out. */
  passed(byteLength: number): void;
  /** What is passed on now would only wait in the line: it is kept until `goOn`, for a while, and may yet be replaced. */
  readonly isFull: boolean;
}

/** Times of the same picture in two renditions differ by less, sound that was sent ends as near. */
const sameSeconds = 0.002;
/** For so much media the one is kept until the other has come to its keyframe, or the line has room. */
const longestHoldSeconds = 1.5;

/**
 * One viewer's way over the buses of several renditions. It changes over at a keyframe that both have: what came before is of the
 * one, what comes after of the other, and no picture and no sound is sent twice or left out, whichever of them is ahead. What a full line
 * has no room for is kept here, where another rendition can still take its place.
 */
export class RenditionSwitch implements LegOwner {
  readonly #output: SwitchOutput;
  #current: Leg;
  #next: Leg | undefined;
  /** Of the next one: what may still be sent. */
  #ahead: Held[] = [];
  /** Of the present one: what is not passed on yet. */
  #unsent: Held[] = [];
  /** Which of them the next one has not come to: both have this keyframe. */
  #waitsAt: Held | undefined;
  #mayWait = true;
  #lastPictureAt = -Infinity;
  #soundUntil = -Infinity;
  /** What comes may have been sent by the one before. */
  #repeats = false;
  /** The rest of the group is not sent: it could not arrive in time. What comes next is a keyframe, of the next one or of this. */
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

  get unsentBytes(): number {
    return bytesOf(this.#unsent);
  }

  /** How long the present one goes on behind what was passed on. */
  get unsentSeconds(): number {
    return secondsOf(this.#unsent);
  }

  /** The line may have room again. */
  goOn(): void {
    if (!this.#leavesOut) this.#flush();
  }

  isCurrent(leg: Leg): boolean {
    return leg === this.#current;
  }

  /**
   * Changes over at the next keyframe of both; the present one again: stays.
   * @param isUrgent nothing more is sent until then
   */
  changeTo(choice: BusOfRendition, { isUrgent = false } = {}): void {
    const isNew = choice.bus !== this.#next?.choice.bus;
    if (isNew) this.#stay();
    if (choice.bus === this.current.bus) return;
    this.#leavesOut ||= isUrgent;
    if (isNew) {
      this.#next = new Leg(choice, this);
      this.#next.subscribe('group');
    } else if (isUrgent) {
      this.#cross((at) => at > this.#lastPictureAt + sameSeconds);
    }
  }

  /** The present one has ended without a word: goes on with this one, without what was sent, and at once where that can be. */
  moveTo(choice: BusOfRendition): void {
    this.#stay();
    this.#release();
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
    const held: Held = { burst, timeline, reach: burst.reachUnder(timeline.init) };
    if (leg === this.#next) return this.#came(held);
    if (leg !== this.#current) return;
    if (this.#leavesOut && !this.#next && burst.startsWithKeyframe) this.#goOnFrom(held.reach.from);
    if (!this.#leavesOut && this.#unsent.length === 0 && !this.#next && !this.#output.isFull) return this.#pass(held);
    // Sound takes little of a line, and a player that has it goes on with the first picture that comes: it does not wait.
    const { sound, rest } = soundApart(held);
    if (sound) this.#pass(sound);
    // It may have been changed over by what was told of the sound.
    if (leg !== this.#current) return;
    if (rest && !this.#leavesOut) this.#keep(rest);
    if (this.#leavesOut || this.#unsent.length > 0) this.#output.passed(0);
  }

  skipped(leg: Leg, seconds: number): void {
    if (leg !== this.#current) return;
    this.#release();
    this.#output.skipped(seconds);
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

  /** It stays after all, at a keyframe. */
  #goOnFrom(from = 0): void {
    this.#leavesOut = false;
    this.#unsent = [];
    this.#output.skipped(from - this.#lastPictureAt);
  }

  #keep(held: Held): void {
    const leg = this.#current;
    this.#unsent.push(held);
    if (this.#next) this.#meet(held);
    if (leg === this.#current) this.#flush();
  }

  /** A burst of the present one: here it may be changed over, or kept until the next one is there. */
  #meet(held: Held): void {
    const { burst, reach: { from } } = held;
    if (!burst.startsWithKeyframe || from === undefined || this.#crossAtUnsent()) return;
    const aheadUntil = this.#ahead.at(-1)?.reach.from ?? -Infinity;
    if (aheadUntil <= from && this.#mayWait) this.#waitsAt ??= held;
  }

  /** A burst of the next one. */
  #came(held: Held): void {
    this.#ahead.push(held);
    if (this.#crossAtUnsent()) return;
    // It has no keyframe there.
    if (this.#waitsAt && (held.reach.from ?? -Infinity) > (this.#waitsAt.reach.from ?? 0) + sameSeconds) this.#waitsAt = undefined;
    this.goOn();
    this.#forgetSent();
    const [one, other] = [leadKind(this.#current.timeline), leadKind(held.timeline)];
    const isTooFarAhead = bytesOf(this.#ahead) > this.#current.choice.bus.maxBacklogBytes;
    // Sound alone has no keyframes to meet at; one that stands still never comes to one.
    if (!this.#leavesOut && one === other && !isTooFarAhead) return;
    const crossed = this.#cross((at) => at > (other === 'audio' ? this.#soundUntil - 2 * sameSeconds : this.#lastPictureAt) + sameSeconds);
    if (!crossed && isTooFarAhead) this.#stay();
  }

  /** At a keyframe of both that is not passed on yet, if there is one. */
  #crossAtUnsent(): boolean {
    return this.#unsent.some(({ burst, reach: { from } }) => burst.startsWithKeyframe && from !== undefined && this.#cross((at) => Math.abs(at - from) < sameSeconds));
  }

  /** Changes over to what is held of the next one, from such a keyframe on; false: there is none. */
  #cross(fits: (from: number) => boolean): boolean {
    const leg = this.#next;
    const at = this.#ahead.findIndex(({ burst, reach }) => burst.startsWithKeyframe && reach.from !== undefined && fits(reach.from));
    const first = this.#ahead[at];
    if (!leg || !first) return false;
    const soundBefore = this.#ahead.slice(0, at).flatMap(({ burst, timeline }) => burst.fragments.filter((fragment) => soundEndOf(fragment, timeline.init) !== undefined));
    let sentBytes = 0;
    const before = this.#leavesOut ? [] : this.#unsent;
    for (const held of before) {
      if ((held.reach.from ?? -Infinity) >= (first.reach.from ?? 0) - sameSeconds) break;
      sentBytes += this.#send(held);
    }
    const leftOutSeconds = this.#leavesOut && Number.isFinite(this.#lastPictureAt) ? (first.reach.from ?? 0) - this.#lastPictureAt : 0;
    const rest = this.#ahead.slice(at + 1);
    this.#current.leave();
    this.#current = leg;
    this.#next = undefined;
    this.#unsent = [];
    this.#leavesOut = false;
    this.#reset();
    this.#repeats = true;
    this.#output.changed(leg.choice);
    this.#output.startTimeline(first.timeline);
    if (leftOutSeconds > 0) this.#output.skipped(leftOutSeconds);
    const [keyframe, ...others] = first.burst.fragments;
    const opening = keyframe && soundBefore.length > 0 ? new FragmentBurst([keyframe, ...soundBefore, ...others], true) : first.burst;
    sentBytes += this.#send({ ...first, burst: opening });
    let { timeline } = first;
    for (const each of rest) {
      if (each.timeline !== timeline) this.#output.startTimeline((timeline = each.timeline));
      sentBytes += this.#send(each);
    }
    // Only now: whoever is told of it may ask for another rendition.
    this.#output.passed(sentBytes);
    return true;
  }

  #pass(held: Held): void {
    const byteLength = this.#send(held);
    if (byteLength > 0) this.#output.passed(byteLength);
  }

  /** @returns how many bytes of it were not sent by the one before */
  #send(held: Held): number {
    const { timeline, reach } = held;
    const fresh = this.#repeats ? withoutSoundUntil(held, this.#soundUntil + sameSeconds) : held.burst;
    const goesOn = (reach.soundUntil ?? -Infinity) > this.#soundUntil + sameSeconds;
    if (goesOn || timeline.init.tracks.every(({ kind }) => kind === 'video')) this.#repeats = false;
    // Only now: what is fresh is measured by what was sent before.
    this.#lastPictureAt = Math.max(this.#lastPictureAt, reach.lastPictureAt ?? reach.from ?? -Infinity);
    this.#soundUntil = Math.max(this.#soundUntil, reach.soundUntil ?? -Infinity);
    if (fresh) this.#output.push(fresh);
    return fresh?.byteLength ?? 0;
  }

  /** What can be sent no more: behind what was sent already. */
  #forgetSent(): void {
    const isSent = ({ reach: { from = -Infinity, lastPictureAt = from, soundUntil = -Infinity } }: Held): boolean => lastPictureAt <= this.#lastPictureAt + sameSeconds && soundUntil <= this.#soundUntil + sameSeconds;
    const first = this.#ahead.findIndex((held) => !isSent(held));
    this.#ahead.splice(0, first < 0 ? this.#ahead.length : first);
  }

  /** What is kept goes on its way, as far as it may. */
  #flush(): void {
    const isTooMuch = this.unsentSeconds > longestHoldSeconds || this.unsentBytes > this.#current.choice.bus.maxBacklogBytes;
    // The next one is too far behind to be waited for again.
    if (isTooMuch && this.#waitsAt) this.#mayWait = false;
    if (isTooMuch) return this.#release();
    while (this.#unsent[0] && this.#unsent[0] !== this.#waitsAt && !this.#output.isFull) this.#pass(this.#unsent.shift()!);
  }

  /** All of it. */
  #release(): void {
    this.#waitsAt = undefined;
    for (let first = this.#unsent.shift(); first; first = this.#unsent.shift()) this.#pass(first);
  }

  #stay(): void {
    this.#next?.leave();
    this.#next = undefined;
    this.#reset();
    this.goOn();
  }

  #reset(): void {
    this.#ahead = [];
    this.#waitsAt = undefined;
    this.#mayWait = true;
  }
}
