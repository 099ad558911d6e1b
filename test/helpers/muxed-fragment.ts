import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { box } from './media-builder.js';

/** The samples of one track in a fragment. */
export interface MuxedRun {
  readonly trackId: number;
  /** Decode time of the first sample; the others have the same. */
  readonly ticks: number;
  readonly samples: readonly string[];
  readonly keyframe?: boolean;
  /** From decode to presentation time. */
  readonly compositionOffset?: number;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** A moof and its mdat as ffmpeg writes them, with several tracks in one: each run says how large its samples are and where they lie. */
export function muxedBytes(runs: readonly MuxedRun[]): Buffer {
  const flagsOf = (keyframe: boolean): number => (keyframe ? 0x02000000 : 0x01010000);
  const trun = ({ samples, keyframe = true, compositionOffset = 0 }: MuxedRun, dataAt: number): Buffer =>
    box('trun', [words(0x000a05, samples.length, dataAt, flagsOf(keyframe), ...samples.flatMap(({ length }) => [length, compositionOffset]))]);
  const traf = (run: MuxedRun, dataAt: number): Buffer => box('traf', [box('tfhd', [words(0x020000, run.trackId)]), box('tfdt', [words(0x01000000, 0, run.ticks)]), trun(run, dataAt)]);
  const data = runs.map(({ samples }) => Buffer.from(samples.join('')));
  const moofFrom = (from: number): Buffer => box('moof', [box('mfhd', [words(0, 7)]), ...runs.map((run, index) => traf(run, from + Buffer.concat(data.slice(0, index)).length))]);
  return Buffer.concat([moofFrom(moofFrom(0).length + 8), box('mdat', data)]);
}

/** The same, read back. */
export function muxedFragment(runs: readonly MuxedRun[]): Fragment {
  const [event] = new FragmentReader().push(muxedBytes(runs));
  if (event?.type !== 'fragment') throw new Error('expected a fragment');
  return event.fragment;
}
