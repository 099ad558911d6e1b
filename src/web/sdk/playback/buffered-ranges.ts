export interface BufferedRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Appends of neighbouring fragments may leave holes of a frame or so that are no holes to a viewer. */
const seamSeconds = 0.05;

/**
 * A plain copy of the browser's `TimeRanges`, with seams between neighbours closed.
 * @param seam 0: exactly what it says
 */
export function readRanges(ranges: Pick<TimeRanges, 'length' | 'start' | 'end'>, seam = seamSeconds): BufferedRange[] {
  const result: BufferedRange[] = [];
  for (let index = 0; index < ranges.length; index += 1) {
    const startSeconds = ranges.start(index);
    const endSeconds = ranges.end(index);
    const previous = result.at(-1);
    if (previous !== undefined && startSeconds - previous.endSeconds <= seam) {
      result[result.length - 1] = { startSeconds: previous.startSeconds, endSeconds };
    } else {
      result.push({ startSeconds, endSeconds });
    }
  }
  return result;
}

/** Seconds that can be played from here without a hole; 0 outside of every range. */
export function forwardSeconds(ranges: readonly BufferedRange[], atSeconds: number): number {
  const range = ranges.find((each) => each.startSeconds - seamSeconds <= atSeconds && atSeconds < each.endSeconds);
  return range === undefined ? 0 : range.endSeconds - atSeconds;
}

/** Where the newest media ends; undefined while nothing is buffered. */
export function liveEdgeSeconds(ranges: readonly BufferedRange[]): number | undefined {
  return ranges.at(-1)?.endSeconds;
}

/** With up to so much in hand browsers were seen to wait for what comes next. */
const waitsWithSeconds = 0.5;

/**
 * Where to go on when playback stands before a hole: the start of the next range, once so little is left
 * before the hole that the browser will not play it by itself.
 * @param ranges as the browser says them: what most play over without a word, one may wait before
 * @param waits the browser says that it does not play on
 */
export function jumpOverHole(ranges: readonly BufferedRange[], atSeconds: number, waits = false): number | undefined {
  const next = ranges.find((each) => each.startSeconds > atSeconds);
  if (next === undefined) return undefined;
  const present = ranges.find((each) => each.startSeconds <= atSeconds && atSeconds < each.endSeconds);
  const inHandSeconds = present === undefined ? 0 : present.endSeconds - atSeconds;
  const holeSeconds = next.startSeconds - (present?.endSeconds ?? atSeconds);
  if (inHandSeconds > (waits ? waitsWithSeconds : 2 * seamSeconds) || (!waits && holeSeconds <= seamSeconds)) return undefined;
  // A little inside: browsers round the seek, and a position just before the range would stall again.
  return next.startSeconds + 0.001;
}
