import { readAudioSpecificConfig } from './aac.js';
import { H264Track } from './h264-track.js';
import { canBeWritten } from './matroska-codecs.js';
import { plausible } from './plausible-facts.js';
import type { Frame, SourceTrack } from './source-events.js';

/** A frame as it is handed on. */
export interface ShapedFrame extends Frame {
  /** A picture that a decoder may begin with, but not every decoder: no IDR picture. */
  readonly isOpen?: boolean | undefined;
}

/** One track on its way from its container: what is true of it, and its frames in the form they are handed on in. */
export class TrackShaper {
  readonly #h264: H264Track | undefined;
  #track: SourceTrack;
  #changed = false;
  /** Pictures that came before one that can be begun with. */
  undecodable = 0;

  constructor(track: SourceTrack) {
    this.#track = plausible(track);
    this.#h264 = track.codec === 'h264' ? new H264Track() : undefined;
    this.#h264?.configure(track.configuration);
  }

  get kind(): SourceTrack['kind'] {
    return this.#track.kind;
  }

  /** Whether it can take over this description: the codec stays. */
  fits({ codec, kind }: SourceTrack): boolean {
    return this.#track.codec === codec && this.#track.kind === kind;
  }

  /** What the container says of it from the next frame on. */
  describe(told: SourceTrack): void {
    const track = plausible(told);
    if (this.#h264) {
      this.#h264.configure(track.configuration);
      this.#track = track;
    } else if (!sameDescription(this.#track, track)) {
      this.#track = track;
      this.#changed = true;
    }
  }

  /** All that is known of it. */
  get track(): SourceTrack {
    if (!this.#h264) return this.#track;
    const { facts, configuration } = this.#h264;
    const track = { ...this.#track, ...definedOf(facts), configuration };
    return { ...track, aspectIsOutside: track.sampleAspect !== undefined && facts.sampleAspect === undefined };
  }

  /** Whether a decoder can be set up for it. */
  get isConfigured(): boolean {
    return this.lack === undefined;
  }

  /** What is missing for a decoder to be set up, and what to do, in words. */
  get lack(): string | undefined {
    const { kind, codec, configuration } = this.track;
    if (!canBeWritten(this.#track)) return `no decoder knows ${codec}: choose ${kind === 'video' ? 'H.264' : 'AAC'}`;
    if (codec === 'h264' && configuration === undefined) return 'no parameter sets came: let the encoder send them with every keyframe (x264: repeat-headers=1)';
    const isUntold = codec === 'aac' && (configuration === undefined || readAudioSpecificConfig(configuration) === undefined);
    return isUntold ? 'it came without its configuration: let the encoder send its AudioSpecificConfig' : undefined;
  }

  /** The frame in its form; `changed`: under another configuration than the one before. undefined: it makes no sense. */
  shape(frame: Frame): { readonly frame: ShapedFrame; readonly changed: boolean } | undefined {
    if (!this.#h264) {
      const changed = this.#changed;
      this.#changed = false;
      return { frame, changed };
    }
    const picture = this.#h264.take(frame.bytes, frame.keyframe);
    if (!picture) return undefined;
    const { bytes, keyframe, entry, reconfigured } = picture;
    // Mostly it came as it is wanted.
    if (bytes === frame.bytes && entry === frame.keyframe && entry === keyframe) return { frame, changed: reconfigured };
    return { frame: { ...frame, bytes, keyframe: entry, isOpen: entry && !keyframe ? true : undefined }, changed: reconfigured };
  }
}

/** Only what was found in the bitstream counts over what the container says. */
function definedOf<Facts extends object>(facts: Facts): Partial<Facts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Partial<Facts>;
}

function sameDescription(one: SourceTrack, other: SourceTrack): boolean {
  const sameBytes = one.configuration === other.configuration || (one.configuration !== undefined && other.configuration !== undefined && Buffer.from(one.configuration).equals(other.configuration));
  return (
    sameBytes &&
    one.width === other.width &&
    one.height === other.height &&
    one.sampleRate === other.sampleRate &&
    one.channels === other.channels &&
    one.sampleAspect?.join() === other.sampleAspect?.join() &&
    one.rotation === other.rotation
  );
}
