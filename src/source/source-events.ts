/** How the publisher's bytes are wrapped, read from the bytes, never from a label. `jpeg`: single pictures, made a recording here. */
export type Container = 'webm' | 'matroska' | 'mp4' | 'mpegts' | 'flv' | 'ogg' | 'jpeg';

/** Of all kinds, in one recording. */
export const maxTracks = 32;

export const tooManyTracks = `expected at most ${maxTracks} tracks, got more`;

export interface SourceTrack {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  /** `h264` `hevc` `vp8` `vp9` `av1` `opus` `aac` `vorbis` `mp3` …; else the container's own name for it. */
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** h264 only: profile_idc of the avcC. */
  readonly profile?: number;
  /** h264 only: level_idc of the avcC. */
  readonly level?: number;
  /** Matroska only: how long its header says that every frame lasts, where that can't be. */
  readonly claimedFrameSeconds?: number;
}

export interface SourceHeader {
  readonly container: Container;
  /** undefined: only ffmpeg's probing can tell (ogg). */
  readonly tracks: readonly SourceTrack[] | undefined;
}

export type SourceEvent =
  /** A container header begins at this byte offset: always first, and again wherever a new recording follows. */
  | { readonly type: 'recording'; readonly offset: number }
  /** The header is complete: bytes [recording.offset, endOffset) are the init data to keep. */
  | { readonly type: 'header'; readonly header: SourceHeader; readonly endOffset: number }
  /** `offset`: where the cluster or movie fragment that holds the frame starts. */
  | {
      readonly type: 'frame';
      readonly offset: number;
      readonly kind: 'video' | 'audio';
      readonly timeSeconds: number;
      readonly keyframe: boolean;
    }
  /** The header's bytes and then the bytes from here on decode cleanly. */
  | { readonly type: 'random-access'; readonly offset: number; readonly timeSeconds: number }
  /** The first bytes are no container we know; `reason` is for the broadcaster. Nothing follows it. */
  | { readonly type: 'not-media'; readonly reason: string };
