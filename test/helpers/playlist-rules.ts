import HLS from 'hls-parser';

import { readAttributes, type ReadPlaylist, type ReadSegment } from './playlist-reader.js';

/** What a rule finds wrong, in words; nothing when all is well. Sections are those of RFC 8216bis unless said otherwise. */
type Rule = (playlist: ReadPlaylist) => Iterable<string>;

/** Rules for one media playlist by itself. */
export const playlistRules: Readonly<Record<string, Rule>> = {
  // An independent reader must accept it.
  *'strict parser'({ text }) {
    HLS.setOptions({ strictMode: true, silent: true });
    try {
      HLS.parse(text);
    } catch (error) {
      yield String(error);
    }
  },

  // §4.4.1.1, §4.4.1.2, §8: one version, as low as the tags used allow.
  *'§4.4.1.2 version'({ lines, version, serverControl }) {
    if (lines[0] !== '#EXTM3U') yield `expected #EXTM3U first, got ${String(lines[0])}`;
    const count = lines.filter((line) => line.startsWith('#EXT-X-VERSION:')).length;
    if (count !== 1) yield `expected one EXT-X-VERSION, got ${String(count)}`;
    const needed = serverControl?.['CAN-SKIP-UNTIL'] !== undefined ? 9 : 6;
    if (version < 6 || version > needed) yield `expected version ${String(needed)} at most and 6 at least, got ${String(version)}`;
  },

  // §4.4.3.1; Apple's authoring specification: no segment more than 0.5 s over.
  *'§4.4.3.1 target duration'({ targetDurationSeconds, segments }) {
    if (!Number.isInteger(targetDurationSeconds) || targetDurationSeconds < 1) yield `expected a positive integer, got ${String(targetDurationSeconds)}`;
    for (const { durationSeconds, sequenceNumber } of segments) {
      if (durationSeconds !== undefined && Math.round(durationSeconds) > targetDurationSeconds) {
        yield `segment ${String(sequenceNumber)} lasts ${String(durationSeconds)} s, the target duration is ${String(targetDurationSeconds)}`;
      }
    }
  },

  // §4.4.3.3: from the start on in any playlist that may ever carry a discontinuity.
  *'§4.4.3.3 discontinuity sequence'({ discontinuitySequence }) {
    if (discontinuitySequence === undefined) yield 'expected EXT-X-DISCONTINUITY-SEQUENCE';
  },

  // §4.4.4.5, §4.4.4.9: what describes a segment stands before its first part.
  *'§4.4.4.5 init segment'({ segments }) {
    for (const { sequenceNumber, mapUri, lateTags } of segments) {
      if (mapUri === undefined) yield `segment ${String(sequenceNumber)} has no EXT-X-MAP`;
      for (const tag of lateTags) yield `${tag} of segment ${String(sequenceNumber)} stands after its first part`;
    }
  },

  // §4.4.4.6 and appendix B.1: on every segment, to the millisecond, with a zone, and in step with the durations.
  *'§4.4.4.6 program date time'({ segments }) {
    for (const [index, segment] of segments.entries()) {
      const { programDateTime, sequenceNumber } = segment;
      if (programDateTime === undefined) yield `segment ${String(sequenceNumber)} has no EXT-X-PROGRAM-DATE-TIME`;
      else if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}(Z|[+-]\d\d:?\d\d)$/.test(programDateTime)) {
        yield `segment ${String(sequenceNumber)}: expected milliseconds and a zone, got ${programDateTime}`;
      }
      const previous = segments[index - 1];
      if (previous?.durationSeconds === undefined || segment.isDiscontinuity) continue;
      const stepSeconds = (Date.parse(programDateTime ?? '') - Date.parse(previous.programDateTime ?? '')) / 1_000;
      if (!(Math.abs(stepSeconds - previous.durationSeconds) <= 0.05)) {
        yield `segment ${String(sequenceNumber)} is dated ${String(stepSeconds)} s after one that lasts ${String(previous.durationSeconds)} s`;
      }
    }
  },

  // §4.4.3.5, §6.2.2: a sliding window has no type; nothing is hinted once it ended.
  *'§4.4.3.4 end'({ lines, hasEnded, preloadHints }) {
    if (lines.some((line) => line.startsWith('#EXT-X-PLAYLIST-TYPE'))) yield 'a live playlist has an EXT-X-PLAYLIST-TYPE';
    if (hasEnded && preloadHints.length > 0) yield 'an ended playlist hints at more';
    if (hasEnded && lines.at(-1) !== '#EXT-X-ENDLIST') yield 'expected EXT-X-ENDLIST last';
  },

  // §4.4.3.7, §4.4.4.9: parts need their target, and the server must say what it can do.
  *'§4.4.3.7 part information'({ segments, partTargetSeconds, serverControl }) {
    const hasParts = segments.some(({ parts }) => parts.length > 0);
    if (!hasParts) return;
    if (partTargetSeconds === undefined) yield 'parts without EXT-X-PART-INF';
    if (serverControl?.['CAN-BLOCK-RELOAD'] !== 'YES') yield 'parts without CAN-BLOCK-RELOAD=YES';
    if (serverControl?.['PART-HOLD-BACK'] === undefined) yield 'parts without PART-HOLD-BACK';
  },

  // §4.4.4.9: at most the target; at least 85 % of it but for the exceptions named there.
  *'§4.4.4.9 part durations'({ segments, partTargetSeconds = Infinity }) {
    for (const { sequenceNumber, parts, uri } of segments) {
      for (const [index, part] of parts.entries()) {
        const where = `part ${String(sequenceNumber)}.${String(index)} of ${String(part.durationSeconds)} s`;
        if (part.durationSeconds > partTargetSeconds) yield `${where} is longer than ${String(partTargetSeconds)} s`;
        const isLast = index === parts.length - 1 && uri !== undefined;
        const mayBeShort = isLast || part.isIndependent || part.isGap || parts[index + 1]?.isGap;
        // The newest part of an open segment may turn out to be its last.
        const mayBecomeLast = index === parts.length - 1 && uri === undefined;
        if (!mayBeShort && !mayBecomeLast && part.durationSeconds < partTargetSeconds * 0.85) yield `${where} is shorter than 85 % of the target`;
      }
    }
  },

  // §4.4.4.9: a segment is the sum of its parts.
  *'§4.4.4.9 sum of parts'({ segments }) {
    for (const { sequenceNumber, parts, durationSeconds, uri } of segments) {
      if (uri === undefined || durationSeconds === undefined || parts.length === 0) continue;
      const sum = parts.reduce((seconds, part) => seconds + part.durationSeconds, 0);
      if (Math.abs(sum - durationSeconds) > 0.005) yield `segment ${String(sequenceNumber)} lasts ${String(durationSeconds)} s, its parts ${sum.toFixed(5)} s`;
    }
  },

  // §6.2.2: parts are listed only near the live edge.
  *'§6.2.2 old parts'({ segments, targetDurationSeconds }) {
    let fromEndSeconds = 0;
    for (const { sequenceNumber, parts, durationSeconds, uri } of segments.toReversed()) {
      if (parts.length > 0 && uri !== undefined && fromEndSeconds > 3 * targetDurationSeconds + 0.001) {
        yield `segment ${String(sequenceNumber)} still lists parts, ${String(fromEndSeconds)} s from the end`;
      }
      fromEndSeconds += durationSeconds ?? parts.reduce((seconds, part) => seconds + part.durationSeconds, 0);
    }
  },

  // §6.2.2: what leaves the list leaves three target durations behind, and where a player is told to start is in it.
  *'§6.2.2 window'({ segments, mediaSequence, targetDurationSeconds, serverControl, hasEnded, skippedSegments }) {
    if (mediaSequence === 0 || hasEnded || skippedSegments > 0) return;
    const listedSeconds = segments.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);
    const leastSeconds = Math.max(3 * targetDurationSeconds, Number(serverControl?.['HOLD-BACK'] ?? 0));
    if (listedSeconds < leastSeconds - 0.001) yield `lists ${listedSeconds.toFixed(3)} s, expected ${String(leastSeconds)} at least`;
  },

  // §4.4.3.8; Apple's authoring specification 14.3 for the factor of three.
  *'§4.4.3.8 hold back'({ serverControl, targetDurationSeconds, partTargetSeconds }) {
    const atLeast = (name: string, seconds: number): string[] => {
      const value = serverControl?.[name];
      return value === undefined || Number(value) >= seconds - 1e-6 ? [] : [`expected ${name} of at least ${String(seconds)} s, got ${value}`];
    };
    yield* atLeast('HOLD-BACK', 3 * targetDurationSeconds);
    yield* atLeast('CAN-SKIP-UNTIL', 6 * targetDurationSeconds);
    if (partTargetSeconds !== undefined) yield* atLeast('PART-HOLD-BACK', 3 * partTargetSeconds);
  },

  // §4.4.5.3: exactly one coming part is hinted while live.
  *'§4.4.5.3 preload hint'({ preloadHints, partTargetSeconds, hasEnded, segments }) {
    if (partTargetSeconds === undefined || hasEnded) return;
    const hinted = preloadHints.filter((hint) => hint.TYPE === 'PART');
    if (hinted.length !== 1) yield `expected one hint at a part, got ${String(hinted.length)}`;
    const listed = segments.flatMap(({ parts }) => parts.map(({ uri }) => uri));
    for (const { URI: uri = '' } of hinted) if (listed.includes(uri)) yield `hints at ${uri}, which is listed already`;
  },
};

