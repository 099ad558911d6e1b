import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { OutputInit } from '../fmp4/named-outputs.js';
import { withUnitsInFront } from '../fmp4/parameter-sets.js';
import type { Presentation } from '../hls/presentation.js';
import type { BroadcastClock } from './broadcast-clock.js';
import type { MediaProgress } from './broadcast-progress.js';
import { ClockedTimeline, sameClock } from './clocked-timeline.js';
import type { FragmentBus } from './fragment-bus.js';
import { parameterUnits, type ParameterUnits } from './parameter-units.js';
import type { Renditions } from './renditions.js';
import type { Take } from './take.js';
import type { MediaOutput, OutputTimes } from './transcode-run.js';

export interface TakeOutputOptions {
  readonly take: Take;
  readonly clock: BroadcastClock;
  /** The source's. */
  readonly bus: FragmentBus;
  readonly renditions: Renditions;
  readonly presentation: Presentation;
  /** Whether the playlists can go on with this fragment as it is. */
  readonly accepts: (fragment: Fragment) => boolean;
  /** Something was published. */
  readonly onProgress: () => void;
}

/** One take's media on its way to the bus, on the broadcast's clock and on the wall clock, over all the transcoders it takes. */
export class TakeOutput implements MediaOutput {
  readonly #options: TakeOutputOptions;
  #timeline: ClockedTimeline | undefined;
  #startSeconds = 0;
  #sourceZero = 0;
  /** Of all outputs, the source's first. */
  #units: readonly ParameterUnits[] = [];
  /** By the track of a picture beside the source's: which rendition it is. */
  #others: ReadonlyMap<number, string> = new Map();
  /** What the timeline before, on the same source clock, says of where this one starts. */
  #inheritedMs: number | undefined;

  constructor(options: TakeOutputOptions) {
    this.#options = options;
  }

  startTimeline(outputs: readonly OutputInit[], { startSeconds, zeroSeconds }: OutputTimes): void {
    const [source, ...others] = outputs;
    if (!source) throw new Error('expected the init segment of one output at least, got none');
    const { init } = source;
    const { take, clock, bus, renditions, presentation } = this.#options;
    const sourceZero = clock.zeroOf(take.sourceClock, Math.min(take.firstSeconds ?? startSeconds, startSeconds), take.captureTimeAt(0));
    this.#sourceZero = sourceZero;
    this.#units = outputs.flatMap((each) => parameterUnits(each.init) ?? []);
    this.#others = new Map(others.flatMap(({ name, init: { tracks } }) => tracks.flatMap(({ kind, trackId }): [number, string][] => (kind === 'video' ? [[trackId, name]] : []))));
    clock.startTimeline(outputs, sourceZero + zeroSeconds);
    // On the same source clock pictures may be decoded before what came last ends: see `BroadcastClock.place`.
    const mediaSeconds = Math.max(sourceZero + startSeconds, clock.endSeconds);
    this.#startSeconds = mediaSeconds - sourceZero;
    this.#inheritedMs = clock.dated && clock.dated.captureTimeMs + mediaSeconds * 1000;
    const startedAtMs = this.#inheritedMs ?? take.startedAtMs;
    const timeline = new ClockedTimeline({ init, startSeconds: mediaSeconds, startedAtMs, notBeforeMs: presentation.endTimeMs });
    this.#timeline = clock.dated = timeline;
    bus.startTimeline(timeline);
    renditions.startTimeline(new Map(others.map((each) => [each.name, sameClock(each.init, timeline)])));
  }

  resumeTimeline(outputs: readonly OutputInit[], { zeroSeconds }: OutputTimes): void {
    this.#options.clock.startTimeline(outputs, this.#sourceZero + zeroSeconds);
  }

  push(fragments: readonly Fragment[]): void {
    const placed: Fragment[] = [];
    for (const fragment of fragments) this.#place(fragment, placed, () => true);
    this.#publish(placed);
  }

