/** One line of a media playlist's list: a whole segment, or the one being made. */
export interface SegmentEntry {
  readonly mediaSequence: number;
  readonly uri: string;
  /** The init segment that its media needs. */
  readonly mapUri: string;
  /** Its init segment, timeline or tracks differ from those of the segment before. */
  readonly discontinuity: boolean;
  /** Over its discontinuity the same tracks go on, on the same media time: with the init segment before it, it could be played, too. */
  readonly sameTracks?: boolean | undefined;
  readonly programDateTimeMs: number;
  /** Nothing of it can be had, RFC 8216bis §4.4.4.7. */
  readonly gap?: boolean | undefined;
  readonly parts: readonly PartEntry[];
  /** undefined while it is being made. */
  readonly durationSeconds?: number;
}

export interface PartEntry {
  readonly uri: string;
  readonly durationSeconds: number;
  readonly independent: boolean;
  /** Nothing of it can be had. */
  readonly gap?: true;
}

/** How far another rendition of the same presentation is, RFC 8216bis §4.4.5.4. */
export interface RenditionReport {
  /** Of its media playlist, seen from this one. */
  readonly uri: string;
  readonly mediaSequence: number;
  readonly part: number;
}

/** What is frozen before the first playlist, for the life of the broadcast (RFC 8216bis §4.4.3.1, §4.4.3.7, §4.4.3.8). */
export interface PlaylistTiming {
  /** Whole seconds. */
  readonly targetDurationSeconds: number;
  readonly partTargetSeconds: number;
}

export interface MediaPlaylistSnapshot {
  readonly timing: PlaylistTiming;
  readonly discontinuitySequence: number;
  /** In order; the open one, if any, is the last. */
  readonly segments: readonly SegmentEntry[];
  readonly ended: boolean;
  /** The part that comes next. */
  readonly preloadHintUri?: string;
  readonly reports?: readonly RenditionReport[];
}

/** RFC 8216bis §4.4.3.1: a segment's duration, rounded to the nearest integer, may not be longer than the target. */
export function longestSegmentSeconds({ targetDurationSeconds }: PlaylistTiming): number {
  return targetDurationSeconds + 0.5;
}

/** Three part targets: RFC 8216bis §4.4.3.8 asks for two at least and recommends three. */
export function partHoldBackSeconds({ partTargetSeconds }: PlaylistTiming): number {
  return 3 * partTargetSeconds;
}

/** RFC 8216bis §4.4.3.8: at least three target durations. */
export function holdBackSeconds({ targetDurationSeconds }: PlaylistTiming): number {
  return 3 * targetDurationSeconds;
}

/** The skip boundary; RFC 8216bis §4.4.3.8: at least six target durations. */
export function canSkipUntilSeconds({ targetDurationSeconds }: PlaylistTiming): number {
  return 6 * targetDurationSeconds;
}

/**
 * How many whole segments still list their parts, beside the open one: RFC 8216bis §4.4.4.9 allows three target
 * durations, and clients start much nearer to the edge than that.
 */
const wholeSegmentsWithParts = 2;

/** A whole media playlist as text, or, with `delta`, one that leaves out what the client has (RFC 8216bis §6.2.5.1). */
export function writeMediaPlaylist(snapshot: MediaPlaylistSnapshot, { delta = false } = {}): string {
  const { timing, segments, ended } = snapshot;
  // Players with hls.js 1.6.2 (Clappr) stand still at a delta update that has a discontinuity in it; leaving nothing out is always allowed.
  const isSkippable = delta && !ended && !segments.some(({ discontinuity }) => discontinuity);
  const skipped = isSkippable ? countSkippable(snapshot) : 0;
  const lines = [
    '#EXTM3U',
    // EXT-X-SKIP needs 9; EXT-X-MAP alone would need 6 (RFC 8216bis §8).
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${timing.targetDurationSeconds}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(canSkipUntilSeconds(timing))},` +
      `PART-HOLD-BACK=${seconds(partHoldBackSeconds(timing))},HOLD-BACK=${seconds(holdBackSeconds(timing))}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(timing.partTargetSeconds)}`,
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.mediaSequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${snapshot.discontinuitySequence}`,
  ];
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);

  const whole = segments.filter((segment) => segment.durationSeconds !== undefined).length;
  // After skipped segments the client knows which EXT-X-MAP is in force.
  let mapUri = skipped > 0 ? segments[skipped - 1]?.mapUri : undefined;
  for (const [index, segment] of segments.entries()) {
    if (index < skipped) continue;
    lines.push(...segmentLines(segment, mapUri));
    mapUri = segment.mapUri;
    if (index >= whole - wholeSegmentsWithParts && !ended) lines.push(...segment.parts.map(partLine));
    // Only now: the part that is hinted while it is made may not lie in a gap.
    if (segment.durationSeconds !== undefined && segment.gap) lines.push('#EXT-X-GAP');
    if (segment.durationSeconds !== undefined) lines.push(`#EXTINF:${seconds(segment.durationSeconds)},`, segment.uri);
  }
  if (ended) lines.push('#EXT-X-ENDLIST');
  else if (snapshot.preloadHintUri) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${snapshot.preloadHintUri}"`);
  for (const { uri, mediaSequence, part } of ended ? [] : (snapshot.reports ?? [])) {
    lines.push(`#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${mediaSequence},LAST-PART=${part}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * What stands before a segment's own media: how it joins, what it needs, and its date.
 * @param mapUri the init segment in force before it
 */
export function segmentLines({ discontinuity, mapUri: own, programDateTimeMs }: Omit<SegmentEntry, 'parts'>, mapUri: string | undefined): string[] {
  return [
    ...(discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(discontinuity || own !== mapUri ? [`#EXT-X-MAP:URI="${own}"`] : []),
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(Math.round(programDateTimeMs)).toISOString()}`,
  ];
}

function partLine({ durationSeconds, uri, independent, gap }: PartEntry): string {
  return `#EXT-X-PART:DURATION=${seconds(durationSeconds)},URI="${uri}"${independent ? ',INDEPENDENT=YES' : ''}${gap ? ',GAP=YES' : ''}`;
}

/** How many segments lie further from the end of the last whole segment than the skip boundary. */
function countSkippable({ segments, timing }: MediaPlaylistSnapshot): number {
  const whole = segments.filter((segment) => segment.durationSeconds !== undefined);
  return countOlderThan(whole, canSkipUntilSeconds(timing));
}

/** How many of the first segments end more than `distanceSeconds` before the end of the list. */
function countOlderThan(segments: readonly SegmentEntry[], distanceSeconds: number): number {
  let distance = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    if (distance > distanceSeconds) return index + 1;
    distance += durationOf(segments[index]);
  }
  return 0;
}

/** Of an open segment: what there is of it. */
function durationOf(segment: SegmentEntry | undefined): number {
  return segment?.durationSeconds ?? segment?.parts.reduce((sum, part) => sum + part.durationSeconds, 0) ?? 0;
}

/** Enough decimals for a sum over an hour to stay within a frame; trailing zeros say nothing. */
export function seconds(value: number): string {
  return String(Number(value.toFixed(5)));
}
