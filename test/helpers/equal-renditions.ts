import type { Test } from 'tap';
import type { Ladder, Watched } from './packaged-ladder.js';
import { violations } from './playlist-rules.js';

/** What must be the same in all renditions, from the first segment that both have on. */
export function shapeOf({ seen }: Watched, from = 0): unknown {
  return seen.at(-1)?.segments.filter(({ sequenceNumber }) => sequenceNumber >= from).map(({ sequenceNumber, durationSeconds, programDateTime, isDiscontinuity }) => ({ sequenceNumber, durationSeconds, programDateTime, isDiscontinuity }));
}

/** The parts of a segment while it was made: number and durations. */
function partsOf({ seen }: Watched, from = 0): string[] {
  const parts = new Map<string, number>();
  for (const { segments } of seen) for (const segment of segments) for (const part of segment.parts) if (segment.sequenceNumber >= from) parts.set(part.uri, part.durationSeconds);
  return [...parts].map(([uri, durationSeconds]) => `${uri}: ${durationSeconds}`);
}

/** Every rendition has the segments and the parts of the lead, and none breaks a rule. */
export function assertEqualShapes(t: Test, ladder: Ladder, what: string): void {
  for (const { watched } of ladder.rungs) {
    t.strictSame(violations(watched.seen), [], what);
    t.strictSame(shapeOf(watched), shapeOf(ladder.lead), `${what}: segments`);
    const seen = new Set(partsOf(ladder.lead));
    t.ok(partsOf(watched).every((part) => seen.has(part)), `${what}: parts`);
  }
  t.strictSame(violations(ladder.lead.seen), [], what);
  assertSoundAlone(t, ladder, what);
}

/** It has the cuts and numbers of the lead, is a gap where that has no sound, and every other part can be had and is independent. */
export function assertSoundAlone(t: Test, { lead, sound, published }: Ladder, what: string): void {
  if (!published.some(({ track }) => track.kind === 'audio')) return;
  t.strictSame(violations(sound.seen), [], `${what}: sound alone`);
  t.strictSame(shapeOf(sound), shapeOf(lead), `${what}: segments of the sound alone`);
  t.strictSame(partsOf(sound), partsOf(lead), `${what}: parts of the sound alone`);
  t.ok(sound.seen.every(({ segments }) => segments.every(({ parts }) => parts.every(({ isIndependent, isGap }) => isIndependent || isGap))), `${what}: sound can be begun with anywhere`);
}
