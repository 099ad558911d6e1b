import type { Smoothness } from '../../../test/helpers/smoothness.js';

type ShownPicture = Smoothness['frames'][number];

/** A line that was slow for a while; the times are those of the page that watched. */
export interface SlowWhile {
  readonly slowFromMs: number;
  readonly slowUntilMs: number;
  /** So long was it watched. */
  readonly untilMs: number;
}

export interface LineStory {
  /** From the line's change to the first smaller picture; undefined: none. */
  readonly downSeconds: number | undefined;
  /** Until the widest was shown again. */
  readonly upSeconds: number | undefined;
  /** Times without a new picture, while the line was slow and after. */
  readonly longestStallSeconds: number;
  readonly stalledSeconds: number;
  /** Numbers that did not rise. */
  readonly twice: number;
  readonly missing: number;
}

/** Nobody sees that two pictures are so far apart. */
const unseenMs = 200;

/** What a viewer saw of numbered pictures on a line that became slow and fast again. Pure. */
export function storyOf(frames: readonly ShownPicture[], { slowFromMs, slowUntilMs, untilMs }: SlowWhile): LineStory {
  const fromSlow = frames.filter(({ atMs }) => atMs >= slowFromMs && atMs <= untilMs);
  const before = frames.findLast(({ atMs }) => atMs < slowFromMs);
  const widest = before?.width ?? 0;
  const pairs = fromSlow.map((next, index) => [fromSlow[index - 1] ?? before ?? next, next] as const);
  const gaps = [...pairs.map(([one, next]) => next.atMs - one.atMs), untilMs - (fromSlow.at(-1)?.atMs ?? slowFromMs)];
  const stalls = gaps.filter((ms) => ms > unseenMs);
  const steps = pairs.map(([one, next]) => next.number - one.number);
  const down = fromSlow.find(({ width }) => width < widest);
  const up = fromSlow.find(({ atMs, width }) => down && atMs > slowUntilMs && width >= widest);
  return {
    downSeconds: down && (down.atMs - slowFromMs) / 1000,
    upSeconds: up && (up.atMs - slowUntilMs) / 1000,
    longestStallSeconds: Math.max(0, ...stalls) / 1000,
    stalledSeconds: stalls.reduce((sum, ms) => sum + ms, 0) / 1000,
    twice: steps.filter((step, index) => step <= 0 && pairs[index]?.[0] !== pairs[index]?.[1]).length,
    missing: steps.reduce((sum, step) => sum + Math.max(0, step - 1), 0),
  };
}