/** Rules for a later playlist of the same broadcast against an earlier one. */
export const seriesRules: Readonly<Record<string, (earlier: ReadPlaylist, later: ReadPlaylist) => Iterable<string>>> = {
  // §6.2.1, §4.4.3.7, §4.4.3.8: values a client relies on for the whole session.
  *'§6.2.1 frozen values'(earlier, later) {
    for (const tag of ['#EXT-X-TARGETDURATION', '#EXT-X-VERSION', '#EXT-X-PART-INF', '#EXT-X-SERVER-CONTROL']) {
      const [before, after] = [earlier, later].map(({ lines }) => lines.find((line) => line.startsWith(tag)));
      if (before !== after) yield `${String(before)} became ${String(after)}`;
    }
  },

  // §6.2.2: the media sequence counts what left the window, one by one, and never goes back.
  *'§6.2.2 media sequence'(earlier, later) {
    if (later.mediaSequence < earlier.mediaSequence) yield `went back from ${String(earlier.mediaSequence)} to ${String(later.mediaSequence)}`;
    const [lastBefore, lastAfter] = [earlier, later].map(({ segments }) => segments.at(-1)?.sequenceNumber ?? -1);
    if ((lastAfter ?? 0) < (lastBefore ?? 0)) yield `segment ${String(lastBefore)} was withdrawn`;
  },

  // §6.2.1: what was said of a segment or part is never said otherwise.
  *'§6.2.1 nothing is repaired'(earlier, later) {
    const known = new Map(earlier.segments.map((segment) => [segment.sequenceNumber, segment]));
    for (const segment of later.segments) {
      const before = known.get(segment.sequenceNumber);
      if (before) yield* changes(before, segment);
    }
  },

  // §4.4.3.3: goes up by one for every discontinuity that left the window.
  *'§4.4.3.3 discontinuities counted'(earlier, later) {
    const left = earlier.segments.filter(({ sequenceNumber, isDiscontinuity }) => isDiscontinuity && sequenceNumber < later.mediaSequence).length;
    const expected = (earlier.discontinuitySequence ?? 0) + left;
    const isComparable = later.mediaSequence <= (earlier.segments.at(-1)?.sequenceNumber ?? 0) + 1;
    if (isComparable && later.discontinuitySequence !== expected) yield `expected ${String(expected)}, got ${String(later.discontinuitySequence)}`;
  },

  // §6.2.2: a client that held the playlist must find enough left; Apple's authoring specification 8.11: six segments.
  *'§6.2.2 window'(earlier, later) {
    if (later.mediaSequence === earlier.mediaSequence) return;
    const listed = later.segments.filter(({ uri }) => uri !== undefined);
    const seconds = listed.reduce((sum, { durationSeconds }) => sum + (durationSeconds ?? 0), 0);
    if (listed.length < 6) yield `only ${String(listed.length)} segments are left`;
    if (seconds < 3 * later.targetDurationSeconds) yield `only ${String(seconds)} s are left`;
  },
};

