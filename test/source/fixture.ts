import { readFileSync } from 'node:fs';
import { SourceReader, type SourceEvent } from '../../src/source/source-reader.js';

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
    events.push(...reader.push(bytes.subarray(at, end)));
    at = end;
  }
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
