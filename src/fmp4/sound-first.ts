import { findBox } from '../isobmff/boxes.js';
import { uint32 } from '../isobmff/numbers.js';
import type { Fragment } from './fragment.js';
import { leadOf, type Track } from './init-segment.js';
import { retimed } from './retime.js';

/**
 * The same fragments, the first sound before the first picture. Where media begins anew, the sound that came before the first keyframe is
 * left out; behind that hole in the sound browsers leave out everything in the same buffer up to the next keyframe (Media Source
 * Extensions §3.5.8, step 6), pictures too: so the keyframe has to come behind the hole. Not for everywhere: VLC stands still for a moment
 * where sound that goes on comes out of its turn. Numbers rise as before (ISO/IEC 14496-12 §8.8.5); fragments that get another one are copies.
 */
export function soundFirst(fragments: readonly Fragment[], tracks: readonly Track[]): readonly Fragment[] {
  const lead = leadOf(tracks);
  if (lead?.kind !== 'video') return fragments;
  const at = fragments.findIndex(({ runs }) => runs.some(({ trackId, sampleCount }) => trackId !== lead.trackId && sampleCount > 0));
  const sound = fragments[at];
  // Sound that comes with a picture in one fragment stays: later sound would be moved before it. The first one comes alone: see `TracksApart`.
  if (!sound || at === 0 || sound.runs.some(({ trackId }) => trackId === lead.trackId)) return fragments;
  const numbers = fragments.map(sequenceNumber);
  const inOrder = [sound, ...fragments.slice(0, at), ...fragments.slice(at + 1)];
  return inOrder.map((fragment, index) => numberedCopy(fragment, numbers[index] ?? 0));
}

function sequenceNumber({ bytes }: Fragment): number {
  const mfhd = findBox(bytes, ['moof', 'mfhd']);
  return mfhd ? uint32(bytes, mfhd.start + 4) : 0;
}

function numberedCopy(fragment: Fragment, number: number): Fragment {
  if (sequenceNumber(fragment) === number) return fragment;
  return retimed({ bytes: Buffer.from(fragment.bytes), runs: fragment.runs }, number, ({ baseMediaDecodeTime }) => ({ baseMediaDecodeTime }));
}
