import type { ShapedFrame } from '../source/track-shaper.js';
import { SlidingList } from './sliding-list.js';

/** A frame that a decoder can begin with. */
export interface RandomAccessPoint {
  /** Which frame of the take it is. */
  readonly sequence: number;
  readonly timeSeconds: number;
  /** How many of the lead's frames came before it. */
  readonly leads: number;
  /** Of `Frame`. */
  readonly offset?: number | undefined;
}

/** Where and when a take is taken up again. */
export interface Resumption {
  /** A random access point, or the first frame of the take. */
  readonly sequence: number;
  /** Time of the first frame that viewers lack, on the take's own clock; undefined: they lack everything. */
  readonly startSeconds: number | undefined;
  /** Whether there is something to be left out: the point lies before the start. */
  readonly insideGroup: boolean;
}

export interface ReplayLogOptions {
  /** Whose frames are followed: the picture's, or the sound's where there is no picture. */
  readonly leadKind: 'video' | 'audio';
  /** The id of that track; undefined: any of the kind. */
  readonly leadTrack?: number | undefined;
  /** Bytes that may be kept after they were read. */
  readonly maxReplayBytes: number;
}

interface Entry {
  readonly frame: ShapedFrame;
  /** Told once, when it was read. */
  taken: (() => void) | undefined;
}

/** So that a flood of tiny frames costs no more than their bytes. */
const maxReplayFrames = 20_000;
/** What a frame costs beside its bytes. */
const frameOverheadBytes = 64;
/** Two frames are never closer: what differs by less is the same moment. */
const sameMomentSeconds = 0.001;
/** Containers round times. */
const roundedSeconds = 0.005;
/** Behind a picture that viewers have, before any other: an encoder is asked for what comes no more than 2 ms before a time (`select` in `ffmpeg-options.ts`). */
const behindPictureSeconds = 0.003;
/** Where there is no picture, any sound can be begun with: so often is enough. */
const soundEntrySeconds = 0.5;

/**
 * The frames of a take that wait to be read, and those that may have to be read again: from the last random access point on that
 * lies at or before what viewers have. Frames are numbered from 0 in the order in which they came.
 */
export class ReplayLog {
  readonly #leadKind: 'video' | 'audio';
  readonly #leadTrack: number | undefined;
  readonly #maxReplayBytes: number;
  readonly #entries = new SlidingList<Entry>();
  /** Number of the first entry. */
  #first = 0;
  #takenTo = 0;
  /** Nobody waits for what comes before this number: it is not looked at again. */
  #releasedTo = 0;
  /** Bytes of the entries that were read. */
  #takenBytes = 0;
  #keepFrom = 0;
  readonly #points = new SlidingList<RandomAccessPoint>();
  /** How many of the lead's frames came. */
  #leads = 0;
  /** Of the lead's frames, from the kept point on. */
  readonly #leadSeconds = new SlidingList<number>();

  constructor({ leadKind, leadTrack, maxReplayBytes }: ReplayLogOptions) {
    this.#leadKind = leadKind;
    this.#leadTrack = leadTrack;
    this.#maxReplayBytes = maxReplayBytes;
  }

  /** Number of the first frame that was never taken. */
  get takenTo(): number {
    return this.#takenTo;
  }

  /** Number of the first frame that can still be read. */
  get first(): number {
    return this.#first;
  }

