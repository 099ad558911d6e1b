import { FakeHtml } from './fake-dom.js';

/** A video as the pages' pieces see it, whose browser starts nothing by itself: `play()` is refused in words, and plays all the same. */
export class FakeHtmlVideo extends FakeHtml {
  muted = false;
  volume = 1;
  paused = true;
  readyState = 0;
  poster = '';

  override play(): Promise<void> {
    this.paused = false;
    return Promise.reject(new DOMException('not now', 'NotAllowedError'));
  }
  pause(): void {
    this.paused = true;
  }
}
