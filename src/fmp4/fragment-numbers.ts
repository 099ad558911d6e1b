import { findBox } from '../isobmff/boxes.js';
import type { Fragment } from './fragment.js';
import type { Track } from './init-segment.js';

/** How far the number of a keyframe is from the one before: in between there is room for sound that is put in front of it, with a number that neither follows nor is followed. */
const keyframeStep = 3;

export interface FragmentNumber {
  /** More than those before, by more than one where a player has to read the decode time. */
  readonly number: number;
  /** The fragment goes to viewers: the next number is behind this one. */
  readonly passed: () => void;
}

/**
 * Numbers for fragments one after another (mfhd, ISO/IEC 14496-12 §8.8.5). They rise, and the first fragment of each track from a keyframe on has one that does not
 * follow the one before. VLC 3 reads the decode time of a fragment only where its number does not follow, and else adds up durations: of one who begins, or leaves something out,
 * at a keyframe it would read that of the keyframe alone, and the sound would be as much too early as there was before.
 */
export class FragmentNumbers {
  #last = 0;
  /** Tracks of which something came since the last keyframe. */
  readonly #begun = new Set<number>();
  /** Tracks whose keyframes count; each fragment of sound is one. */
  #pictures: ReadonlySet<number> = new Set();

  /** What follows is of these tracks. */
  startTimeline(tracks: readonly Pick<Track, 'trackId' | 'kind'>[]): void {
    this.#pictures = new Set(tracks.filter(({ kind }) => kind === 'video').map(({ trackId }) => trackId));
  }

  /** Nothing is changed by it until `passed` is called. */
  of({ runs: all }: Fragment): FragmentNumber {
    const runs = all.filter(({ sampleCount }) => sampleCount > 0);
    const isKeyframe = runs.some(({ trackId, startsWithSync }) => startsWithSync && this.#pictures.has(trackId));
    const begins = runs.some(({ trackId }) => !this.#begun.has(trackId));
    const number = this.#last + (isKeyframe ? keyframeStep : begins ? 2 : 1);
    const passed = (): void => {
      this.#last = number;
      if (isKeyframe) this.#begun.clear();
      for (const { trackId } of runs) this.#begun.add(trackId);
    };
    return { number, passed };
  }
}

/** Of what is put in front of a keyframe with this number. */
export function numberBefore(keyframeNumber: number): number {
  return Math.max(0, keyframeNumber - (keyframeStep - 1));
}

/** @returns 0 where it has none */
export function numberOf({ bytes }: Fragment): number {
  const mfhd = findBox(bytes, ['moof', 'mfhd']);
  return mfhd ? bytes.readUInt32BE(mfhd.start + 4) : 0;
}

/** Its own bytes are changed: nobody may have been given them yet. */
export function setNumber({ bytes }: Fragment, number: number): void {
  const mfhd = findBox(bytes, ['moof', 'mfhd']);
  if (mfhd) bytes.writeUInt32BE(number % 2 ** 32, mfhd.start + 4);
}
