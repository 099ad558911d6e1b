/** As much of a media playlist as places in it need; hls.js keeps it, and moves `start` as it learns the media's own times. */
export interface SeekableList {
  readonly fragments: readonly SeekableSegment[];
}

export interface SeekableSegment {
  /** On the element's timeline. */
  readonly start: number;
  readonly duration: number;
  /** In ms since 1970 UTC; null where the playlist tells none. */
  readonly programDateTime: number | null;
}

/** Somebody who goes to the end of the list has so much to play until there is more. */
const beforeEndSeconds = 1;

/** Where the list begins, by the scale of `PlayerPlace`. @param dated by capture dates, not from the beginning */
export function startSecondsOf({ fragments }: SeekableList, dated: boolean): number {
  const first = fragments[0];
  return first === undefined || !dated ? 0 : dateOf(first);
}

export function endSecondsOf(list: SeekableList, dated: boolean): number {
  const last = list.fragments.at(-1);
  if (last === undefined) return 0;
  return dated ? dateOf(last) + last.duration : last.start + last.duration - originOf(list);
}

/** The place of a time of the element. */
export function secondsAt(list: SeekableList, time: number, dated: boolean): number {
  if (!dated) return Math.max(0, time - originOf(list));
  const { fragments } = list;
  const found = fragments.findLast(({ start }) => start <= time) ?? fragments[0];
  return found === undefined ? 0 : dateOf(found) + time - found.start;
}

/** The time of the element for a place; one that is not listed is brought to the nearest that is. */
export function positionAt(list: SeekableList, seconds: number, dated: boolean): number {
  const { fragments } = list;
  const [first, last] = [fragments[0], fragments.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const end = Math.max(first.start, last.start + last.duration - beforeEndSeconds);
  const wanted = dated ? datedPosition(fragments, seconds) : originOf(list) + seconds;
  return Math.min(end, Math.max(first.start, wanted));
}

/** Dates may jump where the source paused: a date between two segments is the later one's beginning. */
function datedPosition(fragments: readonly SeekableSegment[], seconds: number): number {
  const found = fragments.findLast((fragment) => dateOf(fragment) <= seconds) ?? fragments[0];
  if (found === undefined) return 0;
  return found.start + Math.min(found.duration, Math.max(0, seconds - dateOf(found)));
}

function originOf({ fragments }: SeekableList): number {
  return fragments[0]?.start ?? 0;
}

function dateOf({ programDateTime }: SeekableSegment): number {
  return (programDateTime ?? 0) / 1000;
}
