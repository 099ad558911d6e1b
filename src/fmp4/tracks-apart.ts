import type { Fragment } from './fragment.js';
import { leadOf, type Track } from './init-segment.js';
import { ofTrack } from './sound-alone.js';

/**
 * Gives keyframes, and all that comes up to the first sound behind them, fragments of one track each, in the order of their decode times:
 * ffmpeg puts sound that waits into the fragment of the picture that it waits for. A player that begins at a keyframe, or begins anew
 * there, takes the earliest time that it finds for that of the segment; with a little sound from before the keyframe in it, its pictures
 * come later by as much. After the next change they do not, and what then begins before the last picture ends is not shown by browsers
 * up to the next keyframe.
 */
export class TracksApart {
  readonly #lead: Track | undefined;
  readonly #timescales: ReadonlyMap<number, number>;
  #awaitsSound = true;

  /** @param tracks of the init segment that the fragments come under */
  constructor(tracks: readonly Track[]) {
    this.#lead = leadOf(tracks);
    this.#timescales = new Map(tracks.map(({ trackId, timescale }) => [trackId, timescale]));
  }

  /**
   * @returns all that is in the fragment, once; itself, where it may stay as it is
   * @throws {RangeError} when a fragment of several tracks does not say where its samples lie: ffmpeg does
   */
  push(fragment: Fragment): readonly Fragment[] {
    const isKeyframe = fragment.runs.some((run) => this.#isPicture(run) && run.startsWithSync);
    const apart = isKeyframe || this.#awaitsSound ? this.#split(fragment) : [fragment];
    this.#awaitsSound ||= isKeyframe;
    const behind = isKeyframe ? apart.slice(apart.findIndex(({ runs }) => runs.some((run) => this.#isPicture(run))) + 1) : apart;
    if (behind.some(({ runs }) => runs.some((run) => run.sampleCount > 0 && !this.#isPicture(run)))) this.#awaitsSound = false;
    return apart;
  }

  #split(fragment: Fragment): readonly Fragment[] {
    const trackIds = new Set(fragment.runs.filter(({ sampleCount }) => sampleCount > 0).map(({ trackId }) => trackId));
    if (trackIds.size < 2 || this.#lead?.kind !== 'video') return [fragment];
    const parts = [...trackIds].flatMap((trackId) => ofTrack(fragment, trackId) ?? []);
    return parts.sort((one, other) => this.#startOf(one) - this.#startOf(other));
  }

  #isPicture({ trackId }: { readonly trackId: number }): boolean {
    return this.#lead?.kind === 'video' && trackId === this.#lead.trackId;
  }

  #startOf({ runs: [run] }: Fragment): number {
    return run ? run.baseMediaDecodeTime / (this.#timescales.get(run.trackId) ?? 1) : 0;
  }
}
