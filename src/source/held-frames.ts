import type { ShapedFrame } from './track-shaper.js';

/** What waits may use so much memory. */
const maxHeldBytes = 8 * 1024 * 1024;
const maxHeldFrames = 2000;

/** Frames that wait until it is known which tracks a take has. */
export class HeldFrames {
  #frames: ShapedFrame[] = [];
  #bytes = 0;

  /** More of them should not wait. */
  get isFull(): boolean {
    return this.#bytes > maxHeldBytes || this.#frames.length > maxHeldFrames;
  }

  push(frame: ShapedFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
  }

  /** Those before a time are let go, up to the first that is not. */
  forgetBefore(timeSeconds: number): void {
    for (let first = this.#frames[0]; first && first.decodeSeconds < timeSeconds; first = this.#frames[0]) {
      this.#frames.shift();
      this.#bytes -= first.bytes.length;
    }
  }

  /** All of them, in the order in which they came; none is left. */
  take(): ShapedFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}
