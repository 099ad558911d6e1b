import type { ManifestSegment } from '../hls/manifest.js';
import { LiveError } from '../protocol/live-error.js';

/** A piece of a recording, in seconds from its beginning, as somebody wishes it. */
export interface ClipWish {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface Clip {
  readonly from: number;
  readonly to: number;
}

/** Longer pieces are asked for as the whole recording, which is made once for all. */
const longestClipSeconds = 3600;

/**
 * What is wished, within what there is: `from` is the beginning and `to` is the end, unless something else is said.
 * @throws {LiveError} malformed
 */
export function clipWithin({ from = 0, to }: ClipWish, durationSeconds: number): Clip {
  const end = Math.min(to ?? durationSeconds, durationSeconds);
  if (from >= durationSeconds) throw new LiveError('malformed', `expected "from" within the ${inWords(durationSeconds)} of this recording, got ${inWords(from)}`);
  if (end <= from) throw new LiveError('malformed', `expected "to" after "from", got ${inWords(to ?? end)} after ${inWords(from)}`);
  if (end - from > longestClipSeconds) throw new LiveError('malformed', `expected a clip of at most ${inWords(longestClipSeconds)}, got ${inWords(end - from)}; ask for less, or for all of it`);
  return { from: toMs(from), to: toMs(end) };
}

export interface ClippedSegments {
  readonly segments: readonly ManifestSegment[];
  /** How much of the last one; undefined: all of it. */
  readonly lastSeconds: number | undefined;
}

/** The segments of a clip, each of which begins with a keyframe: so it begins at that moment or a little before, and ends when it is to end. */
export function clipSegments(segments: readonly ManifestSegment[], { from, to }: Clip): ClippedSegments {
  const chosen: ManifestSegment[] = [];
  let endSeconds = 0;
  let lastSeconds: number | undefined;
  for (const segment of segments) {
    const startSeconds = endSeconds;
    endSeconds += segment.durationSeconds;
    if (endSeconds <= from || startSeconds >= to || segment.gap) continue;
    chosen.push(segment);
    lastSeconds = endSeconds > to ? to - startSeconds : undefined;
  }
  return { segments: chosen, lastSeconds };
}

const toMs = (seconds: number): number => Math.round(seconds * 1000) / 1000;
const inWords = (seconds: number): string => `${Number(seconds.toFixed(3))} s`;