  offer(fragments: readonly Fragment[]): number {
    const { accepts } = this.#options;
    let taken = 0;
    for (const group of keyframesApart(fragments, this.#timeline?.init)) {
      const placed: Fragment[] = [];
      // What is not taken comes again, encoded: nobody is to see it twice.
      const until = group.findIndex((fragment) => !this.#place(fragment, placed, accepts));
      this.#publish(placed);
      if (until >= 0) return taken + until;
      taken += group.length;
    }
    return taken;
  }

  /** Where in the publisher's bytes one would begin for all from this media time on; undefined where that is not known. */
  offsetAt(mediaSeconds: number): number | undefined {
    return this.#options.take.offsetAt(mediaSeconds - this.#sourceZero);
  }

  /** Where its recording stands on the broadcast's clock; undefined before anything came. */
  get recording(): Pick<MediaProgress, 'zeroSeconds' | 'captureTimeMs'> | undefined {
    return this.#timeline && { zeroSeconds: this.#sourceZero, captureTimeMs: this.#options.take.captureTimeAt(0) };
  }

  /** All of it is published before the next clock is set. */
  endTimeline(): void {
    this.#options.bus.endTimeline();
    this.#options.renditions.endTimeline();
    this.#options.onProgress();
  }

  /** Puts it on the broadcast's clock; false: it is not wanted there. */
  #place(fragment: Fragment, placed: Fragment[], wants: (fragment: Fragment) => boolean): boolean {
    const { clock } = this.#options;
    const found = clock.place(fragment);
    // Viewers have that sound already.
    if (!found) return true;
    if (!wants(found.fragment)) return false;
    found.passed();
    placed.push(this.#describing(found.fragment));
    return true;
  }

  /** Each keyframe brings its parameter sets: docs/decisions/0009-one-clock.md. */
  #describing(fragment: Fragment): Fragment {
    const units = this.#units.find(({ trackId }) => fragment.runs.some((run) => run.trackId === trackId && run.startsWithSync));
    return units ? withUnitsInFront(fragment, units.trackId, units.bytes) : fragment;
  }

  /** It is in all renditions: docs/decisions/0013-named-outputs.md. */
  #isSound({ runs: [run] }: Fragment): boolean {
    return this.#timeline?.init.tracks.some(({ kind, trackId }) => kind === 'audio' && trackId === run?.trackId) === true;
  }

  #publish(fragments: readonly Fragment[]): void {
    if (fragments.length === 0) return;
    const { take, bus, renditions, presentation, onProgress } = this.#options;
    const names = new Set(this.#others.values());
    const renditionOf = ({ runs: [run] }: Fragment): string | undefined => run && this.#others.get(run.trackId);
    const ofSource = names.size === 0 ? fragments : fragments.filter((fragment) => renditionOf(fragment) === undefined);
    this.#timeline?.arrived(ofSource, take.captureTimeAt(this.#startSeconds) ?? this.#inheritedMs);
    bus.push(ofSource);
    for (const name of names) renditions.push(name, fragments.filter((fragment) => (renditionOf(fragment) ?? (this.#isSound(fragment) ? name : undefined)) === name));
    if (presentation.endTimeMs !== undefined) this.#timeline?.settle();
    onProgress();
  }
}

/** Whether a fragment can be taken is known only when the keyframe before it was: each keyframe stands alone, what follows together. */
function keyframesApart(fragments: readonly Fragment[], init: InitSegment | undefined): Fragment[][] {
  const lead = init?.tracks[0]?.trackId;
  const groups: Fragment[][] = [];
  let follows = false;
  for (const fragment of fragments) {
    const isKeyframe = fragment.runs.some(({ trackId, startsWithSync }) => trackId === lead && startsWithSync);
    if (isKeyframe || !follows) groups.push([fragment]);
    else groups.at(-1)?.push(fragment);
    follows = !isKeyframe;
  }
  return groups;
}
