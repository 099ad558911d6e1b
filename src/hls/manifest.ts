import { isKeptMedia } from './media-address.js';
import type { SegmentFacts } from './whole-segment.js';

/** The first line of a manifest: what was kept, and by whom. */
export interface ManifestStart {
  readonly type: 'start';
  readonly version: 1;
  readonly stream: string;
  readonly broadcast: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly targetDurationSeconds: number;
  /** Names the server process that appends to it. */
  readonly server: string;
}

/** An init segment, before the first segment that needs it. */
export interface ManifestInit {
  readonly type: 'init';
  readonly uri: string;
  /** RFC 6381, of all tracks. */
  readonly codecs: string;
  readonly picture?: { readonly codec: string; readonly width: number; readonly height: number } | undefined;
}

export interface ManifestSegment extends SegmentFacts {
  readonly type: 'segment';
  /** Of which it is, beside the best. */
  readonly rendition?: string | undefined;
}

/** What it is about, from here on. */
export interface ManifestDescription {
  readonly type: 'description';
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

/** Segments that were kept, and are no longer to be had. */
export interface ManifestLost {
  readonly type: 'lost';
  readonly uris: readonly string[];
}

/** Nothing more comes: the sums of what came, so that nobody has to read it all to know. */
export interface ManifestEnd {
  readonly type: 'end';
  readonly durationSeconds: number;
  /** So much of it is gaps. */
  readonly missingSeconds?: number | undefined;
  readonly byteLength: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Found by a later server process, since the first one died. */
  readonly interrupted?: true | undefined;
}

export type ManifestLine = ManifestStart | ManifestInit | ManifestSegment | ManifestDescription | ManifestLost | ManifestEnd;

/** What a manifest says. */
export interface Manifest {
  readonly start: ManifestStart | undefined;
  readonly inits: ReadonlyMap<string, ManifestInit>;
  /** Of the best rendition, in order. */
  readonly segments: readonly ManifestSegment[];
  /** Those of the others, with the same numbers; there may be fewer. */
  readonly renditions: ReadonlyMap<string, readonly ManifestSegment[]>;
  readonly description: ManifestDescription | undefined;
  readonly end: ManifestEnd | undefined;
}

/** What every line of a segment begins with. */
const segmentLineStart = '{"type":"segment",';

/** A line as it is appended: never changed afterwards, and never written anew. */
export function manifestLine(line: ManifestLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** Reads what is there: a line that is half written, or that is none of ours, counts as not there. */
export function readManifest(text: string): Manifest {
  const inits = new Map<string, ManifestInit>();
  const renditions = new Map<string | undefined, ManifestSegment[]>([[undefined, []]]);
  const lost = new Set<string>();
  let start: ManifestStart | undefined;
  let description: ManifestDescription | undefined;
  let end: ManifestEnd | undefined;
  for (const line of text.split('\n')) {
    const read = readLine(line);
    if (read?.type === 'start') start ??= read;
    else if (read?.type === 'init') inits.set(read.uri, read);
    else if (read?.type === 'segment') {
      const segments = renditions.get(read.rendition) ?? [];
      if (read.mediaSequence > (segments.at(-1)?.mediaSequence ?? -1)) segments.push(read);
      renditions.set(read.rendition, segments);
    } else if (read?.type === 'description') description = read;
    else if (read?.type === 'lost') {
      if (Array.isArray(read.uris)) for (const uri of read.uris as readonly string[]) lost.add(uri);
    }
    else if (read?.type === 'end') end = read;
  }
  const there = (segments: readonly ManifestSegment[]): readonly ManifestSegment[] => (lost.size === 0 ? segments : segments.map((segment) => (lost.has(segment.uri) ? { ...segment, gap: true } : segment)));
  const others = [...renditions].flatMap(([rendition, segments]): [string, readonly ManifestSegment[]][] => (rendition === undefined ? [] : [[rendition, there(segments)]]));
  return { start, inits, segments: there(renditions.get(undefined) ?? []), renditions: new Map(others), description, end };
}

/** What a list needs of one: its segments, which are nearly all of it, are passed over. */
export function readManifestEnds(text: string): Pick<Manifest, 'start' | 'description' | 'end'> {
  return readManifest(text.split('\n').filter((line) => !line.startsWith(segmentLineStart)).join('\n'));
}

function readLine(line: string): ManifestLine | undefined {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null || !('type' in read)) return undefined;
  // A name becomes a path: it is one of the names that are made here, whatever was written into the file since.
  const names = ['uri', 'mapUri'].map((key) => (read as Record<string, unknown>)[key]).filter((name) => name !== undefined);
  return names.every((name) => typeof name === 'string' && isKeptMedia(name)) ? (read as ManifestLine) : undefined;
}

/** The sums of a manifest; what is a gap lasts, and weighs nothing. */
export function sumsOf({ segments, inits, renditions }: Pick<Manifest, 'segments' | 'inits' | 'renditions'>): Omit<ManifestEnd, 'type'> {
  const pictures = [...inits.values()].flatMap(({ picture }) => picture ?? []);
  const largest = pictures.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
  return {
    durationSeconds: segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0),
    missingSeconds: toMilliseconds(segments.reduce((sum, { durationSeconds, gap }) => sum + (gap ? durationSeconds : 0), 0)),
    byteLength: [segments, ...renditions.values()].flat().reduce((sum, { byteLength, gap }) => sum + (gap ? 0 : byteLength), 0),
    width: largest?.width,
    height: largest?.height,
  };
}

/** Seconds, without what adding them up left behind the third digit. */
export function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** The sums that an end tells. */
export function sumsIn({ type: _type, ...sums }: ManifestEnd): Omit<ManifestEnd, 'type'> {
  return sums;
}

/** What a description says, where there is one. */
export function textsIn(described: ManifestDescription | undefined): { title?: string; description?: string } {
  const { title, description } = described ?? {};
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}
