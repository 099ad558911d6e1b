import type { Fragment } from '../fmp4/fragment.js';
import { leadOf } from '../fmp4/init-segment.js';
import type { Timeline } from '../hls/presentation.js';
import { FragmentBurst } from './fragment-burst.js';
import { reachOf, soundEndOf, type Reach } from './reach.js';

/** A burst that may be sent later, with all that has to be known of it then. */
export interface Held {
  readonly burst: FragmentBurst;
  readonly timeline: Timeline;
  readonly reach: Reach;
}

export function bytesOf(held: readonly Held[]): number {
  return held.reduce((sum, { burst }) => sum + burst.byteLength, 0);
}

/** From the beginning of the first to that of the last. */
export function secondsOf(held: readonly Held[]): number {
  return Math.max(0, (held.at(-1)?.reach.from ?? 0) - (held[0]?.reach.from ?? 0));
}

export function leadKind(timeline: Timeline | undefined): string | undefined {
  return timeline && leadOf(timeline.init.tracks)?.kind;
}

/** What is sound alone, and the rest, of what has a picture; undefined where there is none. */
export function soundApart(held: Held): { readonly sound: Held | undefined; readonly rest: Held | undefined } {
  const { burst, timeline } = held;
  const isSound = (fragment: Fragment): boolean => soundEndOf(fragment, timeline.init) !== undefined;
  const sound = leadKind(timeline) === 'video' ? burst.fragments.filter(isSound) : [];
  if (sound.length === 0) return { sound: undefined, rest: held };
  const rest = burst.fragments.filter((fragment) => !isSound(fragment));
  return { sound: heldOf(sound, false, timeline), rest: rest.length > 0 ? heldOf(rest, burst.startsWithKeyframe, timeline) : undefined };
}

/** Without the fragments of sound alone that end by then; undefined where nothing is left. */
export function withoutSoundUntil({ burst, timeline }: Held, untilSeconds: number): FragmentBurst | undefined {
  const kept = burst.fragments.filter((fragment) => (soundEndOf(fragment, timeline.init) ?? Infinity) > untilSeconds);
  if (kept.length === burst.fragments.length) return burst;
  return kept.length === 0 ? undefined : new FragmentBurst(kept, burst.startsWithKeyframe);
}

function heldOf(fragments: readonly Fragment[], startsWithKeyframe: boolean, timeline: Timeline): Held {
  return { burst: new FragmentBurst(fragments, startsWithKeyframe), timeline, reach: reachOf(fragments, timeline.init) };
}
