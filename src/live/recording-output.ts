import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Packager } from '../hls/packager.js';
import type { Rendition } from '../hls/rendition.js';
import { ClockedTimeline } from './clocked-timeline.js';
import type { Recording } from './recording.js';
import type { MediaOutput } from './transcode-run.js';
import type { Viewers } from './viewers.js';

export interface RecordingOutputOptions {
  readonly recording: Recording;
  readonly packager: Packager;
  readonly rendition: Rendition;
  readonly viewers: Viewers;
  /** Something was published. */
  readonly onProgress: () => void;
}

/** One recording's media on its way to playlists and viewers, on the wall clock, over all the transcoders it takes. */
export class RecordingOutput implements MediaOutput {
  readonly #options: RecordingOutputOptions;
  #timeline: ClockedTimeline | undefined;
  #startSeconds = 0;
  /** What the clock of the transcoder before says of media time 0. */
  #inheritedMs: number | undefined;

  constructor(options: RecordingOutputOptions) {
    this.#options = options;
  }

  startTimeline(init: InitSegment, startSeconds = 0): void {
    const { recording, packager, rendition, viewers } = this.#options;
    const before = this.#timeline;
    this.#inheritedMs = before && before.captureTimeMs + (startSeconds - this.#startSeconds) * 1000;
    this.#startSeconds = startSeconds;
    const startedAtMs = this.#inheritedMs ?? recording.startedAtMs;
    this.#timeline = new ClockedTimeline({ init, startedAtMs, notBeforeMs: rendition.endTimeMs });
    packager.startTimeline(this.#timeline);
    viewers.startTimeline(this.#timeline);
  }

  push(fragments: readonly Fragment[]): void {
    const { packager, viewers } = this.#options;
    this.#arrived(fragments);
    viewers.push(fragments);
    for (const fragment of fragments) packager.push(fragment);
    this.#published();
  }

  offer(fragments: readonly Fragment[]): number {
    const { packager, viewers } = this.#options;
    this.#arrived(fragments);
    let taken = 0;
    for (const fragment of fragments) {
      if (!packager.takes(fragment)) break;
      packager.push(fragment);
      taken++;
    }
    // What the packager did not take comes again, encoded: nobody is to see it twice.
    viewers.push(fragments.slice(0, taken));
    this.#published();
    return taken;
  }

  /** All of it is published before the next clock is set. */
  endTimeline(): void {
    this.#options.packager.endTimeline();
    this.#options.onProgress();
  }

  #arrived(fragments: readonly Fragment[]): void {
    this.#timeline?.arrived(fragments, this.#options.recording.captureTimeAt(this.#startSeconds) ?? this.#inheritedMs);
  }

  #published(): void {
    if (this.#options.rendition.endTimeMs !== undefined) this.#timeline?.settle();
    this.#options.onProgress();
  }
}
