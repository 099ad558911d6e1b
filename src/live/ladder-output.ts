import { FragmentNumbers, setNumber } from '../fmp4/fragment-numbers.js';
import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import { FragmentReader } from '../fmp4/fragment-reader.js';
import { outputInits, type NamedOutput, type OutputInit } from '../fmp4/named-outputs.js';
import { withUnitsInFront } from '../fmp4/parameter-sets.js';
import type { Timeline } from '../hls/presentation.js';
import { sameClock } from './clocked-timeline.js';
import { parameterUnits, type ParameterUnits } from './parameter-units.js';
import type { Renditions } from './renditions.js';

export interface LadderOutputOptions {
  readonly renditions: Renditions;
  readonly outputs: readonly NamedOutput[];
  /** The source's. */
  readonly timeline: Timeline;
  /** See `Follower`. */
  readonly shownLaterSeconds: number;
  /** What this one goes on from: of the same timeline. */
  readonly before: LadderOutput | undefined;
}

/** Sound that overlaps by less is not the same sound. */
const sameSoundSeconds = 0.001;

/**
 * What comes out of one ladder's ffmpeg, on its way to the renditions. What they have from the one before is left out, and what the one before
 * said of its tracks goes on being true: each keyframe brings its own parameter sets.
 */
export class LadderOutput {
  readonly #options: LadderOutputOptions;
  readonly #reader = new FragmentReader();
  readonly #numbers: FragmentNumbers;
  readonly #reached: Map<string, number>;
  #soundUntil: number;
  #inits: readonly OutputInit[] = [];
  #units: readonly ParameterUnits[] = [];
  #isNew: boolean;

  constructor(options: LadderOutputOptions) {
    const { before, outputs } = options;
    this.#options = options;
    this.#numbers = before ? before.#numbers : new FragmentNumbers();
    this.#reached = new Map(before?.reached);
    this.#soundUntil = before?.soundUntil ?? -Infinity;
    // The ids of tracks are the same as long as the renditions are.
    this.#isNew = before === undefined || before.#isNew || before.#options.outputs.length !== outputs.length;
  }

  /** By rendition: media time of its last picture. */
  get reached(): ReadonlyMap<string, number> {
    return this.#reached;
  }

  get soundUntil(): number {
    return this.#soundUntil;
  }

  /** Up to where all renditions have all pictures; undefined when one of them has none yet. */
  get reachedSeconds(): number | undefined {
    const all = this.#options.outputs.map(({ name }) => this.#reached.get(name) ?? -Infinity);
    const least = Math.min(...all);
    return least === -Infinity ? undefined : least;
  }

  /**
   * @returns whether there was media in it
   * @throws {RangeError} when it is no fragmented MP4
   */
  take(chunk: Buffer): boolean {
    const fragments: Fragment[] = [];
    for (const event of this.#reader.push(chunk)) {
      if (event.type === 'fragment') fragments.push(event.fragment);
      else this.#begin(outputInits(event.init, [...this.#options.outputs, { name: 'all', trackIds: event.init.tracks.map(({ trackId }) => trackId) }]).slice(0, -1));
    }
    const wanted = fragments.filter((fragment) => this.#isNewMedia(fragment)).map((fragment) => this.#describing(this.#numbered(fragment)));
    for (const { name, trackIds } of this.#options.outputs) {
      const own = wanted.filter(({ runs: [run] }) => run !== undefined && trackIds.includes(run.trackId));
      if (own.length > 0) this.#options.renditions.push(name, own);
    }
    return wanted.length > 0;
  }

  #begin(inits: readonly OutputInit[]): void {
    const { renditions, timeline, shownLaterSeconds } = this.#options;
    this.#inits = inits;
    this.#numbers.startTimeline(inits.flatMap(({ init }) => init.tracks));
    this.#units = inits.flatMap(({ init }) => parameterUnits(init) ?? []);
    if (!this.#isNew) return;
    this.#isNew = false;
    renditions.startTimeline(new Map(inits.map(({ name, init }) => [name, sameClock(init, timeline, shownLaterSeconds)])));
  }

  #isNewMedia({ runs: [run] }: Fragment): boolean {
    if (!run || run.sampleCount === 0) return false;
    const init = this.#inits.find(({ init: { tracks } }) => tracks.some(({ trackId }) => trackId === run.trackId));
    const track = init?.init.tracks.find(({ trackId }) => trackId === run.trackId);
    if (!init || !track) return false;
    return track.kind === 'audio' ? this.#isNewSound(run, track.timescale) : this.#isNewPicture(init.name, run.baseMediaDecodeTime / track.timescale);
  }

  #isNewSound({ baseMediaDecodeTime, duration }: TrackRun, timescale: number): boolean {
    const from = baseMediaDecodeTime / timescale;
    if (from < this.#soundUntil - sameSoundSeconds) return false;
    this.#soundUntil = from + duration / timescale;
    return true;
  }

  #isNewPicture(name: string, seconds: number): boolean {
    if (seconds <= (this.#reached.get(name) ?? -Infinity)) return false;
    this.#reached.set(name, seconds);
    return true;
  }

  #numbered(fragment: Fragment): Fragment {
    const { number, passed } = this.#numbers.of(fragment);
    passed();
    setNumber(fragment, number);
    return fragment;
  }

  #describing(fragment: Fragment): Fragment {
    const units = this.#units.find(({ trackId }) => fragment.runs.some((run) => run.trackId === trackId && run.startsWithSync));
    return units ? withUnitsInFront(fragment, units.trackId, units.bytes) : fragment;
  }
}
