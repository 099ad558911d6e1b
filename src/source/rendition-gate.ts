import type { ShapedFrame, TrackShaper } from './track-shaper.js';

/** A frame on its way into a take, with its track. */
export interface ArrivingFrame {
  readonly frame: ShapedFrame;
  readonly shaper: TrackShaper;
  /** It comes under another configuration than the one before; of the lead, also if that is so of a rendition, or one is gone. */
  readonly changed: boolean;
}

/** Times on one clock that differ by less are the same. */
const sameSeconds = 0.0004;
/** So much later than the first keyframe of a moment the others are no longer waited for. */
const longestWaitSeconds = 0.5;
/** Of three pictures and sound so many come in that time; what waits is looked at again at each keyframe. */
const mostWaiting = 150;
const mostWaitingBytes = 8 * 1024 * 1024;

/**
 * Holds several pictures of one source together: at each keyframe all of them must have one. Until they have, what comes after that moment
 * waits; then the lead's keyframe goes on first, so that whoever begins with it has the others' too. A track that has its
 * keyframe elsewhere, or gives nothing, is left out from there on: a player could not change over to it.
 */
export class RenditionGate {
  readonly #lead: number;
  readonly #others: Set<number>;
  readonly #leftOut = new Set<number>();
  #toldLeftOut: number[] = [];
  /** When the keyframes are, and whose have come. */
  #moment: { readonly timeSeconds: number; readonly keyed: Map<number, ArrivingFrame>; readonly misfits: Set<number> } | undefined;
  /** What comes after that moment. */
  #waiting: ArrivingFrame[] = [];
  #waitingBytes = 0;

  constructor(lead: number, others: Iterable<number>) {
    this.#lead = lead;
    this.#others = new Set(others);
  }

  /** @param held what came before: renditions are those of the candidates that have a keyframe where the first picture stands */
  static begin(first: ShapedFrame, candidates: readonly number[], held: readonly ShapedFrame[]): RenditionGate {
    const isInStep = (track: number): boolean => held.some((each) => each.track === track && each.keyframe && Math.abs(each.timeSeconds - first.timeSeconds) <= sameSeconds);
    const gate = new RenditionGate(first.track, candidates.filter(isInStep));
    gate.#leaveOut(candidates.filter((track) => !isInStep(track)));
    return gate;
  }

  /** The tracks beside the lead that are in step with it. */
  get renditions(): ReadonlySet<number> {
    return this.#others;
  }

  /** Those that were left out since this was asked last. */
  takeLeftOut(): number[] {
    const told = this.#toldLeftOut;
    this.#toldLeftOut = [];
    return told;
  }

  /** What may go on, in order. */
  push(arriving: ArrivingFrame): ArrivingFrame[] {
    const { track, timeSeconds, keyframe } = arriving.frame;
    if (this.#leftOut.has(track)) return [];
    const isPicture = track === this.#lead || this.#others.has(track);
    if (!this.#moment && (!isPicture || !keyframe || this.#others.size === 0)) return [arriving];
    const moment = (this.#moment ??= { timeSeconds, keyed: new Map(), misfits: new Set() });
    const { keyed, misfits } = moment;
    const isBefore = timeSeconds < moment.timeSeconds - sameSeconds;
    if (isPicture && !keyed.has(track) && !misfits.has(track)) {
      if (isBefore && !keyframe) return [arriving];
      if (keyframe && Math.abs(timeSeconds - moment.timeSeconds) <= sameSeconds) keyed.set(track, arriving);
      else misfits.add(track);
    } else if (!isPicture && isBefore) return [arriving];
    if (keyed.get(track) !== arriving) this.#waiting.push(arriving);
    this.#waitingBytes += arriving.frame.bytes.length;
    const isFull = this.#waiting.length > mostWaiting || this.#waitingBytes > mostWaitingBytes;
    const isOver = keyed.size + misfits.size > this.#others.size || timeSeconds > moment.timeSeconds + longestWaitSeconds || isFull;
    return isOver ? this.#settle() : [];
  }

  /** Nothing follows: what waits goes on. */
  flush(): ArrivingFrame[] {
    const out: ArrivingFrame[] = [];
    while (this.#moment) out.push(...this.#settle());
    return out;
  }

  #settle(): ArrivingFrame[] {
    const keyed = this.#moment?.keyed ?? new Map<number, ArrivingFrame>();
    const waiting = this.#waiting;
    this.#moment = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const lead = keyed.get(this.#lead);
    const lost = [...this.#others].filter((track) => keyed.has(track) !== (lead !== undefined));
    this.#leaveOut(lost);
    const renditions = lead ? [...keyed].filter(([track]) => track !== this.#lead).map(([, each]) => each) : [];
    const first = lead ? [{ ...lead, changed: lost.length > 0 || lead.changed || renditions.some(({ changed }) => changed) }] : [];
    return [...first, ...renditions, ...waiting.flatMap((each) => this.push(each))];
  }

  #leaveOut(tracks: readonly number[]): void {
    for (const track of tracks) {
      this.#others.delete(track);
      this.#leftOut.add(track);
    }
    this.#toldLeftOut.push(...tracks);
  }
}
