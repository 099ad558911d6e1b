import { readRanges } from './buffered-ranges.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions, type PlayerPlace } from './playback.js';
import { rewindPlaylist } from './rewind-playlist.js';

/** Plays a recording, or a live stream from another place than its edge, by the browser itself: an iPhone without Media Source Extensions. */
export class SeekableNative implements Playback {
  readonly path = 'native';
  readonly unstick = 'leave-end';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #isLive: boolean;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  #wantedSeconds: number | undefined;

  constructor(options: PlaybackOptions) {
    const { addresses, video, fromSeconds } = options;
    this.#options = options;
    this.#video = video;
    this.#isLive = addresses.recording === undefined;
    this.#wantedSeconds = fromSeconds;
    const { signal } = this.#abort;
    if (this.#isLive) video.addEventListener('ended', () => this.#finish({ reason: 'ended' }), { signal });
    video.addEventListener('error', () => this.#finish({ reason: 'failed', failure: { code: 'media-error', detail: video.error?.message ?? '' } }), { signal });
    video.addEventListener('loadedmetadata', () => this.#wantedSeconds !== undefined && this.seek(this.#wantedSeconds), { signal });
    for (const there of ['seeked', 'playing'] as const) video.addEventListener(there, () => (this.#wantedSeconds = undefined), { signal });
    if (video.canPlayType('application/vnd.apple.mpegurl') === '') this.#finish({ reason: 'failed', failure: { code: 'path-unsupported' } });
    else video.src = this.#isLive ? rewindPlaylist(addresses) : addresses.hls;
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const place = this.#isLive ? this.place() : undefined;
    return { latencySeconds: place === undefined ? undefined : place.endSeconds - place.positionSeconds, bitsPerSecond: undefined, codecs: undefined };
  }

  place(): PlayerPlace | undefined {
    const range = readRanges(this.#video.seekable).at(-1);
    const offsetSeconds = this.#offsetSeconds(range?.endSeconds);
    if (range === undefined || offsetSeconds === undefined) return undefined;
    const { startSeconds, endSeconds } = range;
    const positionSeconds = this.#wantedSeconds ?? this.#video.currentTime + offsetSeconds;
    return { positionSeconds, startSeconds: startSeconds + offsetSeconds, endSeconds: endSeconds + offsetSeconds };
  }

  seek(toSeconds: number): void {
    this.#wantedSeconds = toSeconds;
    const offsetSeconds = this.#offsetSeconds(readRanges(this.#video.seekable).at(-1)?.endSeconds);
    if (offsetSeconds !== undefined) this.#video.currentTime = toSeconds - offsetSeconds;
  }

  /** The browser loads as it sees fit. */
  suspend(): void {
    return;
  }

  resume(): void {
    return;
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  /** From the element's timeline to capture dates: as the browser tells, or taking the end for now. */
  #offsetSeconds(endSeconds: number | undefined): number | undefined {
    if (!this.#isLive) return 0;
    const { clock, page } = this.#options;
    const video: HTMLVideoElement & { getStartDate?: () => Date } = this.#video;
    const startMs = video.getStartDate?.().getTime() ?? NaN;
    if (Number.isFinite(startMs)) return startMs / 1000;
    const nowMs = clock.serverTimeMs(page.nowMs());
    return nowMs === undefined || endSeconds === undefined ? undefined : nowMs / 1000 - endSeconds;
  }

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}
