import { isAvcConfiguration, ParameterSets, setsInConfiguration, unitLengthBytes } from './avc-configuration.js';
import { h264Unit, h264UnitType, marksRecoveryPoint } from './h264.js';
import { beginsAnnexB, joinLengthPrefixed, splitAnnexB, splitLengthPrefixed } from './nal-units.js';
import type { VideoFacts } from './source-events.js';

/** One picture as it is handed on. */
export interface NormalPicture {
  /** NAL units behind their lengths, without parameter sets. */
  readonly bytes: Uint8Array;
  /** It holds an IDR picture: every decoder can begin here. */
  readonly keyframe: boolean;
  /** It is marked as a point where a decoder may begin, be it an IDR picture or not. */
  readonly entry: boolean;
  /** The track's configuration is another one from this picture on; so it is with the first. */
  readonly reconfigured: boolean;
}

/** Units that are of no use behind a sample description with the parameter sets. */
const leftOut: ReadonlySet<number> = new Set([h264Unit.sps, h264Unit.pps, h264Unit.delimiter, h264Unit.filler]);

/**
 * Makes every way of writing H.264 one: NAL units behind their lengths, parameter sets in the configuration (`avc1`),
 * whether they came in start codes, with every keyframe (`avc3`), or as they are wanted.
 */
export class H264Track {
  #sets = new ParameterSets();
  #lengthBytes = 4;
  #isLengthPrefixed = false;
  /** The container's own, as long as nothing else was found in the pictures. */
  #given: Uint8Array | undefined;
  /** Parameter sets changed in a picture that nothing can begin with: they take effect at the next that can. */
  #changed = false;
  #told: Uint8Array | undefined;

  /** What the container says, if it says something. */
  configure(record: Uint8Array | undefined): void {
    if (!record || !isAvcConfiguration(record)) return;
    this.#isLengthPrefixed = true;
    this.#lengthBytes = unitLengthBytes(record);
    const sets = setsInConfiguration(record);
    if (sets.length === 0 || (this.#given && Buffer.from(record).equals(this.#given))) return;
    this.#sets = new ParameterSets();
    for (const set of sets) this.#sets.add(set);
    this.#given = Buffer.from(record);
  }

  /** AVCDecoderConfigurationRecord; undefined until there is one. */
  get configuration(): Uint8Array | undefined {
    return this.#given && this.#lengthBytes === 4 ? this.#given : this.#sets.record;
  }

  get facts(): VideoFacts {
    const { width, height, profile, level, bitDepth, chromaFormat, sampleAspect, interlaced, reorderedPictures } = this.#sets.parameters ?? {};
    // Encoders say square pixels without being asked: a container that says otherwise was told to.
    const aspect = sampleAspect && sampleAspect[0] !== sampleAspect[1] ? sampleAspect : undefined;
    return { width, height, profile, level, bitDepth, chromaFormat, sampleAspect: aspect, interlaced, reorderedPictures };
  }

  /** @param flagged the container calls it a keyframe; undefined where there is nothing in it */
  take(bytes: Uint8Array, flagged: boolean): NormalPicture | undefined {
    if (bytes.length === 0) return undefined;
    // A length of 256 to 511 looks like a start code: what was announced is tried first.
    const prefixed = this.#isLengthPrefixed || !beginsAnnexB(bytes) ? splitLengthPrefixed(bytes, this.#lengthBytes) : undefined;
    const isAnnexB = prefixed === undefined && beginsAnnexB(bytes);
    const units = isAnnexB ? splitAnnexB(bytes) : prefixed;
    // What we can't read a decoder may still know how to.
    if (!units || units.length === 0) return { bytes, keyframe: flagged, entry: flagged, reconfigured: flagged && this.#tellsConfiguration() };
    let [keyframe, entry, mustBeRewritten] = [false, flagged, isAnnexB || this.#lengthBytes !== 4];
    for (const unit of units) {
      const type = h264UnitType(unit);
      if (type === h264Unit.idr) keyframe = true;
      else if (type === h264Unit.sei) entry ||= marksRecoveryPoint(unit);
      else if (leftOut.has(type)) {
        mustBeRewritten = true;
        if (this.#sets.add(unit)) {
          this.#changed = true;
          this.#given = undefined;
        }
      }
    }
    entry ||= keyframe;
    // A parameter set that changes where nothing can begin stays where it came.
    const dropped = this.#changed && !entry ? droppedAlways : leftOut;
    const reconfigured = entry && this.#tellsConfiguration();
    if (entry) this.#changed = false;
    const normal = mustBeRewritten ? joinLengthPrefixed(units.filter((unit) => !dropped.has(h264UnitType(unit)))) : bytes;
    return normal.length === 0 ? undefined : { bytes: normal, keyframe, entry, reconfigured };
  }

  #tellsConfiguration(): boolean {
    const { configuration } = this;
    if (!configuration || (this.#told && Buffer.from(this.#told).equals(configuration))) return false;
    this.#told = configuration;
    return true;
  }
}

const droppedAlways: ReadonlySet<number> = new Set([h264Unit.delimiter, h264Unit.filler]);
