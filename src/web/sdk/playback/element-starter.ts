import type { BrowserPage } from '../browser-page.js';
import { Listeners } from '../listeners.js';

export interface StarterEvents {
  /** The browser refused sound (`muted`: it plays without) or playing at all (`blocked`) until the viewer acts. */
  autoplay: 'muted' | 'blocked';
}

/** WebKit takes sound away from who did not touch the page within this time of its beginning; later a pause is somebody's wish. */
const firstSoundMs = 1_000;

/** Gets the element to play under the browsers' rules for sound that nobody asked for, and tells their pauses from those of people. */
export class ElementStarter extends Listeners<StarterEvents> {
  readonly #video: HTMLVideoElement;
  readonly #page: BrowserPage;
  #soundSinceMs: number | undefined;
  #closed = false;

  constructor(video: HTMLVideoElement, page: BrowserPage) {
    super();
    this.#video = video;
    this.#page = page;
  }

  /** Browsers let sound start only after the viewer did something on the page: then it starts without. Never rejects. */
  async start(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.#closed) return;
      if (this.#video.muted) return this.emit('autoplay', 'blocked');
      await this.#startMuted();
    }
  }

  /** Call it when the element says that it plays. */
  playing(): void {
    if (!this.#video.muted) this.#soundSinceMs ??= this.#page.nowMs();
  }

  /** Call it when the element says that it paused. @returns whether it was the browser, and goes on without sound now */
  paused(): boolean {
    const sinceMs = this.#soundSinceMs;
    const isFirstSound = sinceMs !== undefined && this.#page.nowMs() - sinceMs < firstSoundMs;
    // WebKit lets the picture begin and pauses it when sound comes up that nobody asked for.
    if (!this.#page.webKit || this.#page.touched || this.#video.ended || this.#video.muted || !isFirstSound) return false;
    void this.#startMuted();
    return true;
  }

  close(): void {
    this.#closed = true;
  }

  async #startMuted(): Promise<void> {
    this.#video.muted = true;
    this.emit('autoplay', 'muted');
    await this.start();
  }
}
