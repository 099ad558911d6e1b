/** How the publisher's bytes are wrapped, read from the bytes, never from a label. `jpeg`: single pictures, made a recording here. */
export type Container = 'webm' | 'matroska' | 'mp4' | 'mpegts' | 'flv' | 'ogg' | 'jpeg';

/** Of all kinds, in one recording. */
export const maxTracks = 32;

export const tooManyTracks = `expected at most ${maxTracks} tracks, got more`;

/** What is known of a picture's shape and of how it is coded. */
export interface VideoFacts {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Width of a sample to its height; undefined: square, or not said. */
  readonly sampleAspect?: readonly [number, number] | undefined;
  /** H.264 only: only the container says so, not the bitstream. */
  readonly aspectIsOutside?: boolean | undefined;
  /** H.264 only: profile_idc. */
  readonly profile?: number | undefined;
  /** H.264 only: level_idc. */
  readonly level?: number | undefined;
  readonly bitDepth?: number | undefined;
  /** H.264 only: chroma_format_idc; 1 is 4:2:0. */
  readonly chromaFormat?: number | undefined;
  readonly interlaced?: boolean | undefined;
  /** How many pictures may come before others that are shown earlier; undefined: not said. */
  readonly reorderedPictures?: number | undefined;
  /** How far a player is to turn it, clockwise. */
  readonly rotation?: 0 | 90 | 180 | 270 | undefined;
}

export interface SoundFacts {
  readonly sampleRate?: number | undefined;
  readonly channels?: number | undefined;
  /** Bits of a sample, where it is not compressed. */
  readonly sampleBits?: number | undefined;
  /** Of Matroska's CodecDelay: what a decoder puts before the first sample, in nanoseconds. */
  readonly codecDelayNs?: number | undefined;
}

export interface SourceTrack extends VideoFacts, SoundFacts {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  /** `h264` `hevc` `vp8` `vp9` `av1` `opus` `aac` `vorbis` `mp3` …; else the container's own name for it. */
  readonly codec: string;
  /** Of a picture beside the source's that shows the same: which rendition of the broadcast it is. */
  readonly rendition?: string | undefined;
  /**
   * What a decoder must be told before the first frame, as Matroska's CodecPrivate has it (RFC 9559 §5.1.4.1.22): avcC, hvcC, av1C,
   * AudioSpecificConfig, OpusHead, …; undefined: nothing, or it has not come yet.
   */
  readonly configuration?: Uint8Array | undefined;
  /** Matroska's CodecID, where the codec's name alone does not tell it. */
  readonly matroskaCodec?: string | undefined;
}

export interface SourceHeader {
  readonly container: Container;
  readonly tracks: readonly SourceTrack[];
  /** What may be expected besides the tracks, where a container says no more than that. */
  readonly awaited?: readonly SourceTrack['kind'][] | undefined;
}

/** One picture, or one piece of sound, as a decoder takes it. */
export interface Frame {
  /** The id of its track. */
  readonly track: number;
  readonly kind: 'video' | 'audio';
  /** When it is shown or heard, on the recording's own clock. */
  readonly timeSeconds: number;
  /** When it is decoded: never falls within a track; the same as its time where pictures come in the order of their times. */
  readonly decodeSeconds: number;
  /** A decoder can begin with it, as the container says; always so for sound. */
  readonly keyframe: boolean;
  readonly bytes: Uint8Array;
  /** Where in the bytes the structure begins that holds it (cluster, movie fragment, tag or packet); undefined where it came without a container. */
  readonly offset?: number | undefined;
}

export interface Notice {
  /** `rendition-left-out`: a picture beside the source's is not broadcast. */
  readonly code: 'passed-over' | 'rendition-left-out';
  readonly message: string;
}

export type SourceEvent =
  /** A container header begins at this byte offset: always first, and again wherever a new recording follows. */
  | { readonly type: 'recording'; readonly offset: number }
  /** What the container announces: tracks may lack what is known with their first frames only, and more may follow. */
  | { readonly type: 'header'; readonly header: SourceHeader }
  /** A track that was not announced, or what is known of one from its next frame on. */
  | { readonly type: 'track'; readonly track: SourceTrack }
  | ({ readonly type: 'frame'; readonly offset: number } & Frame)
  /** Something was passed over: told to the publisher once. */
  | ({ readonly type: 'notice' } & Notice)
  /** The first bytes are no container we know; `reason` is for the broadcaster. Nothing follows it. */
  | { readonly type: 'not-media'; readonly reason: string };
