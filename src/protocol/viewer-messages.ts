/** Server → viewer on `/live/:stream/play`, text JSON; binary messages between them are fragmented MP4. */
export type ViewerMessage =
  /** Opens a timeline: the next binary message is its init segment, the ones after are fragments. */
  | {
      readonly type: 'init';
      /** For `MediaSource.isTypeSupported`, e.g. `video/mp4; codecs="avc1.42c01f,mp4a.40.2"`. */
      readonly mimeType: string;
      /** Seconds on the media timeline and the wall clock (ms since the epoch) at which that media was captured. */
      readonly mediaTimeSeconds: number;
      readonly captureTimeMs: number;
    }
  /** A better estimate of what `init` said of the present timeline: this media time was captured at that wall clock. */
  | { readonly type: 'clock'; readonly mediaTimeSeconds: number; readonly captureTimeMs: number }
  /** Fragments were left out because this viewer was too slow, so many seconds of media; the next one begins with a keyframe. */
  | { readonly type: 'gap'; readonly skippedSeconds: number }
  /** Answer to `{"type":"ping"}`: for the estimate of the clock offset. */
  | { readonly type: 'pong'; readonly sentAtMs: number; readonly serverTimeMs: number }
  | { readonly type: 'ended' };

/** Viewer → server, text JSON, optional. */
export interface ViewerPing {
  readonly type: 'ping';
  /** The viewer's own clock; comes back unchanged. */
  readonly sentAtMs: number;
}
