import { randomUUID } from 'node:crypto';
import type { Fragment } from '../fmp4/fragment.js';
import { longestSegmentSeconds } from '../hls/media-playlist.js';
import type { Presentation } from '../hls/presentation.js';
import type { RecordingFacts } from '../protocol/live-stream-info.js';
import { BroadcastClock } from './broadcast-clock.js';
import type { BroadcastOptions } from './broadcast-options.js';
import type { MediaProgress } from './broadcast-progress.js';
import type { BroadcastReport } from './broadcast-report.js';
import { CopyJudge } from './copy-judge.js';
import { copiesPicture, planTranscode, type TranscodePlan } from './ffmpeg-options.js';
import type { FragmentBus } from './fragment-bus.js';
import { ReleasePace } from './release-pace.js';
import type { Renditions } from './renditions.js';
import type { Take } from './take.js';
import { TakeOutput } from './take-output.js';
import { TranscodeSupervisor, type PlanStart } from './transcode-supervisor.js';

export interface TakePlayerOptions extends Pick<BroadcastOptions, 'id' | 'after' | 'segmentSeconds' | 'ffmpegMajor' | 'encodeLimits' | 'startTranscoder' | 'hungAfterMs' | 'restartDelayMs'> {
  /** The source's. */
  readonly bus: FragmentBus;
  readonly renditions: Renditions;
  readonly presentation: Presentation;
  /** Whether the playlists can go on with this fragment as it is. */
  readonly accepts: (fragment: Fragment) => boolean;
  readonly report: BroadcastReport;
  /** Whether the publisher's session is broken off: a take that begins now is not played. */
  readonly isBrokenOff: () => boolean;
  /** Told of each take how its tracks are played, and which of them are not, in words. */
  readonly onTake: (facts: RecordingFacts, leftOut: readonly string[]) => void;
  /** Something was published. */
  readonly onProgress: () => void;
}

/** A broadcast's takes on their way through ffmpeg to the bus, one after another, on one clock. */
export class TakePlayer {
  readonly #options: TakePlayerOptions;
  readonly #pace = new ReleasePace();
  /** What media times are counted by, see `ViewersOptions`. */
  readonly mediaClock: string;
  readonly #clock: BroadcastClock;
  readonly #copies = new CopyJudge();
  #supervisor: TranscodeSupervisor | undefined;
  #output: TakeOutput | undefined;

  constructor(options: TakePlayerOptions) {
    this.#options = options;
    const { id, after } = options;
    this.mediaClock = after ? (after.media?.clock ?? randomUUID()) : id;
    this.#clock = new BroadcastClock(after);
  }

  /**
   * Resolves when all of the take has been published, or is held for its pace.
   * @throws {LiveError} when it can't be got through
   */
  async play(take: Take): Promise<void> {
    const { header, firstSeconds: startSeconds } = take;
    const { bus, renditions, presentation, accepts, report, isBrokenOff, onTake, onProgress, startTranscoder, hungAfterMs = 10_000, restartDelayMs = 1000 } = this.#options;
    const planFor = await this.#planner(take);
    const { tracks, leftOut = [] } = planFor({ startSeconds });
    onTake({ container: header.container, tracks }, leftOut);
    const takeOutput = new TakeOutput({ take, clock: this.#clock, bus, renditions, presentation, accepts, onProgress });
    this.#output = takeOutput;
    const output = this.#pace.paced(take, takeOutput);
    this.#supervisor = new TranscodeSupervisor({
      ...{ take, planFor, startSeconds, startTranscoder, hungAfterMs, restartDelayMs, output },
      onRestart: (reason) => report.restart(reason),
      onCopyRefused: (refusal) => report.copyRefused(refusal),
    });
    if (isBrokenOff()) this.#supervisor.end();
    await this.#supervisor.play();
  }

  /** Where in the publisher's bytes one would begin for all from this media time on; undefined where that is not known. */
  offsetAt(mediaSeconds: number): number | undefined {
    return this.#output?.offsetAt(mediaSeconds);
  }

  /** What another server needs to go on with these media times; undefined before anything came. @param endSeconds see `MediaProgress` */
  progressTo(endSeconds: number): MediaProgress | undefined {
    const recording = this.#output?.recording;
    return recording && { clock: this.mediaClock, endSeconds, ...recording };
  }

  /** The take that is played ends here. */
  stop(): void {
    this.#supervisor?.end();
  }

  /** What is held for its pace is published at once. */
  flush(): void {
    this.#pace.flush();
  }

  async #planner(take: Take): Promise<(start: PlanStart) => TranscodePlan> {
    const { segmentSeconds, ffmpegMajor, encodeLimits, presentation } = this.#options;
    const wishes = { segmentSeconds, ffmpegMajor, encodeLimits };
    const canCopy = copiesPicture(planTranscode(take.header, wishes));
    const { timing } = presentation;
    const forceVideoEncode = canCopy ? await this.#copies.refusalOf(take, timing && longestSegmentSeconds(timing)) : undefined;
    return (start) => planTranscode(take.header, { ...wishes, ...start, forceVideoEncode });
  }
}
