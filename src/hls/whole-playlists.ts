import { canSkipUntilSeconds, holdBackSeconds, segmentLines, seconds, type PlaylistTiming } from './media-playlist.js';
import type { SegmentFacts } from './whole-segment.js';

/** What playlists of whole segments, without parts, are made of. */
export interface WholeSegments {
  readonly targetDurationSeconds: number;
  readonly discontinuitySequence: number;
  /** In order. */
  readonly segments: readonly SegmentFacts[];
  readonly ended: boolean;
}

/**
 * The longer playlist of a broadcast that goes on: players begin near its end and may go back to its beginning.
 * @param delta leaves out what the client has (RFC 8216bis §6.2.5.1)
 */
export function writeRewindPlaylist(list: WholeSegments, timing: PlaylistTiming, { delta = false } = {}): string {
  const { segments, ended } = list;
  // As in the short playlist: hls.js 1.6.2 stands still at a delta update with a discontinuity in it.
  const isSkippable = delta && !ended && !segments.some(({ discontinuity }) => discontinuity);
  const skipped = isSkippable ? countOlderThan(segments, canSkipUntilSeconds(timing)) : 0;
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${list.targetDurationSeconds}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(canSkipUntilSeconds(timing))},HOLD-BACK=${seconds(holdBackSeconds(timing))}`,
    // RFC 8216bis §4.4.2.2: without it players that do not know HOLD-BACK may begin two hours ago.
    ...(ended ? [] : [`#EXT-X-START:TIME-OFFSET=-${seconds(holdBackSeconds(timing))}`]),
    ...numbers(list),
    ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
    ...listLines(segments, skipped),
  ];
  return text(lines, ended);
}

/** All of a recording: nothing leaves it, and while it still grows it says so. RFC 8216bis §4.4.3.5. */
export function writeRecordingPlaylist(list: WholeSegments): string {
  const type = `#EXT-X-PLAYLIST-TYPE:${list.ended ? 'VOD' : 'EVENT'}`;
  return text(['#EXTM3U', '#EXT-X-VERSION:6', `#EXT-X-TARGETDURATION:${list.targetDurationSeconds}`, type, ...numbers(list), ...listLines(list.segments, 0)], list.ended);
}

/** The first keyframe of each segment, as a range of it: what a player shows while somebody looks for a place. RFC 8216bis §4.4.3.6. */
export function writeKeyframePlaylist(list: WholeSegments): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6', `#EXT-X-TARGETDURATION:${list.targetDurationSeconds}`, ...numbers(list), '#EXT-X-I-FRAMES-ONLY', ...listLines(list.segments, 0, true)];
  return text(lines, list.ended);
}

function numbers({ segments, discontinuitySequence }: WholeSegments): string[] {
  return [`#EXT-X-MEDIA-SEQUENCE:${segments[0]?.mediaSequence ?? 0}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`];
}

function listLines(segments: readonly SegmentFacts[], skipped: number, keyframesAlone = false): string[] {
  const lines: string[] = [];
  // After skipped segments the client knows which EXT-X-MAP is in force.
  let mapUri = skipped > 0 ? segments[skipped - 1]?.mapUri : undefined;
  for (let index = skipped; index < segments.length; index++) {
    const segment = segments[index];
    if (!segment) continue;
    const { durationSeconds, keyframe, gap, uri } = segment;
    lines.push(...segmentLines(segment, mapUri));
    mapUri = segment.mapUri;
    if (gap || (keyframesAlone && !keyframe)) lines.push('#EXT-X-GAP');
    lines.push(`#EXTINF:${seconds(durationSeconds)},`);
    if (keyframesAlone && keyframe) lines.push(`#EXT-X-BYTERANGE:${keyframe.byteLength}@${keyframe.start}`);
    lines.push(uri);
  }
  return lines;
}

function text(lines: readonly string[], ended: boolean): string {
  return `${[...lines, ...(ended ? ['#EXT-X-ENDLIST'] : [])].join('\n')}\n`;
}

/** How many of the first segments end more than `distanceSeconds` before the end of the list. */
function countOlderThan(segments: readonly SegmentFacts[], distanceSeconds: number): number {
  let distance = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    if (distance > distanceSeconds) return index + 1;
    distance += segments[index]?.durationSeconds ?? 0;
  }
  return 0;
}
