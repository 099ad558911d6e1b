import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Rendition } from '../hls/rendition.js';
import { ClockedTimeline } from './clocked-timeline.js';
import type { FragmentBus } from './fragment-bus.js';
import type { Take } from './take.js';
import type { MediaOutput } from './transcode-run.js';

export interface TakeOutputOptions {
  readonly take: Take;
  readonly bus: FragmentBus;
  readonly rendition: Rendition;
  /** Whether the playlists can go on with this fragment as it is. */
  readonly takes: (fragment: Fragment) => boolean;
  /** Something was published. */
  readonly onProgress: () => void;
}

/** One take's media on its way to the bus, on the wall clock, over all the transcoders it takes. */
export class TakeOutput implements MediaOutput {
  readonly #options: TakeOutputOptions;
  #timeline: ClockedTimeline | undefined;
  #startSeconds = 0;
  /** What the clock of the transcoder before says of media time 0. */
  #inheritedMs: number | undefined;

  constructor(options: TakeOutputOptions) {
    this.#options = options;
  }

  startTimeline(init: InitSegment, startSeconds = 0): void {
    const { take, bus, rendition } = this.#options;
    const before = this.#timeline;
    this.#inheritedMs = before && before.captureTimeMs + (startSeconds - this.#startSeconds) * 1000;
    this.#startSeconds = startSeconds;
    const startedAtMs = this.#inheritedMs ?? take.startedAtMs;
    this.#timeline = new ClockedTimeline({ init, startedAtMs, notBeforeMs: rendition.endTimeMs });
    bus.startTimeline(this.#timeline);
  }

  push(fragments: readonly Fragment[]): void {
    this.#publish(fragments);
  }

  offer(fragments: readonly Fragment[]): number {
    let taken = 0;
    for (const group of keyframesApart(fragments, this.#timeline?.init)) {
      const until = group.findIndex((fragment) => !this.#options.takes(fragment));
      // What is not taken comes again, encoded: nobody is to see it twice.
      const good = until < 0 ? group : group.slice(0, until);
      this.#publish(good);
      taken += good.length;
      if (good.length < group.length) break;
    }
    return taken;
  }

  /** All of it is published before the next clock is set. */
  endTimeline(): void {
    this.#options.bus.endTimeline();
    this.#options.onProgress();
  }

  #publish(fragments: readonly Fragment[]): void {
    const { take, bus, rendition, onProgress } = this.#options;
    this.#timeline?.arrived(fragments, take.captureTimeAt(this.#startSeconds) ?? this.#inheritedMs);
    bus.push(fragments);
    if (rendition.endTimeMs !== undefined) this.#timeline?.settle();
    onProgress();
  }
}

/** Whether a fragment can be taken is known only when the keyframe before it was: each keyframe stands alone, what follows together. */
function keyframesApart(fragments: readonly Fragment[], init: InitSegment | undefined): Fragment[][] {
  const lead = init?.tracks[0]?.trackId;
  const groups: Fragment[][] = [];
  let follows = false;
  for (const fragment of fragments) {
    const isKeyframe = fragment.runs.some(({ trackId, startsWithSync }) => trackId === lead && startsWithSync);
    if (isKeyframe || !follows) groups.push([fragment]);
    else groups.at(-1)?.push(fragment);
    follows = !isKeyframe;
  }
  return groups;
}
