import type { Fragment } from './fragment.js';
import type { OutputInit } from './named-outputs.js';

/** Pictures of several outputs at times that differ by less are the same picture. */
const samePictureSeconds = 0.0005;

/**
 * Lets the fragments of several outputs go on by whole moments: the first output's picture with those of the others at its time, and what comes between
 * them. ffmpeg writes one moment after another, each in one go, the first output's picture first. So whoever loses ffmpeg in the middle of one has all of the
 * moment in all outputs, or nothing of it, and another ffmpeg can begin with the same picture in all. Where one of them has no picture at that time, the moment
 * goes on when the next one begins. Of a single output nothing is held.
 */
export class WholeMoments {
  readonly #lead: number | undefined;
  readonly #timescales: ReadonlyMap<number, number>;
  /** Of the other outputs' pictures, by track: time of the last one. */
  readonly #reached: Map<number, number>;
  #held: Fragment[] = [];
  #heldSeconds: number | undefined;

  /** @param outputs the source first; each has one fragment a track, as ffmpeg's `separate_moof` writes them */
  constructor(outputs: readonly OutputInit[]) {
    const pictures = outputs.flatMap(({ init }) => init.tracks.find(({ kind }) => kind === 'video') ?? []);
    this.#lead = outputs.length > 1 ? pictures[0]?.trackId : undefined;
    this.#timescales = new Map(pictures.map(({ trackId, timescale }) => [trackId, timescale]));
    this.#reached = new Map(pictures.slice(1).map(({ trackId }) => [trackId, -Infinity]));
  }

  /** What may go on, in order; the rest is held. */
  push(fragments: readonly Fragment[]): readonly Fragment[] {
    if (this.#lead === undefined) return fragments;
    const whole: Fragment[] = [];
    for (const fragment of fragments) {
      this.#note(fragment, whole);
      this.#held.push(fragment);
      if (this.#isWhole) whole.push(...this.flush());
    }
    return whole;
  }

  /** Nothing follows, and nothing was lost: what is held is all that there is of its moment. */
  flush(): readonly Fragment[] {
    const held = this.#held;
    this.#held = [];
    this.#heldSeconds = undefined;
    return held;
  }

  /** @param whole is given what is held, when another moment begins */
  #note({ runs: [run] }: Fragment, whole: Fragment[]): void {
    const timescale = run && this.#timescales.get(run.trackId);
    if (!run || !timescale || run.sampleCount === 0) return;
    // Its samples are as long as each other, or nearly: mostly it is one.
    const seconds = (run.baseMediaDecodeTime + (run.duration / run.sampleCount) * (run.sampleCount - 1)) / timescale;
    if (run.trackId !== this.#lead) return void this.#reached.set(run.trackId, seconds);
    whole.push(...this.flush());
    this.#heldSeconds = seconds;
  }

  get #isWhole(): boolean {
    const until = this.#heldSeconds;
    return until === undefined || [...this.#reached.values()].every((seconds) => seconds > until - samePictureSeconds);
  }
}
