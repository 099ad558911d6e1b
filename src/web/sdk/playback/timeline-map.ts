/** A point where media time and the wall clock are known together, from the `init` message. */
export interface TimelineAnchor {
  readonly mediaTimeSeconds: number;
  readonly captureTimeMs: number;
  /** Where it is the same, media times are of one clock. Undefined: the server names none. */
  readonly clock?: string | undefined;
}

interface Timeline extends TimelineAnchor {
  /** Where it begins on the element's timeline. */
  readonly fromSeconds: number;
  /** Added to media time to get the element's time. */
  readonly offsetSeconds: number;
}

/** Two anchors of one timeline may differ by rounding and by the server's smoothing of its clock. */
const sameTimelineMs = 250;
const maxTimelines = 8;
/** Longer ones are shortened to this: the viewer jumps over it. */
const longestHoleSeconds = 0.2;

/** Places timelines one after another on the element's own, and knows when the media at each of its times was captured. */
export class TimelineMap {
  #timelines: Timeline[] = [];

  /**
   * @param firstMediaSeconds decode time of the first fragment
   * @param edgeSeconds end of what is buffered, where its shorter track ends; undefined: nothing
   * @param isSame the same timeline in another rendition: every picture stays at its time
   * @returns the offset to add to media time
   */
  place(anchor: TimelineAnchor, firstMediaSeconds: number, edgeSeconds: number | undefined, isSame = false): number {
    const current = this.#timelines.at(-1);
    if (current !== undefined && edgeSeconds !== undefined && this.#continues(current, anchor)) {
      if (isSame) return current.offsetSeconds;
      const firstSeconds = firstMediaSeconds + current.offsetSeconds;
      // After a reconnect the server repeats from the last keyframe: let it overwrite its own copy.
      if ((firstSeconds >= current.fromSeconds || anchor.clock !== undefined) && firstSeconds <= edgeSeconds) return current.offsetSeconds;
    }
    const fromSeconds = (edgeSeconds ?? 0) + this.#holeSeconds(firstMediaSeconds, edgeSeconds);
    const offsetSeconds = fromSeconds - firstMediaSeconds;
    this.#timelines = [...this.#timelines, { ...anchor, fromSeconds, offsetSeconds }].slice(-maxTimelines);
    return offsetSeconds;
  }

  /** Media time of what stands there, by the newest timeline; undefined before there was one. */
  mediaSeconds(elementSeconds: number): number | undefined {
    const current = this.#timelines.at(-1);
    return current && elementSeconds - current.offsetSeconds;
  }

  /** A better estimate for the newest timeline; nothing moves on the element. */
  correct(anchor: TimelineAnchor): void {
    const { mediaTimeSeconds, captureTimeMs } = anchor;
    this.#timelines = this.#timelines.map((each, index, all) =>
      index === all.length - 1 ? { ...each, mediaTimeSeconds, captureTimeMs } : each,
    );
  }

  /** Wall clock (ms since the epoch, the server's) at which the media shown at this time of the element was captured. */
  captureTimeMs(elementSeconds: number): number | undefined {
    const timeline = this.#timelines.findLast((each) => each.fromSeconds <= elementSeconds) ?? this.#timelines[0];
    if (timeline === undefined) return undefined;
    const mediaSeconds = elementSeconds - timeline.offsetSeconds;
    return timeline.captureTimeMs + (mediaSeconds - timeline.mediaTimeSeconds) * 1000;
  }

  /**
   * What is left between two timelines. On the server's clock each track goes on behind its own end; put right behind the shorter one,
   * the first picture could come before the last one that was decoded, and browsers then go on at the next keyframe.
   */
  #holeSeconds(firstMediaSeconds: number, edgeSeconds: number | undefined): number {
    const current = this.#timelines.at(-1);
    if (current === undefined || edgeSeconds === undefined) return 0;
    return Math.min(Math.max(0, firstMediaSeconds + current.offsetSeconds - edgeSeconds), longestHoleSeconds);
  }

  #continues(current: Timeline, anchor: TimelineAnchor): boolean {
    if (current.clock !== undefined && anchor.clock !== undefined) return current.clock === anchor.clock;
    const epochMs = (each: TimelineAnchor): number => each.captureTimeMs - each.mediaTimeSeconds * 1000;
    return Math.abs(epochMs(current) - epochMs(anchor)) <= sameTimelineMs;
  }
}
