import { jumpOverHole, type BufferedRange } from './buffered-ranges.js';
import { beginChase, chase, lowestDelay, smooth, type ChaserSettings, type ChaserState } from './edge-chaser.js';
import type { MseBuffer } from './mse-buffer.js';
import type { PlaybackOptions } from './playback.js';

/** With so much buffered an element that still shows nothing is not preparing. */
const longestPreparingSeconds = 10;
/** No timer runs this late in a page that is awake and visible. */
const asleepMs = 4000;
/** Who comes back to more than this goes to the edge at once: it would take minutes. */
const longestCatchUpSeconds = 20;
/** With the first of what was missed comes the rest. */
const missedComesWithinMs = 5_000;
/** On a busy machine Chromium was seen to stand with 0.06 to 0.11 s in hand: its decoders and its sound have that much. */
const standsWithSeconds = 0.15;

/** Begins the element at the live edge of what is buffered, and keeps it there: over holes by seeks, and as close as its line allows by rate. */
export class EdgeKeeper {
  readonly #options: Pick<PlaybackOptions, 'video' | 'page'>;
  readonly #settings: ChaserSettings;
  #chaser: ChaserState;
  #started = false;
  #resumed = false;
  #stalled = false;
  #joined = false;
  /** The connection was lost, and what was missed comes now. */
  #missed: { readonly sinceMs: number; hasCome: boolean } | undefined;
  #lookedAtMs: number;

  constructor(options: Pick<PlaybackOptions, 'video' | 'page' | 'mode'>) {
    this.#options = options;
    this.#settings = options.mode === 'smooth' ? smooth : lowestDelay;
    this.#lookedAtMs = options.page.nowMs();
    this.#chaser = beginChase(this.#settings, this.#lookedAtMs);
  }

  get hasStarted(): boolean {
    return this.#started;
  }

  /** A timeline begins. */
  joins(): void {
    this.#joined = true;
  }

  /** The connection was lost, or nothing came, and what was missed will come at once: that is played, by rate. */
  returns(): void {
    this.#missed = { sinceMs: this.#options.page.nowMs(), hasCome: false };
  }

  /** The page was hidden or offline until now. */
  resumed(): void {
    this.#resumed = true;
    this.#missed = undefined;
  }

  /** Another source is put into the element. */
  beginAgain(): void {
    this.#started = false;
  }

  /** The element said that it waits. */
  waits(buffer: MseBuffer | undefined): void {
    // A seek makes the element wait too, and says nothing about the network.
    if (this.#started && !this.#options.video.seeking && buffer !== undefined && buffer.forwardSeconds < standsWithSeconds) {
      this.#stalled = true;
    }
  }

  /**
   * Look a few times a second, and whenever media came.
   * @param isOver nothing more comes: at the end the buffer runs dry as it should
   * @returns whether it plays on at the edge as it should: what comes too slowly would show now
   */
  look(buffer: MseBuffer | undefined, isOver: boolean): boolean {
    const { video, page } = this.#options;
    const nowMs = page.nowMs();
    if (nowMs - this.#lookedAtMs > asleepMs) this.resumed();
    this.#lookedAtMs = nowMs;
    if (buffer === undefined) return false;
    if (!this.#started) {
      if (!video.seeking) this.#start(buffer, isOver);
      return false;
    }
    // A paused viewer is behind because they want to be.
    if (video.paused) return false;
    // A seek to just before a hole never comes to its end.
    const target = jumpOverHole(buffer.exactRanges, video.currentTime, video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
    if (target !== undefined) this.#seek(target);
    if (target !== undefined || video.seeking || isOver) return false;
    this.#chase(buffer, nowMs);
    return true;
  }

  #start(buffer: MseBuffer, isOver: boolean): void {
    const range = buffer.ranges.at(-1);
    if (range === undefined) return;
    const seconds = range.endSeconds - range.startSeconds;
    if (seconds < this.#settings.minCushionSeconds && !isOver) return;
    if (this.#isPreparing(range)) return;
    this.#started = true;
    this.#joined = false;
    // The join brings a whole group of pictures: begin at its end, not at its start.
    this.#seek(Math.max(range.startSeconds, range.endSeconds - 2 * this.#settings.minCushionSeconds));
    this.#chaser = beginChase(this.#settings, this.#options.page.nowMs());
  }

  /** WebKitGTK hangs for good, the whole page with it, when it is told to seek before its pipeline has its first picture. */
  #isPreparing({ startSeconds, endSeconds }: BufferedRange): boolean {
    const { currentTime, readyState } = this.#options.video;
    const willHaveOne = currentTime >= startSeconds - 0.05 && endSeconds - currentTime < longestPreparingSeconds;
    return this.#options.page.webKit && willHaveOne && readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  #chase(buffer: MseBuffer, nowMs: number): void {
    const { video } = this.#options;
    const view = { nowMs, forwardSeconds: buffer.forwardSeconds, stalled: this.#stalled, joined: this.#joined, resumed: this.#resumed };
    const decision = chase(this.#chaser, view, this.#settingsFor(view.forwardSeconds, nowMs));
    this.#chaser = decision.state;
    this.#stalled = false;
    this.#joined = false;
    this.#resumed = false;
    if (decision.seekAheadSeconds > 0) {
      this.#missed = undefined;
      this.#seek(video.currentTime + decision.seekAheadSeconds);
    }
    if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
  }

  #settingsFor(forwardSeconds: number, nowMs: number): ChaserSettings {
    const missed = this.#missed;
    if (missed === undefined) return this.#settings;
    const { minCushionSeconds, seekBeyondSeconds } = this.#settings;
    const isBehind = forwardSeconds > minCushionSeconds + seekBeyondSeconds;
    if (!isBehind && (missed.hasCome || nowMs - missed.sinceMs > missedComesWithinMs)) this.#missed = undefined;
    missed.hasCome ||= isBehind;
    return { ...this.#settings, seekBeyondSeconds: longestCatchUpSeconds };
  }

  #seek(seconds: number): void {
    const { video } = this.#options;
    if (Math.abs(video.currentTime - seconds) > 0.01) video.currentTime = seconds;
  }
}
