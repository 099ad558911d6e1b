import { readFileSync } from 'node:fs';

/** A recording as a real browser's recorder emitted it, with the moment of every chunk. */
export interface Fixture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly mimeType: string;
  /** [milliseconds since the first chunk, bytes] */
  readonly chunks: readonly (readonly [number, number])[];
}

export const fixtureNames = [
  'chromium-h264.mkv',
  'chromium-h264.mp4',
  'chromium-vp8.webm',
  'chromium-vp9.webm',
  'chromium-still-vp8.webm',
  'chromium-restart-vp8.webm',
  'chromium-audio.webm',
  'firefox-vp8.webm',
] as const;

export type FixtureName = (typeof fixtureNames)[number];

export function readFixture(name: FixtureName): Fixture {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  const facts = JSON.parse(readFileSync(`${url.pathname}.json`, 'utf8')) as Omit<Fixture, 'name' | 'bytes'>;
  return { name, bytes: readFileSync(url), mimeType: facts.mimeType, chunks: facts.chunks };
}

/** The recordings of a fixture, one container each. */
export function recordingsOf(fixture: Fixture): Buffer[] {
  // Not the `restarts` of the description: those say when the restart was asked for, one chunk before the new header.
  const borders = messagesOf(fixture).flatMap(({ data }, index) => (index === 0 || beginsWithEbml(data) ? [data.byteOffset] : []));
  const start = fixture.bytes.byteOffset;
  return borders.map((border, index) => fixture.bytes.subarray(border - start, (borders[index + 1] ?? Infinity) - start));
}

/** A message to send and when, counted from the first one. */
export interface TimedMessage {
  readonly atMs: number;
  readonly data: Uint8Array | string;
}

/** The fixture as it arrived: its own slicing, its own pace. */
export function messagesOf(fixture: Fixture): { readonly atMs: number; readonly data: Buffer }[] {
  let offset = 0;
  return fixture.chunks.map(([atMs, length]) => {
    const data = fixture.bytes.subarray(offset, offset + length);
    offset += length;
    return { atMs, data };
  });
}

function beginsWithEbml(data: Buffer): boolean {
  return data.length >= 4 && data.readUInt32BE(0) === 0x1a45dfa3;
}