function* changes(before: ReadSegment, after: ReadSegment): Generator<string> {
  const where = `segment ${String(after.sequenceNumber)}`;
  for (const fact of ['uri', 'durationSeconds', 'programDateTime', 'mapUri', 'isDiscontinuity', 'isGap'] as const) {
    // The first segment of the window is told where its init segment is anew; an open one has no address yet, and is called a gap at its end.
    if (fact === 'isGap' && before.uri === undefined) continue;
    if (before[fact] !== undefined && before[fact] !== after[fact]) yield `${where}: ${fact} ${String(before[fact])} became ${String(after[fact])}`;
  }
  for (const [index, part] of before.parts.entries()) {
    const now = after.parts[index];
    if (after.parts.length > 0 && JSON.stringify(now) !== JSON.stringify(part)) yield `${where}: part ${String(index)} changed`;
  }
}

/** Every violation in a series of playlists of one broadcast: the rule it breaks, where it was first seen, and how often. */
export function violations(series: readonly ReadPlaylist[]): string[] {
  const found = new Map<string, { first: string; count: number }>();
  const note = (rule: string, index: number, fault: string): void => {
    const known = found.get(rule);
    if (known) known.count++;
    else found.set(rule, { first: `playlist ${String(index)}: ${fault}`, count: 1 });
  };
  for (const [index, playlist] of series.entries()) {
    for (const [name, rule] of Object.entries(playlistRules)) {
      for (const fault of rule(playlist)) note(name, index, fault);
    }
    const earlier = series[index - 1];
    if (!earlier) continue;
    for (const [name, rule] of Object.entries(seriesRules)) {
      for (const fault of rule(earlier, playlist)) note(name, index, fault);
    }
  }
  return [...[...found].map(([rule, { first, count }]) => `${rule}, ${String(count)} times, first in ${first}`), ...reusedUris(series)];
}

