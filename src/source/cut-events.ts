import type { Notice, SourceEvent, SourceHeader, SourceTrack } from './source-events.js';
import type { ShapedFrame, TrackShaper } from './track-shaper.js';

/** Why a take begins: a header of its own, another configuration or set of tracks, or a clock that jumped. */
export type TakeReason = 'recording' | 'change' | 'jump';

export type CutEvent =
  /** What follows is one take: frames under one configuration, the first picture one that a decoder can begin with. */
  | { readonly type: 'take'; readonly header: SourceHeader; readonly reason: TakeReason }
  | { readonly type: 'frame'; readonly frame: ShapedFrame }
  /** The take is over; nothing is known of a next one yet. */
  | { readonly type: 'over'; readonly reason: TakeReason }
  | ({ readonly type: 'notice' } & Notice)
  | Extract<SourceEvent, { readonly type: 'not-media' }>;

/** What a publisher is told of tracks, in words. */
export const cutWords = {
  undecodable: ({ track, undecodable, lack }: TrackShaper): string =>
    `expected ${track.kind === 'video' ? 'pictures' : 'sound'} that can be decoded, got ${undecodable} frames of ${track.codec}, and ${lack ?? 'none that a decoder could begin with: let the encoder send keyframes'}`,
  leftOutForNow: (kind: SourceTrack['kind'], lack: string): string => `The ${nameOf(kind)} is left out for now: ${lack}.`,
  changes: ({ kind, codec }: SourceTrack): string => `The ${nameOf(kind)} changes to ${codec}.`,
  furtherTrack: (kind: SourceTrack['kind']): string => `There is more than one ${nameOf(kind)} track: the first is broadcast, the others are left out.`,
  outOfStep: (id: number, { width, height }: Partial<SourceTrack>): string =>
    `The picture track ${id}${width && height ? ` (${width} × ${height})` : ''} is left out: expected keyframes at the same times as the first picture's, got others or none. Let all encoders make them of the same pictures.`,
};

function nameOf(kind: SourceTrack['kind']): string {
  return kind === 'video' ? 'picture' : 'sound';
}
