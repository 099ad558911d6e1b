import type { BrowserPage } from '../browser-page.js';
import { Listeners } from '../listeners.js';
import { notice, type Notice, type PathFailureOf } from '../words.js';
import { forwardSeconds, readRanges } from './buffered-ranges.js';
import type { ClockOffset } from './clock-offset.js';
import type { PathProgram } from './lazy-path.js';
import { MovementWatch } from './movement-watch.js';
import { choosePaths, explainFallback, type Capabilities, type PathChoice, type PathName, type PlayerMode } from './path-choice.js';
import { PathFailures } from './path-failures.js';
import type { Playback, PlaybackEnd, StreamAddresses } from './playback.js';
import { Renditions, type RenditionState } from './renditions.js';

const lookEveryMs = 250;
/** A viewer who paused for so long is not sent what they don't look at. */
const letGoAfterMs = 10_000;

/** Of a recording, and of what was live before. */
export type SeekablePath = Exclude<PathName, 'websocket'>;

export interface PathRunnerOptions {
  readonly video: HTMLVideoElement;
  readonly addresses: StreamAddresses;
  readonly clock: ClockOffset;
  readonly page: BrowserPage;
  readonly mode: PlayerMode;
  readonly wished: PathName | 'auto';
  /** An id, or `auto`. */
  readonly rendition: string;
  readonly paths: Readonly<Record<PathName, PathProgram>>;
  /** Those that can be anywhere else than at the live edge. */
  readonly seekable: Readonly<Record<SeekablePath, PathProgram>>;
  /** Whether somebody could see the picture. */
  readonly inSight: () => boolean;
}

export interface PathRunnerEvents {
  path: PathChoice;
  /** A path of this broadcast is over. After `failed` another may be tried: whether there is something to play is not known here. */
  over: { readonly end: PlaybackEnd; readonly broadcast: string };
  warning: Notice;
  recovered: { readonly code: Notice['code'] };
  rendition: RenditionState;
}

/** Runs one path at a time on the element: the best that has not failed of late. Gives up what shows nothing, lets go of what is paused. */
export class PathRunner extends Listeners<PathRunnerEvents> {
  readonly #options: PathRunnerOptions;
  readonly #failures = new PathFailures();
  readonly #renditions: Renditions;
  #mode: PlayerMode;
  #playback: Playback | undefined;
  #movement = new MovementWatch('own');
  #stopLooking: () => void = () => undefined;
  #pausedSinceMs: number | undefined;
  #suspended = false;
  #isLineSlow = false;
  #broadcast = '';
  #isBack = false;

  constructor(options: PathRunnerOptions) {
    super();
    this.#options = options;
    this.#mode = options.mode;
    this.#renditions = new Renditions(options.rendition);
  }

  get playback(): Playback | undefined {
    return this.#playback;
  }

  /** Whether it plays another place of a live stream than its edge. */
  get isBack(): boolean {
    return this.#isBack && this.#playback !== undefined;
  }

  get mode(): PlayerMode {
    return this.#mode;
  }

  /** Changes over at once: `over` follows, as `closed`. */
  set mode(mode: PlayerMode) {
    this.#mode = mode;
    this.beginAfresh();
    // Where somebody went back to stays; it holds from the next time at the edge on.
    if (!this.isBack) this.#playback?.close();
  }

  get renditions(): RenditionState {
    return this.#renditions.state;
  }

