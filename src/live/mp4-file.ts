import type { InitSegment, Track, VideoTrack } from '../fmp4/init-segment.js';
import { setsInConfiguration, unitLengthBytes } from '../source/avc-configuration.js';
import type { FragmentBurst, ParameterUnits } from './fragment-burst.js';

/** A broadcast as one MP4, which describes its tracks once, at its beginning. */
export class Mp4File {
  #described: InitSegment | undefined;
  #units: ParameterUnits | undefined;

  /**
   * What follows was made under this init segment.
   * @returns what stands in the file for it; undefined: it can't go on, because tracks, or the configuration of sound, are others
   */
  goOn(init: InitSegment): Buffer | undefined {
    if (!this.#described) {
      this.#described = init;
      return init.bytes;
    }
    const { tracks } = this.#described;
    if (tracks.length !== init.tracks.length || !init.tracks.every((track) => isDescribed(track, tracks))) return undefined;
    const picture = init.tracks.find((track) => track.kind === 'video');
    const isTheSame = tracks.every((track) => track.kind !== 'video' || picture?.configuration.equals(track.configuration));
    // Once there were other parameter sets, those at the beginning no longer hold either.
    if (picture && (this.#units || !isTheSame)) this.#units = { trackId: picture.trackId, units: unitsOf(picture) };
    return Buffer.alloc(0);
  }

  media(burst: FragmentBurst): Buffer {
    return this.#units ? burst.mp4With(this.#units) : burst.mp4;
  }
}

function isDescribed(track: Track, tracks: readonly Track[]): boolean {
  const described = tracks.find(({ trackId }) => trackId === track.trackId);
  if (described?.kind !== track.kind || described.timescale !== track.timescale) return false;
  if (track.kind === 'audio') return described.codec === track.codec && described.configuration.equals(track.configuration);
  // H.264 can be described again in its own stream, where the lengths of units are as long.
  return unitLengthBytes(described.configuration) === 4 && unitLengthBytes(track.configuration) === 4;
}

function unitsOf({ configuration }: VideoTrack): Buffer {
  return Buffer.concat(
    setsInConfiguration(configuration).flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    }),
  );
}
