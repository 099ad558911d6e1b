import type { InitSegment } from '../fmp4/init-segment.js';
import { setsInConfiguration, unitLengthBytes } from '../source/avc-configuration.js';

/** The picture's parameter sets as they stand in its own stream. */
export interface ParameterUnits {
  readonly trackId: number;
  /** NAL units behind their lengths. */
  readonly bytes: Buffer;
}

/** undefined where there is no picture, or one whose lengths of units are not those of all others. */
export function parameterUnits({ tracks }: InitSegment): ParameterUnits | undefined {
  const picture = tracks.find((track) => track.kind === 'video');
  if (!picture || unitLengthBytes(picture.configuration) !== 4) return undefined;
  const units = setsInConfiguration(picture.configuration).flatMap((unit) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(unit.length);
    return [length, unit];
  });
  return { trackId: picture.trackId, bytes: Buffer.concat(units) };
}