  /** Number of the next frame that comes. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** @param taken called when the last of them was read */
  append(frames: readonly ShapedFrame[], taken: () => void): void {
    for (const frame of frames) {
      if (frame.kind === this.#leadKind && frame.track === (this.#leadTrack ?? frame.track)) this.#noteLead(frame);
      this.#entries.push({ frame, taken: undefined });
    }
    const last = this.#entries.at(this.#entries.length - 1);
    if (last && frames.length > 0) last.taken = taken;
    else taken();
  }

  /** What waits here is as good as read for whoever wrote it. */
  release(): void {
    for (let index = Math.max(this.#takenTo, this.#releasedTo) - this.#first; index < this.#entries.length; index++) this.#letGo(this.#entries.at(index));
    this.#releasedTo = this.end;
  }

  /** The frames from a number on, of so many bytes at most with what each costs besides, and never beyond `limit`; empty where there are none. */
  from(sequence: number, { limit = Infinity, maxBytes }: { readonly limit?: number | undefined; readonly maxBytes: number }): ShapedFrame[] {
    // What was let go of in between is gone: reading goes on with what is there.
    const frames: ShapedFrame[] = [];
    let bytes = 0;
    for (let index = Math.max(0, sequence - this.#first); index < this.#entries.length && this.#first + index < limit; index++) {
      const frame = this.#entries.at(index)?.frame;
      const cost = (frame?.bytes.length ?? 0) + frameOverheadBytes;
      if (!frame || (bytes > 0 && bytes + cost > maxBytes)) break;
      frames.push(frame);
      bytes += cost;
    }
    return frames;
  }

  /** Everything before this number was read. */
  take(sequence: number): void {
    for (; this.#takenTo < sequence; this.#takenTo++) {
      const entry = this.#entries.at(this.#takenTo - this.#first);
      this.#letGo(entry);
      this.#takenBytes += entry?.frame.bytes.length ?? 0;
    }
    this.#trim();
  }

  /** Nobody reads any more: whoever waits is let go. */
  clear(): void {
    for (const entry of this.#entries) this.#letGo(entry);
    this.#first = this.#takenTo = this.#keepFrom = this.end;
    this.#takenBytes = 0;
    this.#entries.drop(this.#entries.length);
  }

  /** The lead's frame nearest to a time; decode times rise. */
  leadNearest(timeSeconds: number): number | undefined {
    const after = this.#leadSeconds.countWhile((each) => each < timeSeconds);
    const [before, next] = [this.#leadSeconds.at(after - 1), this.#leadSeconds.at(after)];
    if (before === undefined || next === undefined) return before ?? next;
    return timeSeconds - before <= next - timeSeconds ? before : next;
  }

  /** The first point at or after a frame. */
  pointFrom(sequence: number): RandomAccessPoint | undefined {
    return this.#points.at(this.#points.countWhile((point) => point.sequence < sequence));
  }

  /** Where in the publisher's bytes the last point begins that lies at or before a time, if it is known still. */
  offsetAt(timeSeconds: number): number | undefined {
    return this.#points.findLast((point) => point.timeSeconds <= timeSeconds + roundedSeconds)?.offset;
  }

  /** Viewers have everything up to this time: what is not needed to go on from there is let go of. */
  delivered(timeSeconds: number): void {
    this.#keep(this.#points.findLast((each) => each.timeSeconds <= timeSeconds + sameMomentSeconds));
  }

  /** As `delivered`, of so many of the lead's frames, in the order in which they came. */
  deliveredLeads(leads: number): void {
    this.#keep(this.#points.findLast((each) => each.leads <= leads));
  }

  #keep(point: RandomAccessPoint | undefined): void {
    if (!point || point.sequence <= this.#keepFrom) return;
    this.#keepFrom = point.sequence;
    while ((this.#leadSeconds.at(0) ?? Infinity) < point.timeSeconds - sameMomentSeconds) this.#leadSeconds.drop(1);
    this.#trim();
  }

  /** The last point from which on so many of the lead's frames come out again before the first that viewers lack; undefined where it is not kept. */
  pointBefore(leads: number): RandomAccessPoint | undefined {
    return this.#points.findLast((each) => each.sequence >= this.#first && each.leads <= leads);
  }

  /** How many of the lead's frames came before a point, or before the first frame of the take. */
  leadsBefore(sequence: number): number {
    return this.#points.findLast((each) => each.sequence <= sequence)?.leads ?? 0;
  }

  /**
   * How to go on after what viewers have, undefined when what is needed for it is not kept.
   * @param deliveredSeconds time of the last picture, or end of the last sound, that came out; undefined when nothing did
   */
  resumption(deliveredSeconds: number | undefined): Resumption | undefined {
    if (deliveredSeconds === undefined) return this.#first === 0 ? { sequence: 0, startSeconds: undefined, insideGroup: false } : undefined;
    const after = deliveredSeconds + sameMomentSeconds;
    // Sound can begin at any time.
    const startSeconds = this.#leadKind === 'audio' ? deliveredSeconds : (this.#leadSeconds.find((lead) => lead > after) ?? deliveredSeconds + behindPictureSeconds);
    const point = this.#points.findLast(({ sequence, timeSeconds }) => sequence >= this.#first && timeSeconds <= startSeconds + sameMomentSeconds);
    if (!point) return undefined;
    return { sequence: point.sequence, startSeconds, insideGroup: point.timeSeconds < startSeconds - sameMomentSeconds };
  }

  /** @param frame the one that is about to be appended */
  #noteLead({ kind, keyframe, decodeSeconds, offset }: ShapedFrame): void {
    const lastPoint = this.#points.at(this.#points.length - 1)?.timeSeconds;
    const isTooSoon = kind === 'audio' && lastPoint !== undefined && decodeSeconds >= lastPoint && decodeSeconds - lastPoint < soundEntrySeconds;
    if (keyframe && !isTooSoon) this.#points.push({ sequence: this.end, timeSeconds: decodeSeconds, leads: this.#leads, offset });
    this.#leads++;
    this.#leadSeconds.push(decodeSeconds);
    if (this.#leadSeconds.length > maxReplayFrames) this.#leadSeconds.drop(1);
  }

  #letGo(entry: Entry | undefined): void {
    entry?.taken?.();
    if (entry) entry.taken = undefined;
  }

  #trim(): void {
    const keepFrom = Math.min(this.#keepFrom, this.#takenTo);
    let gone = 0;
    for (; this.#first + gone < this.#takenTo; gone++) {
      const isSurplus = this.#takenBytes > this.#maxReplayBytes || this.#takenTo - this.#first - gone > maxReplayFrames;
      if (this.#first + gone >= keepFrom && !isSurplus) break;
      this.#takenBytes -= this.#entries.at(gone)?.frame.bytes.length ?? 0;
    }
    if (gone === 0) return;
    this.#entries.drop(gone);
    this.#first += gone;
    // The last of those that are gone may be what the first frames belong to.
    this.#points.drop(Math.max(0, this.#points.countWhile((point) => point.sequence <= this.#first) - 1));
  }
}
