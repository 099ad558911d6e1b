/** What a media playlist says, read without mercy and without help from the code under test. RFC 8216bis §4.4. */
export interface ReadPlaylist {
  readonly text: string;
  readonly lines: readonly string[];
  readonly version: number;
  readonly targetDurationSeconds: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number | undefined;
  readonly partTargetSeconds: number | undefined;
  readonly serverControl: Attributes | undefined;
  readonly skippedSegments: number;
  /** The last one is the open one, with parts but no address yet, where there is such. */
  readonly segments: readonly ReadSegment[];
  readonly preloadHints: readonly Attributes[];
  readonly hasEnded: boolean;
}

export interface ReadSegment {
  readonly sequenceNumber: number;
  uri: string | undefined;
  durationSeconds: number | undefined;
  /** As written, so that two playlists can be compared letter by letter. */
  programDateTime: string | undefined;
  isDiscontinuity: boolean;
  isGap: boolean;
  /** Address of the init segment in force. */
  mapUri: string | undefined;
  readonly parts: ReadPart[];
  /** Tags that came after the segment's first part but must stand before it. */
  readonly lateTags: string[];
}

export interface ReadPart {
  readonly uri: string;
  readonly durationSeconds: number;
  readonly isIndependent: boolean;
  readonly isGap: boolean;
}

export type Attributes = Readonly<Record<string, string>>;

/** @throws {Error} when the text is no media playlist at all */
export function readMediaPlaylist(text: string): ReadPlaylist {
  const lines = text.split('\n').filter((line) => line !== '');
  const valueOf = (tag: string): string | undefined => lines.find((line) => line.startsWith(`${tag}:`))?.slice(tag.length + 1);
  const numberOf = (tag: string): number | undefined => {
    const value = valueOf(tag);
    return value === undefined ? undefined : Number(value);
  };
  const targetDurationSeconds = numberOf('#EXT-X-TARGETDURATION');
  if (targetDurationSeconds === undefined) throw new Error(`expected a media playlist, got ${text.slice(0, 200)}`);
  const serverControl = valueOf('#EXT-X-SERVER-CONTROL');
  const partInf = valueOf('#EXT-X-PART-INF');
  const mediaSequence = numberOf('#EXT-X-MEDIA-SEQUENCE') ?? 0;
  const skip = valueOf('#EXT-X-SKIP');
  const skippedSegments = skip === undefined ? 0 : Number(readAttributes(skip)['SKIPPED-SEGMENTS']);
  return {
    text,
    lines,
    version: numberOf('#EXT-X-VERSION') ?? 1,
    targetDurationSeconds,
    mediaSequence,
    discontinuitySequence: numberOf('#EXT-X-DISCONTINUITY-SEQUENCE'),
    partTargetSeconds: partInf === undefined ? undefined : Number(readAttributes(partInf)['PART-TARGET']),
    serverControl: serverControl === undefined ? undefined : readAttributes(serverControl),
    skippedSegments,
    segments: readSegments(lines, mediaSequence + skippedSegments),
    preloadHints: lines.flatMap((line) => (line.startsWith('#EXT-X-PRELOAD-HINT:') ? [readAttributes(line.slice(20))] : [])),
    hasEnded: lines.includes('#EXT-X-ENDLIST'),
  };
}

function readSegments(lines: readonly string[], firstSequenceNumber: number): ReadSegment[] {
  const segments: ReadSegment[] = [];
  let mapUri: string | undefined;
  let segment = emptySegment(firstSequenceNumber, mapUri);
  let isTouched = false;
  for (const line of lines) {
    const [tag = '', ...rest] = line.split(':');
    const value = rest.join(':');
    if (segment.parts.length > 0 && ['#EXT-X-MAP', '#EXT-X-DISCONTINUITY', '#EXT-X-PROGRAM-DATE-TIME'].includes(tag)) {
      segment.lateTags.push(tag);
    }
    if (tag === '#EXT-X-MAP') segment.mapUri = mapUri = readAttributes(value).URI;
    else if (tag === '#EXT-X-DISCONTINUITY') segment.isDiscontinuity = true;
    else if (tag === '#EXT-X-PROGRAM-DATE-TIME') segment.programDateTime = value;
    else if (tag === '#EXT-X-GAP') segment.isGap = true;
    else if (tag === '#EXTINF') segment.durationSeconds = Number.parseFloat(value);
    else if (tag === '#EXT-X-PART') segment.parts.push(readPart(readAttributes(value)));
    else if (!line.startsWith('#')) {
      segment.uri = line;
      segments.push(segment);
      segment = emptySegment(segment.sequenceNumber + 1, mapUri);
      isTouched = false;
      continue;
    } else continue;
    isTouched = true;
  }
  return isTouched && segment.parts.length > 0 ? [...segments, segment] : segments;
}

function emptySegment(sequenceNumber: number, mapUri: string | undefined): ReadSegment {
  return {
    sequenceNumber,
    uri: undefined,
    durationSeconds: undefined,
    programDateTime: undefined,
    isDiscontinuity: false,
    isGap: false,
    mapUri,
    parts: [],
    lateTags: [],
  };
}

function readPart(attributes: Attributes): ReadPart {
  return {
    uri: attributes.URI ?? '',
    durationSeconds: Number(attributes.DURATION),
    isIndependent: attributes.INDEPENDENT === 'YES',
    isGap: attributes.GAP === 'YES',
  };
}

/** RFC 8216bis §4.2: attribute lists; quotes are taken off. */
export function readAttributes(list: string): Attributes {
  const pairs = [...list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value.replace(/^"|"$/g, '')]));
}
