import { readRanges } from './buffered-ranges.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from './playback.js';
import { askServerTime, askTimeEveryMs } from './server-time.js';

/** AVPlayer's own hold-back is unknown to the page; three of a usual target duration is what it keeps without low latency. */
const farBehindSeconds = 12;
const holdBackSeconds = 4;

/** Plays the HLS playlist by the browser itself: Safari, iOS, WebKitGTK. */
export class NativeHls implements Playback {
  readonly path = 'native';
  readonly unstick = 'leave-end';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  readonly #stopAsking: () => void;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#video = options.video;
    const { signal } = this.#abort;
    this.#stopAsking = options.page.every(askTimeEveryMs, () => this.#askTime());
    this.#video.addEventListener('ended', () => this.#finish({ reason: 'ended' }), { signal });
    this.#video.addEventListener('error', () => this.#onError(), { signal });
    if (this.#video.canPlayType('application/vnd.apple.mpegurl') === '') {
      this.#finish({ reason: 'failed', failure: { code: 'path-unsupported' } });
      return;
    }
    this.#video.src = options.addresses.hls;
    this.#askTime();
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const capturedMs = startDateMs(this.#video) + this.#video.currentTime * 1000;
    const nowMs = this.#options.clock.serverTimeMs(this.#options.page.nowMs());
    const known = Number.isFinite(capturedMs) && nowMs !== undefined;
    return { latencySeconds: known ? (nowMs - capturedMs) / 1000 : undefined, bitsPerSecond: undefined, codecs: undefined };
  }

  /** The browser loads as it sees fit; it stops by itself. */
  suspend(): void {
    return;
  }

  resume(): void {
    const edgeSeconds = readRanges(this.#video.seekable).at(-1)?.endSeconds;
    if (edgeSeconds === undefined || this.#video.paused) return;
    if (edgeSeconds - this.#video.currentTime > farBehindSeconds) this.#video.currentTime = edgeSeconds - holdBackSeconds;
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #askTime(): void {
    const { addresses, clock, page } = this.#options;
    void askServerTime(addresses.origin, clock, page, this.#abort.signal);
  }

  #onError(): void {
    const error = this.#video.error;
    this.#finish({ reason: 'failed', failure: { code: 'media-error', detail: error?.message ? error.message : `media error ${error?.code ?? 'unknown'}` } });
  }

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#stopAsking();
    releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}

/** Wall clock of the element's time 0, from PROGRAM-DATE-TIME; NaN where the browser doesn't tell. */
function startDateMs(video: HTMLVideoElement): number {
  const withStartDate: HTMLVideoElement & { getStartDate?: () => Date } = video;
  return withStartDate.getStartDate?.().getTime() ?? NaN;
}
