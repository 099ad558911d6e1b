import type { ErrorCode } from './error-codes.js';

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
      /** Names what media times are counted by: by `?clock=` and `?from=` who lost the connection is given what it missed. Absent: that can't be. */
      readonly clock?: string;
    }
  /** A better estimate of what `init` said of the present timeline: this media time was captured at that wall clock. */
  | { readonly type: 'clock'; readonly mediaTimeSeconds: number; readonly captureTimeMs: number }
  /** Fragments were left out because this viewer was too slow, so many seconds of media; the next one begins with a keyframe. */
  | { readonly type: 'gap'; readonly skippedSeconds: number }
  /** What may be selected, largest picture first, and what is sent now; only where there are several, again when either is another. */
  | { readonly type: 'renditions'; readonly renditions: readonly RenditionOffer[]; readonly current: string }
  /** What was asked for can't be done; all goes on as before. */
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string }
  /** Answer to `{"type":"ping"}`: for the estimate of the clock offset. */
  | { readonly type: 'pong'; readonly sentAtMs: number; readonly serverTimeMs: number }
  | { readonly type: 'ended' };

/** A quality that a viewer may select. */
export interface RenditionOffer {
  readonly id: string;
  /** Of its picture, in lines; absent for sound alone. */
  readonly height?: number;
  /** As measured; 0 while that is not known. */
  readonly bitsPerSecond: number;
}

/** Viewer → server, text JSON, optional. */
export type ViewerRequest = ViewerPing | ViewerSelect;

export interface ViewerPing {
  readonly type: 'ping';
  /** The viewer's own clock; comes back unchanged. */
  readonly sentAtMs: number;
}

export interface ViewerSelect {
  readonly type: 'select';
  /** An id out of `renditions`, or `auto`: whatever the line carries. */
  readonly rendition: string;
}

/**
 * Reads one text message of a viewer.
 * @throws {TypeError} saying what was expected
 */
export function parseViewerRequest(text: string): ViewerRequest {
  const value = parseObject(text);
  if (value?.type === 'ping' && typeof value.sentAtMs === 'number') return { type: 'ping', sentAtMs: value.sentAtMs };
  if (value?.type === 'select' && typeof value.rendition === 'string') return { type: 'select', rendition: value.rendition };
  throw new TypeError('expected {"type":"ping","sentAtMs":number} or {"type":"select","rendition":text}');
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? undefined;
  } catch {
    return undefined;
  }
}
