import type { Fragment } from '../../src/fmp4/fragment.js';
import { Segmenter, type Cut, type CutPart } from '../../src/hls/segmenter.js';
import { fragment, tracksOf, type Sample } from './media-builder.js';

export interface CutTiming {
  readonly segmentTargetSeconds: number;
  readonly partTargetSeconds: number;
  readonly targetDurationSeconds: number;
}

export interface CutRun {
  readonly fragments: readonly { readonly fragment: Fragment; readonly samples: readonly Sample[] }[];
  readonly cuts: readonly Cut[];
  readonly segments: readonly CutSegment[];
  /** What the segmenter said beforehand that it can't publish. */
  readonly refused: ReadonlySet<Fragment>;
}

export interface CutSegment {
  readonly parts: readonly CutPart[];
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** It stands after a hole. */
  readonly discontinuity: boolean;
}

/** A scripted source, one fragment a sample. */
export function fragmentsOf(samples: readonly Sample[]): CutRun['fragments'] {
  return samples.map((sample, index) => ({ fragment: fragment([sample], index), samples: [sample] }));
}

/** Cuts a scripted source from its first byte to its end. */
export function cutSource(samples: readonly Sample[], timing: CutTiming, fragments = fragmentsOf(samples)): CutRun {
  const segmenter = new Segmenter({ ...timing, tracks: tracksOf(samples) });
  const refused = new Set<Fragment>();
  const cuts = fragments.flatMap((each) => {
    if (!segmenter.accepts(each.fragment)) refused.add(each.fragment);
    return segmenter.push(each.fragment);
  });
  cuts.push(...segmenter.end());
  return { fragments, cuts, segments: segmentsOf(cuts), refused };
}

/** Whatever breaks a law of cutting, in words. */
export function* lawsBroken(run: CutRun, timing: CutTiming): Generator<string> {
  const { segments } = run;
  const { partTargetSeconds, targetDurationSeconds } = timing;
  const keyframes = leadKeyframes(run);
  const samples = new Map(run.fragments.map((each) => [each.fragment, each.samples]));
  for (const [number, { parts, durationSeconds, startSeconds, discontinuity }] of segments.entries()) {
    // RFC 8216bis §4.4.3.1.
    if (Math.round(durationSeconds) > targetDurationSeconds) yield `segment ${number} lasts ${durationSeconds} s`;
    for (const [index, part] of parts.entries()) {
      const where = `part ${number}.${index} of ${part.durationSeconds} s`;
      // RFC 8216bis §4.4.4.9.
      if (part.durationSeconds > partTargetSeconds + 1e-9) yield `${where} is too long`;
      const mayBeShort = part.independent || index === parts.length - 1;
      if (!mayBeShort && part.durationSeconds < 0.85 * partTargetSeconds) yield `${where} is too short`;
      if (part.durationSeconds <= 0) yield `${where} lasts no time`;
      if (part.fragments.length === 0) yield `${where} has no media`;
      if (part.independent !== part.fragments.some((each) => keyframes.has(each))) yield `${where} is marked wrongly`;
      const previous = parts[index - 1];
      if (previous && Math.abs(previous.startSeconds + previous.durationSeconds - part.startSeconds) > 1e-6) yield `${where} does not join`;
    }
    const before = segments[number - 1];
    const gap = before ? startSeconds - before.startSeconds - before.durationSeconds : 0;
    if (!discontinuity && Math.abs(gap) > 1e-6) yield `segment ${number} begins ${gap} s after the one before`;
    // RFC 8216bis §4.4.2.2, EXT-X-INDEPENDENT-SEGMENTS.
    const pictures = parts.flatMap((part) => part.fragments.flatMap((each) => samples.get(each) ?? [])).filter(({ track }) => track.kind === 'video');
    if (pictures[0]?.keyframe === false) yield `segment ${number} shows a picture before its first keyframe`;
  }
  yield* leftOut(run);
}

/** Everything from the first keyframe on is in exactly one part, in order, but for what was refused; only after a hole is a keyframe waited for. */
function* leftOut({ fragments, cuts, refused }: CutRun): Generator<string> {
  const known = new Map(fragments.map((each, index) => [each.fragment, index]));
  const placed = cuts.flatMap((cut) => (cut.type === 'part' ? cut.fragments.flatMap((each) => known.get(each) ?? []) : []));
  const first = placed[0] ?? 0;
  if (placed.some((place, index) => index > 0 && place <= (placed[index - 1] ?? 0))) yield 'fragments are out of order or doubled';
  if (cuts.some((cut) => cut.type === 'discontinuity')) return;
  const missing = fragments.length - first - refused.size - placed.length;
  if (missing !== 0) yield `${missing} fragments are in no part`;
}

function segmentsOf(cuts: readonly Cut[]): CutSegment[] {
  const segments: CutSegment[] = [];
  let parts: CutPart[] = [];
  let discontinuity = false;
  for (const cut of cuts) {
    if (cut.type === 'part') parts.push(cut);
    else if (cut.type === 'discontinuity') discontinuity = true;
    else {
      const durationSeconds = parts.reduce((sum, part) => sum + part.durationSeconds, 0);
      segments.push({ parts, startSeconds: parts[0]?.startSeconds ?? NaN, durationSeconds, discontinuity });
      parts = [];
      discontinuity = false;
    }
  }
  if (parts.length > 0) throw new Error('expected the last segment to be ended');
  return segments;
}

/** Keyframes of the picture; without one, all sound. */
function leadKeyframes({ fragments }: CutRun): ReadonlySet<Fragment> {
  const withPicture = fragments.some(({ samples }) => samples[0]?.track.kind === 'video');
  const isLead = ({ track, keyframe }: Sample): boolean => keyframe && (track.kind === 'video' || !withPicture);
  return new Set(fragments.flatMap(({ fragment: each, samples }) => (samples.some(isLead) ? [each] : [])));
}