/** A media address never stands for other bytes. */
function* reusedUris(series: readonly ReadPlaylist[]): Generator<string> {
  const owners = new Map<string, string>();
  for (const { segments } of series) {
    for (const { sequenceNumber, uri, parts } of segments) {
      for (const [address, owner] of [
        [uri, String(sequenceNumber)] as const,
        ...parts.map((part, index) => [part.uri, `${String(sequenceNumber)}.${String(index)}`] as const),
      ]) {
        if (address === undefined) continue;
        const before = owners.get(address);
        if (before !== undefined && before !== owner) yield `${address} was ${before} and became ${owner}`;
        owners.set(address, owner);
      }
    }
  }
}

/** What is wrong with a multivariant playlist. §4.4.6.2, Apple's authoring specification 9. */
export function* multivariantViolations(text: string): Generator<string> {
  HLS.setOptions({ strictMode: true, silent: true });
  try {
    HLS.parse(text);
  } catch (error) {
    yield String(error);
  }
  const variants = [...text.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm)].map((match) => readAttributes(match[1] ?? ''));
  if (variants.length === 0) yield 'expected a variant';
  for (const variant of variants) {
    const { BANDWIDTH: peak, 'AVERAGE-BANDWIDTH': average, CODECS: codecs = '', 'FRAME-RATE': rate, RESOLUTION: size } = variant;
    if (!(Number(average) > 0 && Number(peak) >= Number(average))) yield `expected BANDWIDTH >= AVERAGE-BANDWIDTH > 0, got ${String(peak)} and ${String(average)}`;
    if (!/^(avc1\.[0-9a-f]{6}|mp4a\.40\.2)(,mp4a\.40\.2)?$/i.test(codecs)) yield `expected exact CODECS, got ${codecs}`;
    if (!codecs.startsWith('avc1')) continue;
    if (!/^\d+x\d+$/.test(size ?? '')) yield `expected a RESOLUTION, got ${String(size)}`;
    if (!/^\d+\.\d{3}$/.test(rate ?? '')) yield `expected a FRAME-RATE of three decimals, got ${String(rate)}`;
  }
}
