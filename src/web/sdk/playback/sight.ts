import type { BrowserPage } from '../browser-page.js';

/** Whether somebody could see the video: browsers hold back what is in a hidden tab or scrolled out of view. */
export class Sight {
  readonly #observer: IntersectionObserver;
  readonly #page: BrowserPage;
  #inView = true;

  constructor(video: HTMLVideoElement, page: BrowserPage) {
    this.#page = page;
    this.#observer = new IntersectionObserver((entries) => (this.#inView = entries.at(-1)?.isIntersecting ?? true));
    this.#observer.observe(video);
  }

  get clear(): boolean {
    return this.#inView && !this.#page.hidden;
  }

  close(): void {
    this.#observer.disconnect();
  }
}