  /** For statistics. */
  get played(): { readonly rendition: string | undefined; readonly renditionSwitches: number } {
    return { rendition: this.#renditions.state.current, renditionSwitches: this.#renditions.switches };
  }

  /** Wishes another rendition, or `auto`, on this path and on others after it. */
  selectRendition(rendition: string): void {
    this.emit('rendition', this.#renditions.wish(rendition));
    this.#playback?.select?.();
  }

  /** Every path may be tried again; what is known of the viewer's line stands. */
  forgive(): void {
    this.#failures.forgive();
  }

  /** Another broadcast, or another wish: nothing that was learnt need hold for it. */
  beginAfresh(): void {
    this.forgive();
    if (this.#isLineSlow) this.emit('recovered', { code: 'line-too-slow' });
    this.#isLineSlow = false;
  }

  /** Loads the program of the path that is likely to be begun. */
  load(can: Capabilities): void {
    const { paths, wished } = this.#options;
    const [first] = choosePaths({ mode: this.#mode, path: wished }, can);
    if (first !== undefined) paths[first.path].load?.();
  }

  /** @returns undefined when a path was begun, or why none is left */
  begin(broadcast: string, can: Capabilities): readonly PathFailureOf[] | undefined {
    const { page, paths, wished } = this.#options;
    const failures = this.#failures.standing(page.nowMs());
    const mode = this.#isLineSlow ? 'smooth' : this.#mode;
    const choice = choosePaths({ mode, path: wished }, can).find((each) => !failures.some(({ path }) => path === each.path));
    if (choice === undefined) return failures;
    this.emit('path', explainFallback(choice, failures));
    this.#broadcast = broadcast;
    this.#isBack = false;
    this.#run(paths[choice.path], mode);
    return undefined;
  }

  /** Leaves the live edge of the present broadcast for a place in it. @param by what this browser plays HLS with */
  goBack(toSeconds: number, by: SeekablePath): void {
    this.close();
    this.emit('path', { path: by, why: 'the longer playlist goes back in time' });
    this.#isBack = true;
    this.#run(this.#options.seekable[by], 'smooth', toSeconds);
  }

  #run(Path: PathProgram, mode: PlayerMode, fromSeconds?: number): void {
    const { video, addresses, clock, page } = this.#options;
    this.#renditions.forget();
    const playback = new Path({
      ...{ video, mode, addresses, clock, page, fromSeconds },
      wishedRendition: () => this.#renditions.state.rendition,
      onRenditions: (now) => this.emit('rendition', this.#renditions.played(now)),
    });
    const broadcast = this.#broadcast;
    this.#playback = playback;
    this.#movement = new MovementWatch(playback.unstick);
    this.#suspended = false;
    this.#pausedSinceMs = undefined;
    this.#stopLooking();
    this.#stopLooking = page.every(lookEveryMs, () => this.#look(playback));
    void playback.closed.then((end) => playback === this.#playback && this.#over(playback, end, broadcast));
  }

  /** The page was hidden or offline until now. */
  resume(): void {
    if (!this.#suspended) this.#playback?.resume();
  }

  /** Lets go of the element; tells nothing of it. Idempotent. */
  close(): void {
    const playback = this.#playback;
    this.#playback = undefined;
    this.#stopLooking();
    playback?.close();
  }

  #over(playback: Playback, end: PlaybackEnd, broadcast: string): void {
    this.#playback = undefined;
    this.#stopLooking();
    if (end.reason === 'ended') this.beginAfresh();
    // What did not go back says nothing of the paths at the edge.
    if (end.reason === 'failed' && !this.#isBack) this.#fail(playback, end.failure);
    if (end.reason === 'not-live' && !this.#isBack) this.#fail(playback, { code: 'nothing-to-play' });
    this.emit('over', { end, broadcast });
  }

  #fail(playback: Playback, failure: Omit<PathFailureOf, 'path'>): void {
    if (failure.code === 'line-too-slow' && !this.#isLineSlow) {
      this.#isLineSlow = true;
      this.emit('warning', notice('line-too-slow', {}));
      // Where the page wants this path alone, it goes on as well as it can.
      if (this.#options.wished !== 'auto') return;
    }
    this.#failures.add(playback.path, failure, this.#options.page.nowMs());
  }

  #look(playback: Playback): void {
    const { video, page, inSight } = this.#options;
    const nowMs = page.nowMs();
    this.#watchPause(playback, nowMs);
    const verdict = this.#movement.look({
      nowMs,
      atSeconds: video.currentTime,
      forwardSeconds: forwardSeconds(readRanges(video.buffered), video.currentTime),
      durationSeconds: video.duration,
      hasCurrent: video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
      hasFuture: video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA,
      isFed: (playback.stats().bitsPerSecond ?? 0) > 0,
      isPaused: video.paused,
      isSeeking: video.seeking,
      inSight: inSight(),
    });
    if (verdict?.act === 'seek') video.currentTime = verdict.toSeconds;
    if (verdict?.act !== 'give-up') return;
    if (!this.#isBack) this.#fail(playback, { code: verdict.why });
    playback.close();
  }

  #watchPause(playback: Playback, nowMs: number): void {
    const { video } = this.#options;
    if (!video.paused || video.ended) {
      this.#pausedSinceMs = undefined;
      if (this.#suspended) {
        this.#suspended = false;
        playback.resume();
      }
      return;
    }
    this.#pausedSinceMs ??= nowMs;
    if (this.#suspended || nowMs - this.#pausedSinceMs < letGoAfterMs) return;
    this.#suspended = true;
    playback.suspend();
  }
}
