import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SourceReader, type Frame, type SourceEvent, type SourceHeader } from '../../src/source/source-reader.js';
import type { CutEvent, TakeReason } from '../../src/source/cut-events.js';
import { TakeCutter } from '../../src/source/take-cutter.js';
import type { ShapedFrame } from '../../src/source/track-shaper.js';

export const fixtureNames = [
  'chromium-audio.webm',
  'chromium-h264.mkv',
  'chromium-h264.mp4',
  'chromium-restart-vp8.webm',
  'chromium-still-vp8.webm',
  'chromium-vp8.webm',
  'chromium-vp9.webm',
  'firefox-vp8.webm',
] as const;

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

/** All events of the bytes, cut into slices of the lengths that `nextLength` gives. */
export function eventsOf(bytes: Uint8Array, nextLength: () => number = () => bytes.length): SourceEvent[] {
  const reader = new SourceReader();
  const events: SourceEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(1, nextLength());
    for (const event of reader.push(bytes.subarray(at, end))) events.push(event);
    at = end;
  }
  events.push(...reader.end());
  return events;
}

/** A repeatable sequence of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Where a cluster, a movie fragment, a tag or a packet begins with a picture that can be begun with; of sound alone, with any. */
export function entryPointsOf(bytes: Uint8Array): { readonly offset: number; readonly timeSeconds: number }[] {
  const frames = eventsOf(bytes).filter((event) => event.type === 'frame');
  const lead = frames.some(({ kind }) => kind === 'video') ? 'video' : 'audio';
  const firsts = new Map<number, (typeof frames)[number]>();
  for (const frame of frames) if (frame.kind === lead && !firsts.has(frame.offset)) firsts.set(frame.offset, frame);
  return [...firsts.values()].filter(({ keyframe }) => keyframe).map(({ offset, timeSeconds }) => ({ offset, timeSeconds }));
}

/** Where the first cluster or movie fragment begins: the end of the header. */
export function headerEndOf(bytes: Uint8Array): number {
  const first = eventsOf(bytes).find((event) => event.type === 'frame');
  return first?.offset ?? bytes.length;
}

/** One take: its tracks and its frames. */
export interface CutTake {
  readonly header: SourceHeader;
  readonly reason: TakeReason;
  readonly frames: ShapedFrame[];
}

/** The takes of the bytes, and what was told besides. */
export function takesOf(bytes: Uint8Array, nextLength: () => number = () => bytes.length): { readonly takes: CutTake[]; readonly told: string[] } {
  const cutter = new TakeCutter();
  const events = cutter.push(eventsOf(bytes, nextLength));
  return collect([...events, ...cutter.end()]);
}

export function collect(events: readonly CutEvent[]): { readonly takes: CutTake[]; readonly told: string[] } {
  const takes: CutTake[] = [];
  const told: string[] = [];
  for (const event of events) {
    if (event.type === 'take') takes.push({ header: event.header, reason: event.reason, frames: [] });
    else if (event.type === 'frame') takes.at(-1)?.frames.push(event.frame);
    else if (event.type === 'notice') told.push(event.message);
    else if (event.type === 'not-media') told.push(event.reason);
  }
  return { takes, told };
}

/** Frames as a test compares them: what they are, when, and all their bytes. */
export function described(frames: readonly Pick<Frame, 'kind' | 'timeSeconds' | 'keyframe' | 'bytes'>[]): string[] {
  return frames.map(({ kind, timeSeconds, keyframe, bytes }) => `${kind}${keyframe ? ' keyframe' : ''} at ${timeSeconds.toFixed(4)}: ${createHash('md5').update(bytes).digest('base64')}`);
}

/** The frames of what ffmpeg was given, read back. */
export function readBack(matroska: Uint8Array): string[] {
  return described(eventsOf(matroska).filter((event) => event.type === 'frame'));
}
