import { ofTrack } from '../fmp4/sound-alone.js';
import { FragmentReader } from '../fmp4/fragment-reader.js';
import type { Fragment } from '../fmp4/fragment.js';
import { leadOf, readInitSegment, type Track } from '../fmp4/init-segment.js';
import { readSamples } from '../fmp4/samples.js';

/** Presentation times of what a fragment holds of the lead, in ticks of its timescale. */
interface Shown {
  readonly fragment: Fragment;
  readonly earliest: number;
  readonly latest: number;
}

/**
 * The beginning of a segment, whole fragments of it. Pictures can come in another order than they are shown: it ends where each that is
 * shown before the end has come, and none of those that came is shown after one that is left out, so up to a few pictures later than asked for.
 * @param init its media initialization section
 * @param segment in the order of decode times
 * @param seconds how much of it, in presentation times
 * @throws {RangeError} when these are not fragmented MP4
 */
export function segmentUpTo(init: Buffer, segment: Buffer, seconds: number): Buffer {
  const { tracks } = readInitSegment(init);
  const lead = leadOf(tracks);
  const fragments = new FragmentReader().push(segment).flatMap((event) => (event.type === 'fragment' ? [event.fragment] : []));
  const shown = fragments.flatMap((fragment) => (lead ? shownOf(fragment, lead) : []));
  const [first] = shown;
  if (!lead || !first) return segment;
  const beginsAt = shown.reduce((earliest, other) => Math.min(earliest, other.earliest), first.earliest);
  const cut = firstLeftOut(shown, beginsAt + Math.round(seconds * lead.timescale));
  if (!cut) return segment;
  const kept = fragments.slice(0, fragments.indexOf(cut.fragment));
  // What came after the cut, and is heard before it.
  const late = fragments.slice(kept.length).flatMap((fragment) => heardBefore(fragment, tracks, lead, cut.earliest / lead.timescale));
  return Buffer.concat([...kept, ...late].map(({ bytes }) => bytes));
}

function shownOf(fragment: Fragment, { trackId }: Track): Shown[] {
  const times = readSamples(fragment).flatMap((sample) => (sample.trackId === trackId ? [sample.decodeTime + sample.compositionOffset] : []));
  return times.length === 0 ? [] : [{ fragment, earliest: Math.min(...times), latest: Math.max(...times) }];
}

/** From the end to the beginning, since it takes what comes earliest in all that follows. */
function firstLeftOut(shown: readonly Shown[], end: number): { readonly fragment: Fragment; readonly earliest: number } | undefined {
  const latestUpTo: number[] = [];
  for (const { latest } of shown) latestUpTo.push(Math.max(latest, latestUpTo.at(-1) ?? latest));
  let found: { fragment: Fragment; earliest: number } | undefined;
  let earliest = Infinity;
  for (let index = shown.length - 1; index > 0; index--) {
    const { fragment, earliest: own } = shown[index]!;
    earliest = Math.min(earliest, own);
    if (earliest < end) break;
    if ((latestUpTo[index - 1]!) < earliest) found = { fragment, earliest };
  }
  return found;
}

function heardBefore(fragment: Fragment, tracks: readonly Track[], lead: Track, endSeconds: number): Fragment[] {
  return tracks.flatMap(({ trackId, timescale }) => {
    const alone = trackId === lead.trackId ? undefined : ofTrack(fragment, trackId);
    const [run] = alone?.runs ?? [];
    return alone && run && run.baseMediaDecodeTime / timescale < endSeconds ? [alone] : [];
  });
}
