import type Hls from 'hls.js';
import type { HlsConfig, LevelDetails } from 'hls.js';
import { BitRateMeter } from './bit-rate-meter.js';
import { HlsRenditions } from './hls-renditions.js';
import { beginHls, codecsOf, loadLightBuild } from './hls-beginning.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions, type PlayerPlace } from './playback.js';
import { endSecondsOf, positionAt, secondsAt, startSecondsOf } from './seekable-list.js';
import { rewindPlaylist } from './rewind-playlist.js';
import { askServerTime } from './server-time.js';

/** Nobody is pulled to an edge here, and what was just seen is there when somebody goes back a little. */
const config: Partial<HlsConfig> = { lowLatencyMode: false, liveDurationInfinity: true, backBufferLength: 30, maxBufferLength: 20 };

/** Plays a recording, or a live stream from another place than its edge, by hls.js. */
export class SeekableHls implements Playback {
  readonly path = 'hls';
  readonly unstick = 'own';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #isLive: boolean;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  readonly #bitRate = new BitRateMeter();
  #hls: Hls | undefined;
  #renditions: HlsRenditions | undefined;
  #details: LevelDetails | undefined;
  /** Where somebody wants to be, until it is there. */
  #wantedSeconds: number | undefined;
  #isSuspended = false;

  /** @param load hls.js itself, unless a test has another */
  constructor(options: PlaybackOptions, load: () => Promise<typeof Hls> = loadLightBuild) {
    this.#options = options;
    this.#video = options.video;
    this.#isLive = options.addresses.recording === undefined;
    this.#wantedSeconds = options.fromSeconds;
    const { signal } = this.#abort;
    // A recording that was played to its end can be gone back in.
    if (this.#isLive) this.#video.addEventListener('ended', () => this.#finish({ reason: 'ended' }), { signal });
    // Where it begins at the very beginning of what is there, nothing is sought.
    for (const there of ['seeked', 'playing'] as const) this.#video.addEventListener(there, () => (this.#wantedSeconds = undefined), { signal });
    this.#start(load);
    if (this.#isLive) void askServerTime(options.addresses.origin, options.clock, options.page, signal);
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const place = this.#isLive ? this.place() : undefined;
    return {
      latencySeconds: place === undefined ? undefined : place.endSeconds - place.positionSeconds,
      bitsPerSecond: this.#bitRate.bitsPerSecond(this.#options.page.nowMs()),
      codecs: codecsOf(this.#hls),
    };
  }

  place(): PlayerPlace | undefined {
    const details = this.#details;
    if (details === undefined || details.fragments.length === 0) return undefined;
    const { clock, page } = this.#options;
    const listEndSeconds = endSecondsOf(details, this.#isLive);
    const nowMs = this.#isLive && details.live ? clock.serverTimeMs(page.nowMs()) : undefined;
    return {
      positionSeconds: this.#wantedSeconds ?? secondsAt(details, this.#video.currentTime, this.#isLive),
      startSeconds: startSecondsOf(details, this.#isLive),
      endSeconds: nowMs === undefined ? listEndSeconds : Math.max(listEndSeconds, nowMs / 1000),
    };
  }

  seek(toSeconds: number): void {
    this.#wantedSeconds = toSeconds;
    const details = this.#details;
    if (details === undefined) return;
    // What was let go of is needed again to show that place.
    if (this.#isSuspended) this.#hls?.startLoad();
    this.#video.currentTime = positionAt(details, toSeconds, this.#isLive);
  }

  select(): void {
    this.#renditions?.select();
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#hls?.stopLoad();
  }

  resume(): void {
    if (this.#isSuspended) this.#hls?.startLoad();
    this.#isSuspended = false;
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #start(load: () => Promise<typeof Hls>): void {
    const { video, page, addresses } = this.#options;
    const address = this.#isLive ? rewindPlaylist(addresses) : addresses.hls;
    void beginHls({
      ...{ video, page, load, address, signal: this.#abort.signal, bitRate: this.#bitRate },
      // Also where a recording still grows, which players take for live.
      config: () => ({ ...config, startPosition: this.#isLive ? -1 : (this.#wantedSeconds ?? 0) }),
      isSuspended: () => this.#isSuspended,
      prepare: (hls, HlsClass) => {
        this.#hls = hls;
        hls.on(HlsClass.Events.LEVEL_UPDATED, (_event, { details }) => this.#learn(hls, details));
        this.#renditions = new HlsRenditions(hls, HlsClass, this.#options, { multivariant: address });
      },
      finish: (end) => this.#finish(end),
    });
  }

  #learn(hls: Hls, details: LevelDetails): void {
    const isFirst = this.#details === undefined;
    this.#details = details;
    if (!isFirst || this.#wantedSeconds === undefined) return;
    // Only now it is known where in the list that date is.
    if (this.#isLive) hls.startLoad(positionAt(details, this.#wantedSeconds, true));
    else if (this.#video.readyState > 0) this.seek(this.#wantedSeconds);
  }

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}
