import type { SourceEvent } from '../source/source-events.js';
import { SlidingList } from './sliding-list.js';

export type RandomAccessPoint = Pick<Extract<SourceEvent, { type: 'random-access' }>, 'offset' | 'timeSeconds'>;

/** Where and when a recording is taken up again. */
export interface Resumption {
  /** A random access point, or where the recording begins. */
  readonly offset: number;
  /** Time of the first frame that viewers lack, on the recording's own clock; undefined: they lack everything. */
  readonly startSeconds: number | undefined;
  /** Whether there is something to be left out: the point lies before the start. */
  readonly insideGroup: boolean;
}

export interface ReplayLogOptions {
  /** Where the first byte stands in the bytes of the broadcast; all offsets are counted like that. */
  readonly offset: number;
  /** Bytes that may be kept after they were read. */
  readonly maxReplayBytes: number;
}

interface Entry {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Told once, when it was read. */
  taken: (() => void) | undefined;
}

/** So that a flood of tiny messages costs no more than their bytes. */
const maxReplayEntries = 20_000;
/** Two frames are never closer: what differs by less is the same moment. */
const sameMomentSeconds = 0.001;

/**
 * The bytes of a recording that wait to be read, and those that may have to be read again: from the last random access
 * point on that lies at or before what viewers have.
 */
export class ReplayLog {
  readonly #start: number;
  readonly #maxReplayBytes: number;
  readonly #entries = new SlidingList<Entry>();
  #end: number;
  #takenTo: number;
  /** undefined: read bytes are of no use, since nobody knows where to begin in them. */
  #keepFrom: number | undefined;
  readonly #points = new SlidingList<RandomAccessPoint>();
  /** Of the pictures, or of the sound where there is no picture; from the kept point on. */
  readonly #leadSeconds = new SlidingList<number>();

  constructor({ offset, maxReplayBytes }: ReplayLogOptions) {
    this.#start = offset;
    this.#end = offset;
    this.#takenTo = offset;
    this.#keepFrom = offset;
    this.#maxReplayBytes = maxReplayBytes;
  }

  /** Where the first byte stands that was never taken. */
  get takenTo(): number {
    return this.#takenTo;
  }

  /** Where the first byte stands that can still be read. */
  get firstOffset(): number {
    return this.#entries.at(0)?.offset ?? this.#end;
  }

  /** Where the next byte will stand. */
  get end(): number {
    return this.#end;
  }

  /** Nothing can be read twice. */
  keepNothing(): void {
    this.#keepFrom = undefined;
    this.#trim();
  }

  /** @param taken called when the bytes were read */
  append(bytes: Uint8Array, taken: () => void): void {
    this.#entries.push({ offset: this.#end, bytes, taken });
    this.#end += bytes.length;
  }

  /** What waits here is as good as read for whoever wrote it. */
  release(): void {
    for (let index = this.#indexOf(this.#takenTo); index < this.#entries.length; index++) {
      const entry = this.#entries.at(index);
      entry?.taken?.();
      if (entry) entry.taken = undefined;
    }
  }

  /** The bytes from `offset` on that came in one go; never beyond `limit`. */
  from(offset: number, limit = Infinity): Uint8Array | undefined {
    const entry = this.#entries.at(this.#indexOf(offset));
    if (!entry) return undefined;
    // What was let go of in between is gone: reading goes on with what is there.
    const start = Math.max(0, offset - entry.offset);
    return entry.bytes.subarray(start, Math.max(start, limit - entry.offset));
  }

  /** Everything before `offset` was read. */
  take(offset: number): void {
    if (offset <= this.#takenTo) return;
    for (let index = this.#indexOf(this.#takenTo); index < this.#entries.length; index++) {
      const entry = this.#entries.at(index);
      if (!entry || entry.offset + entry.bytes.length > offset) break;
      entry.taken?.();
      entry.taken = undefined;
    }
    this.#takenTo = offset;
    this.#trim();
  }

  /** Nobody reads any more: whoever waits is let go. */
  clear(): void {
    for (const { taken } of this.#entries) taken?.();
    this.#entries.drop(this.#entries.length);
  }

  notePoint({ offset, timeSeconds }: RandomAccessPoint): void {
    this.#points.push({ offset, timeSeconds });
  }

  noteLead(timeSeconds: number): void {
    this.#leadSeconds.push(timeSeconds);
    if (this.#leadSeconds.length > maxReplayEntries) this.#leadSeconds.drop(1);
  }

  /** The lead's frame nearest to a time. */
  leadNearest(timeSeconds: number): number | undefined {
    let nearest: number | undefined;
    for (const candidate of this.#leadSeconds) {
      if (nearest === undefined || Math.abs(candidate - timeSeconds) < Math.abs(nearest - timeSeconds)) nearest = candidate;
    }
    return nearest;
  }

  /** The first point at or after `offset`. */
  pointFrom(offset: number): RandomAccessPoint | undefined {
    return this.#points.at(this.#points.countWhile((point) => point.offset < offset));
  }

  /** Viewers have everything up to this time: what is not needed to go on from there is let go of. */
  delivered(timeSeconds: number): void {
    const point = this.#points.findLast((each) => each.timeSeconds <= timeSeconds + sameMomentSeconds);
    if (!point || this.#keepFrom === undefined || point.offset <= this.#keepFrom) return;
    this.#keepFrom = point.offset;
    while ((this.#leadSeconds.at(0) ?? Infinity) < point.timeSeconds - sameMomentSeconds) this.#leadSeconds.drop(1);
    this.#trim();
  }

  /**
   * How to go on after what viewers have, undefined when what is needed for it is not kept.
   * @param deliveredSeconds time of the last picture, or end of the last sound, that came out; undefined when nothing did
   * @param sampled the lead can begin at any time: sound
   */
  resumption(deliveredSeconds: number | undefined, sampled: boolean): Resumption | undefined {
    const first = this.firstOffset;
    if (this.#keepFrom === undefined) return undefined;
    if (deliveredSeconds === undefined) {
      return first === this.#start ? { offset: first, startSeconds: undefined, insideGroup: false } : undefined;
    }
    const after = deliveredSeconds + sameMomentSeconds;
    const startSeconds = sampled ? deliveredSeconds : (this.#leadSeconds.find((lead) => lead > after) ?? after);
    const point = this.#points.findLast(({ offset, timeSeconds }) => offset >= first && timeSeconds <= startSeconds + sameMomentSeconds);
    if (!point) return undefined;
    return { offset: point.offset, startSeconds, insideGroup: point.timeSeconds < startSeconds - sameMomentSeconds };
  }

  #trim(): void {
    let keepFrom = Math.min(this.#keepFrom ?? Infinity, this.#takenTo);
    keepFrom = Math.max(keepFrom, this.#takenTo - this.#maxReplayBytes);
    let gone = 0;
    const taken = this.#indexOf(this.#takenTo);
    for (const { offset, bytes } of this.#entries) {
      if (offset + bytes.length > keepFrom && taken - gone <= maxReplayEntries) break;
      if (offset + bytes.length > this.#takenTo) break;
      gone++;
    }
    this.#entries.drop(gone);
    const first = this.firstOffset;
    // The last of those that are gone may be what the first bytes belong to.
    this.#points.drop(Math.max(0, this.#points.countWhile((point) => point.offset <= first) - 1));
  }

  /** Index of the first entry that reaches beyond `offset`. */
  #indexOf(offset: number): number {
    return this.#entries.countWhile((entry) => entry.offset + entry.bytes.length <= offset);
  }
}
