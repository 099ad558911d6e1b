import type { JpegFacts } from './jpeg.js';
import type { SourceEvent } from './source-events.js';

/** Two pictures of one moment are this far apart: players take no two frames at one time. */
const shortestStepMs = 1;
/** After a longer standstill a recording begins anew: nothing of the time between is to be played. */
const longestStandstillMs = 5000;

const track = 1;

/** Makes a recording of single JPEG pictures, at the times of their arrival. */
export class PictureRecorder {
  #size: JpegFacts | undefined;
  #startMs = 0;
  #lastMs = 0;

  /**
   * One picture, behind a header of its own where another recording begins: at first, when the size has changed, after a standstill.
   * @param atMs when it came, on a clock that never goes back
   */
  add(jpeg: Uint8Array, size: JpegFacts, atMs: number): SourceEvent[] {
    const goesOn = this.#size?.width === size.width && this.#size.height === size.height && atMs - this.#startMs - this.#lastMs <= longestStandstillMs;
    if (goesOn) {
      this.#lastMs = Math.max(this.#lastMs + shortestStepMs, Math.round(atMs - this.#startMs));
      return [pictureAt(this.#lastMs, jpeg)];
    }
    this.#size = size;
    this.#startMs = atMs;
    this.#lastMs = 0;
    const { width, height } = size;
    return [
      { type: 'recording', offset: 0 },
      { type: 'header', header: { container: 'jpeg', tracks: [{ id: track, kind: 'video', codec: 'mjpeg', width, height }] } },
      pictureAt(0, jpeg),
    ];
  }

  /** The next picture begins a recording. */
  reset(): void {
    this.#size = undefined;
  }
}

function pictureAt(timeMs: number, bytes: Uint8Array): SourceEvent {
  const timeSeconds = timeMs / 1000;
  return { type: 'frame', offset: 0, track, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: true, bytes };
}
