import { numberBefore, numberOf, setNumber } from './fragment-numbers.js';
import type { Fragment } from './fragment.js';
import { leadOf, type Track } from './init-segment.js';

/**
 * The same fragments, the first sound before the first picture. Where media begins anew, the sound that came before the first keyframe is
 * left out; behind that hole in the sound browsers leave out everything in the same buffer up to the next keyframe (Media Source
 * Extensions §3.5.8, step 6), pictures too: so the keyframe has to come behind the hole. Not for everywhere: VLC stands still for a moment
 * where sound that goes on comes out of its turn. Numbers rise as before; the sound that gets another one is a copy.
 */
export function soundFirst(fragments: readonly Fragment[], tracks: readonly Track[]): readonly Fragment[] {
  const lead = leadOf(tracks);
  if (lead?.kind !== 'video') return fragments;
  const at = fragments.findIndex(({ runs }) => runs.some(({ trackId, sampleCount }) => trackId !== lead.trackId && sampleCount > 0));
  const sound = fragments[at];
  // Sound that comes with a picture in one fragment stays: later sound would be moved before it. The first one comes alone: see `TracksApart`.
  if (!sound || at === 0 || sound.runs.some(({ trackId }) => trackId === lead.trackId)) return fragments;
  const first = { bytes: Buffer.from(sound.bytes), runs: sound.runs };
  setNumber(first, numberBefore(numberOf(fragments[0] ?? sound)));
  return [first, ...fragments.slice(0, at), ...fragments.slice(at + 1)];
}
