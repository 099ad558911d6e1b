import { FragmentNumbers } from '../fmp4/fragment-numbers.js';
import { retimed, type RunTime } from '../fmp4/retime.js';
import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import { FragmentReader } from '../fmp4/fragment-reader.js';
import { leadOf, type InitSegment } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBus } from '../live/fragment-bus.js';
import type { RelayClock } from './relay-clock.js';

/** Times of one sample that was sent twice, by different processes too, differ by less. */
const sameSeconds = 5e-4;

/** What `init` said, until the init segment is there. */
export type ToldTimeline = Pick<Timeline, 'captureTimeMs' | 'shownLaterSeconds'>;

/** A timeline of another node, on the clock of the viewers here. */
class RelayedTimeline implements Timeline {
  readonly init: InitSegment;
  readonly shownLaterSeconds: number | undefined;
  readonly #clock: RelayClock;
  /** On the clock of its node. */
  toldCaptureTimeMs: number;

  constructor(init: InitSegment, { captureTimeMs, shownLaterSeconds }: ToldTimeline, clock: RelayClock) {
    this.init = init;
    this.shownLaterSeconds = shownLaterSeconds;
    this.toldCaptureTimeMs = captureTimeMs;
    this.#clock = clock;
  }

  get captureTimeMs(): number {
    return this.toldCaptureTimeMs - this.#clock.zeroSeconds * 1000;
  }
}

/** One rendition as it comes from another node, onto a bus of its own here. */
export class RelayedRendition {
  readonly bus: FragmentBus;
  readonly #clock: RelayClock;
  #reader = new FragmentReader();
  #told: ToldTimeline | undefined;
  #timeline: RelayedTimeline | undefined;
  /** Decode times that came last, in seconds, by track. */
  #reached = new Map<number, number>();
  readonly #numbers = new FragmentNumbers();
  /** It was being fed when the connection was lost: what comes next of the same run may go on under the same init segment. */
  #mayGoOn = false;
  /** What comes next is of another process, on the same clock. */
  #isMoved = false;
  /** The picture, or the sound where there is none, that came last. */
  #last: { readonly startSeconds: number; readonly media: Buffer } | undefined;
  /** Whether that is the same over there is not known yet: only behind the same one can what follows be decoded. */
  #seeksLast = false;
  /** Waits for its first fragment: only that tells where another run stands on the clock. */
  #heldInit: InitSegment | undefined;

  constructor(bus: FragmentBus, clock: RelayClock) {
    this.bus = bus;
    this.#clock = clock;
  }

  /** Up to where all of it has come, on the clock of its node; undefined before anything did. */
  get reachedSeconds(): number | undefined {
    const reached = this.#timeline?.init.tracks.flatMap(({ trackId }) => this.#reached.get(trackId) ?? []) ?? [];
    return reached.length === 0 ? undefined : Math.min(...reached) - this.#clock.zeroSeconds;
  }

  /** What comes next begins with an init segment. */
  startTimeline(told: ToldTimeline): void {
    this.#told = told;
    this.#reader = new FragmentReader();
  }

