import type { LiveStreamInfo } from '../../../protocol/live-stream-info.js';
import type { BrowserPage } from '../browser-page.js';
import type { ClockOffset } from './clock-offset.js';
import type { PlayerPlace } from './playback.js';
import type { PathRunner } from './path-runner.js';

/** Who paused for less catches up faster than another playlist is loaded. */
const shortSeconds = 1.5;
/** As long as nothing is known of the stream's own. */
const usualTargetSeconds = 4;

/** Where a player is in time, and where it may go. */
export class TimeShift {
  readonly #runner: PathRunner;
  readonly #clock: ClockOffset;
  readonly #page: BrowserPage;

  #isTold = false;

  constructor(runner: PathRunner, clock: ClockOffset, page: BrowserPage) {
    this.#runner = runner;
    this.#clock = clock;
    this.#page = page;
  }

  /** undefined where nothing can be gone to, or while it is not known. */
  place(info: LiveStreamInfo | undefined): PlayerPlace | undefined {
    const { playback } = this.#runner;
    if (playback === undefined) return undefined;
    const place = playback.place?.();
    if (place !== undefined) return place;
    const nowMs = this.#clock.serverTimeMs(this.#page.nowMs());
    const { latencySeconds } = playback.stats();
    if (info?.rewindSeconds === undefined || nowMs === undefined || latencySeconds === undefined) return undefined;
    const endSeconds = nowMs / 1000;
    const startSeconds = Math.max(Date.parse(info.startedAt) / 1000, endSeconds - info.rewindSeconds);
    return { positionSeconds: endSeconds - latencySeconds, startSeconds, endSeconds };
  }

  /**
   * Goes to a place, where what plays now can.
   * @returns where else it is to be played, `live` at the edge; undefined when all is done
   */
  seek(toSeconds: number, info: LiveStreamInfo | undefined, isRecording: boolean): number | 'live' | undefined {
    const place = this.place(info);
    if (place === undefined) return undefined;
    const seconds = Math.min(place.endSeconds, Math.max(place.startSeconds, toSeconds));
    // The longer playlist does not have the newest yet.
    const newestSeconds = place.endSeconds - (info?.rendition?.targetDurationSeconds ?? usualTargetSeconds);
    if (!isRecording && seconds > newestSeconds) return 'live';
    if (!isRecording && !this.#runner.isBack) return seconds;
    this.#runner.playback?.seek?.(seconds);
    return undefined;
  }

  /** Tells it while there is one, and once when there no longer is. */
  tell(info: LiveStreamInfo | undefined, tell: (place: PlayerPlace | undefined) => void): void {
    const place = this.place(info);
    if (place !== undefined || this.#isTold) tell(place);
    this.#isTold = place !== undefined;
  }

  /** Where a viewer who paused at the live edge goes on; undefined where that is the edge itself. */
  pausedAt(info: LiveStreamInfo | undefined): number | undefined {
    const place = this.#runner.isBack ? undefined : this.place(info);
    if (place === undefined || place.endSeconds - place.positionSeconds < shortSeconds) return undefined;
    return place.positionSeconds > place.startSeconds ? place.positionSeconds : undefined;
  }
}
