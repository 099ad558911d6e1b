import type { BrowserPage } from '../browser-page.js';
import { Listeners } from '../listeners.js';

export interface StarterEvents {
  /** The browser refused sound (`muted`: it plays without) or playing at all (`blocked`) until the viewer acts. */
  autoplay: 'muted' | 'blocked';
}

/** WebKit takes sound away from who did not touch the page within this time of its coming up; later a pause is somebody's wish. */
const firstSoundMs = 1_000;

/**
 * What makes WebKitGTK halt its pipeline for a moment. Where that comes late, on a busy machine, it takes the halt for a pause of the element,
 * and stays paused although media is there.
 */
const halts = ['waiting', 'canplay', 'seeked', 'ratechange', 'durationchange'];
const haltedForMs = 500;
/** Playing on more often than this is in vain, or against somebody's wish. */
const maxOften = { times: 5, withinMs: 5_000 };

/** Gets the element to play under the browsers' rules for sound that nobody asked for, and tells their pauses from those of people. */
export class ElementStarter extends Listeners<StarterEvents> {
  readonly #video: HTMLVideoElement;
  readonly #page: BrowserPage;
  readonly #abort = new AbortController();
  #soundSinceMs: number | undefined;
  #haltedAtMs = -Infinity;
  #wentOnAtMs: number[] = [];

  constructor(video: HTMLVideoElement, page: BrowserPage) {
    super();
    this.#video = video;
    this.#page = page;
    const { signal } = this.#abort;
    for (const halt of halts) video.addEventListener(halt, () => (this.#haltedAtMs = page.nowMs()), { signal });
    // Each source brings its own sound, and WebKitGTK makes the element loud again as it opens an output for it.
    video.addEventListener('emptied', () => (this.#soundSinceMs = undefined), { signal });
    video.addEventListener('volumechange', () => !video.paused && this.playing(), { signal });
  }

  /** Browsers let sound start only after the viewer did something on the page: then it starts without. Never rejects. */
  async start(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.#abort.signal.aborted) return;
      if (this.#video.muted) return this.emit('autoplay', 'blocked');
      await this.#startMuted();
    }
  }

  /** Call it when the element plays. */
  playing(): void {
    if (!this.#video.muted) this.#soundSinceMs ??= this.#page.nowMs();
  }

  /** Call it when the element says that it paused. @returns whether it was the browser, and goes on now */
  paused(): boolean {
    if (!this.#page.webKit || this.#video.ended) return false;
    if (this.#isFirstSound()) void this.#startMuted();
    else if (this.#isHalt()) void this.start();
    else return false;
    return true;
  }

  close(): void {
    this.#abort.abort();
  }

  /** WebKit lets the picture begin and pauses it when sound comes up that nobody asked for. */
  #isFirstSound(): boolean {
    const sinceMs = this.#soundSinceMs;
    return !this.#page.touched && !this.#video.muted && sinceMs !== undefined && this.#page.nowMs() - sinceMs < firstSoundMs;
  }

  #isHalt(): boolean {
    const nowMs = this.#page.nowMs();
    if (this.#page.isBeingTouched || nowMs - this.#haltedAtMs > haltedForMs) return false;
    this.#wentOnAtMs = this.#wentOnAtMs.filter((atMs) => nowMs - atMs < maxOften.withinMs);
    return this.#wentOnAtMs.push(nowMs) <= maxOften.times;
  }

  async #startMuted(): Promise<void> {
    this.#video.muted = true;
    this.emit('autoplay', 'muted');
    await this.start();
  }
}