  tellClock(captureTimeMs: number): void {
    if (this.#timeline) this.#timeline.toldCaptureTimeMs = captureTimeMs;
  }

  /**
   * @returns whether it has begun, anew or again
   * @throws {RangeError} when the boxes are not what they should be
   */
  push(boxes: Buffer): boolean {
    const fragments: Fragment[] = [];
    let hasBegun = false;
    for (const event of this.#reader.push(boxes)) {
      if (event.type === 'fragment') fragments.push(event.fragment);
      else if (this.#clock.isNewRun) this.#heldInit = event.init;
      else {
        this.#begin(event.init);
        hasBegun = true;
      }
    }
    const first = fragments[0];
    if (this.#heldInit && first) {
      this.#clock.place(Math.min(...startsOf(first, this.#heldInit).map(({ startSeconds }) => startSeconds)));
      this.#begin(this.#heldInit);
      hasBegun = true;
    }
    if (!this.#timeline) return hasBegun;
    for (const fragment of fragments) if (this.#seeksLast) this.#seekLast(fragment, this.#timeline);
    const placed = this.#place(fragments, this.#timeline.init);
    if (placed.length > 0) this.bus.push(placed);
    return hasBegun;
  }

  /** The connection is lost. */
  disconnected(): void {
    this.#mayGoOn = this.#timeline !== undefined;
    this.#told = undefined;
    this.#heldInit = undefined;
  }

  /** What comes next is of another run. */
  restart(): void {
    this.#mayGoOn = false;
  }

  /** What comes next is of another process, on the same clock: the very same media, where that is not encoded there. */
  move(): void {
    this.#isMoved = this.#mayGoOn;
    this.#mayGoOn = false;
  }

  /** It is not fed any more: who joins later is sent what comes then, and nothing old. */
  release(): void {
    this.#mayGoOn = false;
    if (this.#timeline) this.bus.startTimeline(this.#timeline);
  }

  /** @throws {RangeError} when nothing was said of it */
  #begin(init: InitSegment): void {
    const told = this.#told;
    if (!told) throw new RangeError('expected an init segment behind a message that announces it, got it alone');
    const goesOn = (this.#mayGoOn || this.#isMoved) && this.#timeline?.init.bytes.equals(init.bytes) === true;
    this.#seeksLast = goesOn && this.#isMoved;
    // To all who kept their connections it comes at once.
    if (this.#mayGoOn || this.#isMoved) this.bus.catchUp();
    this.#mayGoOn = this.#isMoved = false;
    this.#heldInit = undefined;
    if (goesOn) return this.tellClock(told.captureTimeMs);
    this.#timeline = new RelayedTimeline(init, told, this.#clock);
    this.#numbers.startTimeline(init.tracks);
    this.bus.startTimeline(this.#timeline);
  }

  /** Behind what came last, if that is the same here; else from the next keyframe on, under an init segment of its own. */
  #seekLast(fragment: Fragment, { init, toldCaptureTimeMs, shownLaterSeconds }: RelayedTimeline): void {
    const startSeconds = leadStartOf(fragment, init);
    if (startSeconds === undefined || !this.#last) return;
    const laterSeconds = startSeconds + this.#clock.zeroSeconds - this.#last.startSeconds;
    if (laterSeconds < -sameSeconds) return;
    this.#seeksLast = false;
    if (laterSeconds < sameSeconds && mediaOf(fragment).equals(this.#last.media)) return;
    this.#timeline = new RelayedTimeline(init, { captureTimeMs: toldCaptureTimeMs, shownLaterSeconds }, this.#clock);
    this.bus.startTimeline(this.#timeline);
  }

  /** At their times here, without those that came before the connection was lost. */
  #place(fragments: readonly Fragment[], init: InitSegment): Fragment[] {
    const placed: Fragment[] = [];
    const { zeroSeconds } = this.#clock;
    for (const fragment of fragments) {
      const starts = startsOf(fragment, init);
      if (starts.every(({ trackId, startSeconds }) => startSeconds + zeroSeconds <= (this.#reached.get(trackId) ?? -Infinity) + sameSeconds)) continue;
      for (const { trackId, startSeconds, endSeconds } of starts) {
        this.#reached.set(trackId, startSeconds + zeroSeconds);
        this.#clock.passed(endSeconds + zeroSeconds);
      }
      const startSeconds = leadStartOf(fragment, init);
      if (startSeconds !== undefined) this.#last = { startSeconds: startSeconds + zeroSeconds, media: mediaOf(fragment) };
      const { number, passed } = this.#numbers.of(fragment);
      passed();
      const timeOf = ({ trackId, baseMediaDecodeTime }: TrackRun): RunTime => ({ baseMediaDecodeTime: baseMediaDecodeTime + Math.round(zeroSeconds * timescaleOf(trackId, init)) });
      placed.push(zeroSeconds === 0 ? fragment : retimed(fragment, number, timeOf));
    }
    return placed;
  }
}

/** Where its picture begins, or its sound where there is none, on the clock of its node, if it has any. */
function leadStartOf(fragment: Fragment, init: InitSegment): number | undefined {
  const lead = leadOf(init.tracks);
  const run = fragment.runs.find(({ trackId }) => trackId === lead?.trackId);
  return lead && run && run.baseMediaDecodeTime / lead.timescale;
}

/** What is in its boxes behind the first. */
function mediaOf({ bytes }: Fragment): Buffer {
  return bytes.subarray(bytes.readUInt32BE(0));
}

interface RunReach {
  readonly trackId: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** On the clock of its node. */
function startsOf({ runs }: Fragment, init: InitSegment): RunReach[] {
  return runs.map(({ trackId, baseMediaDecodeTime, duration }) => {
    const timescale = timescaleOf(trackId, init);
    return { trackId, startSeconds: baseMediaDecodeTime / timescale, endSeconds: (baseMediaDecodeTime + duration) / timescale };
  });
}

/** @throws {RangeError} when there is no such track */
function timescaleOf(trackId: number, { tracks }: InitSegment): number {
  const track = tracks.find((each) => each.trackId === trackId);
  if (track) return track.timescale;
  throw new RangeError(`expected media of tracks ${tracks.map((each) => each.trackId).join(', ')}, got some of track ${trackId}`);
}
