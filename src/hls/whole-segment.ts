import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, type Track } from '../fmp4/init-segment.js';
import type { MediaBytes } from './media-bytes.js';
import type { PartEntry, SegmentEntry } from './media-playlist.js';

/** Some bytes of a segment, the first of which has number `start`. */
export interface ByteRange {
  readonly start: number;
  readonly byteLength: number;
}

/** A part with its media: the bytes of its fragments, one after another. */
export interface WindowPart extends PartEntry {
  readonly media: MediaBytes;
  /** The fragment of its first keyframe, where it has a picture. */
  readonly keyframe?: ByteRange | undefined;
  /** Whether there is sound in it. */
  readonly sound?: boolean | undefined;
}

/** The segment being made, with the media of its parts. */
export interface OpenSegment extends SegmentEntry {
  readonly parts: WindowPart[];
}

/** What is known of a whole segment without its media: what playlists of whole segments are made of. */
export interface SegmentFacts extends Omit<SegmentEntry, 'parts'> {
  readonly durationSeconds: number;
  readonly byteLength: number;
  /** The fragment of its first keyframe, where there is a picture. */
  readonly keyframe?: ByteRange | undefined;
  /** Whether there is sound in it. */
  readonly sound?: boolean | undefined;
}

/** A finished segment with its media. */
export interface WholeSegment extends SegmentFacts {
  /** Empty once they are no longer to be had. */
  readonly parts: WindowPart[];
  readonly media: MediaBytes;
  gap?: boolean | undefined;
}

/** A segment is its parts one after another, and begins with its first keyframe's. */
export function firstKeyframeOf(parts: readonly WindowPart[]): ByteRange | undefined {
  let start = 0;
  for (const { keyframe, media } of parts) {
    if (keyframe) return { start: start + keyframe.start, byteLength: keyframe.byteLength };
    start += media.byteLength;
  }
  return undefined;
}

/** The first fragment that a decoder can begin with, as a range of them all; undefined without a picture. */
export function keyframeIn(fragments: readonly Fragment[], tracks: readonly Track[]): ByteRange | undefined {
  const lead = leadOf(tracks);
  if (lead?.kind !== 'video') return undefined;
  let start = 0;
  for (const { bytes, runs } of fragments) {
    if (runs.some(({ trackId, startsWithSync, sampleCount }) => trackId === lead.trackId && startsWithSync && sampleCount > 0)) return { start, byteLength: bytes.length };
    start += bytes.length;
  }
  return undefined;
}

/** Whether there is sound in fragments. */
export function hasSound(fragments: readonly Fragment[], tracks: readonly Track[]): boolean {
  const sound = tracks.find(({ kind }) => kind === 'audio')?.trackId;
  return sound !== undefined && fragments.some(({ runs }) => runs.some(({ trackId, sampleCount }) => trackId === sound && sampleCount > 0));
}
