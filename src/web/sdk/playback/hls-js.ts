import type Hls from 'hls.js';
import type { Fragment, HlsConfig, LevelDetails } from 'hls.js';
import { abrByParts } from './abr-by-parts.js';
import { trimBackBuffer } from './back-buffer.js';
import { forwardSeconds, readRanges } from './buffered-ranges.js';
import { BitRateMeter } from './bit-rate-meter.js';
import { beginHls, codecsOf, loadLightBuild } from './hls-beginning.js';
import { HlsPace } from './hls-pace.js';
import { HlsRenditions } from './hls-renditions.js';
import { HlsStandstill } from './hls-standstill.js';
import { joinLevels } from './level-joint.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from './playback.js';
import type { PlayerMode } from './path-choice.js';
import { askServerTime, askTimeEveryMs } from './server-time.js';
import { streamByParts } from './stream-by-parts.js';

const seekWhenBehindSeconds = 3;
const bufferedBeyondTargetSeconds = 0.3;
/** Of the three that a playlist recommends, one is for players that can't tell how fast parts come. */
const partsBehind = 2;
/** WebKitGTK was seen to stand still two parts from the edge: it keeps to the playlist's three. */
const partsBehindInWebKit = 3;

/** It begins with what most lines carry. */
const abrEwmaDefaultEstimate = 3_000_000;

/** hls.js alone keeps everything it ever played; with parts `trimBackBuffer` sees to that, and `HlsPace` to how far behind it is. */
export function hlsConfig(mode: PlayerMode): Partial<HlsConfig> {
  // Its own choice of a duration is the end of the newest playlist, anew with each: WebKitGTK halts at every change of it, and pauses on a busy machine.
  const common = { abrEwmaDefaultEstimate, maxBufferLength: 20, liveDurationInfinity: true };
  return mode === 'smooth'
    ? { ...common, backBufferLength: 15, lowLatencyMode: false, liveSyncDurationCount: 4, liveSyncOnStallIncrease: 1 }
    : { ...common, lowLatencyMode: true, liveSyncOnStallIncrease: 0 };
}

/** Plays the HLS playlist by hls.js, with low latency where it is wanted and offered. */
export class HlsJs implements Playback {
  readonly path = 'hls';
  /** hls.js nudges by itself. */
  readonly unstick = 'own';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  readonly #bitRate = new BitRateMeter();
  #hls: Hls | undefined;
  #renditions: HlsRenditions | undefined;
  #pace: HlsPace | undefined;
  readonly #timers: (() => void)[] = [];
  #atEdge = false;
  #suspended = false;

  /** @param load hls.js itself, unless a test has another */
  constructor(options: PlaybackOptions, load: () => Promise<typeof Hls> = loadLightBuild) {
    this.#options = options;
    this.#video = options.video;
    this.#video.addEventListener('ended', this.#onEnded);
    this.#video.addEventListener('waiting', this.#onWaiting);
    this.#start(load);
    this.#askTime();
    this.#timers.push(options.page.every(askTimeEveryMs, () => this.#askTime()));
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const capturedMs = this.#hls?.playingDate?.getTime();
    const { clock, page } = this.#options;
    const nowMs = clock.serverTimeMs(page.nowMs());
    return {
      latencySeconds: capturedMs === undefined || nowMs === undefined ? undefined : (nowMs - capturedMs) / 1000,
      bitsPerSecond: this.#bitRate.bitsPerSecond(page.nowMs()),
      codecs: codecsOf(this.#hls),
    };
  }

  select(): void {
    this.#renditions?.select();
  }

  suspend(): void {
    this.#suspended = true;
    this.#hls?.stopLoad();
  }

  resume(): void {
    this.#atEdge = false;
    this.#hls?.startLoad();
    if (this.#suspended) this.#askTime();
    this.#suspended = false;
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #start(load: () => Promise<typeof Hls>): void {
    const { video, page, mode, addresses } = this.#options;
    const byParts = mode === 'lowest-delay';
    void beginHls({
      ...{ video, page, load, address: addresses.hls, signal: this.#abort.signal, bitRate: this.#bitRate },
      config: (HlsClass) => ({ ...hlsConfig(mode), ...(byParts && { abrController: abrByParts(HlsClass, page), streamController: streamByParts(HlsClass) }) }),
      isSuspended: () => this.#suspended,
      prepare: (hls, HlsClass) => {
        this.#hls = hls;
        if (byParts) this.#followParts(hls, HlsClass);
        this.#beginAnewWhenStill(hls, HlsClass);
        this.#renditions = new HlsRenditions(hls, HlsClass, this.#options, { multivariant: addresses.hls, load: (address) => this.#load(hls, address) });
        this.#timers.push(page.every(250, () => this.#keepNearEdge()));
      },
      finish: (end) => this.#finish(end),
    });
  }

  #followParts(hls: Hls, HlsClass: typeof Hls): void {
    trimBackBuffer(HlsClass, hls);
    joinLevels(HlsClass, hls);
    hls.on(HlsClass.Events.LEVEL_LOADED, (_event, { details }) => this.#setPace(hls, details));
    hls.on(HlsClass.Events.FRAG_LOADED, (_event, { frag }) => {
      this.#pace?.came(frag.cc);
      this.#keepNearEdge();
    });
  }

  #beginAnewWhenStill(hls: Hls, HlsClass: typeof Hls): void {
    const { page, addresses } = this.#options;
    const standstill = new HlsStandstill(page.nowMs());
    let asked: Fragment | undefined;
    hls.on(HlsClass.Events.FRAG_LOADING, (_event, { frag }) => {
      asked = frag;
      standstill.asked(page.nowMs());
    });
    hls.on(HlsClass.Events.LEVEL_LOADED, (_event, { details: { live, endSN } }) => {
      const nowMs = page.nowMs();
      // A slow line takes its time for what was asked for; what hangs hls.js gives up itself.
      const isLoading = Boolean(asked?.loader);
      if (!live || isLoading || this.#suspended || this.#video.paused) return standstill.asked(nowMs);
      if (!standstill.listed(nowMs, endSN)) return;
      standstill.asked(nowMs);
      this.#load(hls, this.#renditions?.address ?? addresses.hls);
    });
  }

  /** In place of what is loaded. */
  #load(hls: Hls, address: string): void {
    const isPaused = this.#video.paused;
    this.#atEdge = false;
    this.#pace = undefined;
    hls.loadSource(address);
    // What is loaded into an element anew is paused.
    if (!isPaused) void this.#video.play().catch(() => undefined);
  }

  #setPace(hls: Hls, details: LevelDetails): void {
    const { live, partTarget } = details;
    // At the end the buffer runs dry as it should.
    if (!live && this.#pace !== undefined) this.#video.playbackRate = 1;
    if (!live || partTarget <= 0) this.#pace = undefined;
    else if (this.#pace === undefined) {
      const { page } = this.#options;
      if (!page.webKit) hls.targetLatency = partTarget * partsBehind;
      this.#pace = new HlsPace(partTarget, page.webKit ? partsBehindInWebKit : partsBehind, page.nowMs());
      beginBehindSegmentZero(hls, details);
    }
  }

  /**
   * hls.js starts at the hold-back of the playlist it saw first, and what start-up took stays as delay: one seek takes
   * it back, once the target is buffered (a stall would raise the hold-back for good).
   */
  #keepNearEdge(): void {
    const target = this.#hls?.liveSyncPosition;
    if (target === undefined || target === null || this.#video.paused) return;
    const behindSeconds = target - this.#video.currentTime;
    // Also where another seek waits: hls.js that loads again after errors waits for ever for what is not listed any more.
    if (behindSeconds > seekWhenBehindSeconds) this.#video.currentTime = target;
    if (this.#video.seeking) return;
    // hls.js alone never slows down: a viewer who joined at the very start would never get the hold-back.
    if (this.#options.mode === 'smooth') this.#video.playbackRate = smoothRate(behindSeconds);
    if (behindSeconds <= seekWhenBehindSeconds) this.#keepPace();
    if (this.#atEdge || this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
    if (behindSeconds > 0.1 && forwardSeconds(readRanges(this.#video.buffered), target) < bufferedBeyondTargetSeconds) return;
    this.#atEdge = true;
    if (behindSeconds > 0.1 && this.#options.mode === 'lowest-delay') this.#video.currentTime = target;
  }

  #keepPace(): void {
    const video = this.#video;
    const decision = this.#pace?.look(this.#options.page.nowMs(), forwardSeconds(readRanges(video.buffered), video.currentTime));
    if (decision === undefined) return;
    if (decision.seekAheadSeconds > 0) video.currentTime += decision.seekAheadSeconds;
    if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
  }

  #onWaiting = (): void => {
    // A seek makes the element wait too, and says nothing about the network.
    if (!this.#video.seeking && this.#atEdge && forwardSeconds(readRanges(this.#video.buffered), this.#video.currentTime) < 0.1) this.#pace?.stalled();
  };

  #onEnded = (): void => this.#finish({ reason: 'ended' });

  #askTime(): void {
    const { addresses, clock, page } = this.#options;
    void askServerTime(addresses.origin, clock, page, this.#abort.signal);
  }

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    for (const cancel of this.#timers) cancel();
    this.#video.removeEventListener('ended', this.#onEnded);
    this.#video.removeEventListener('waiting', this.#onWaiting);
    releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}

/** Where hls.js would begin in segment 0, which is not played by parts (`streamByParts`), it begins with the next one. It chose a place before it was told how near to the edge. */
function beginBehindSegmentZero(hls: Hls, { fragments: [first] }: LevelDetails): void {
  const chosen = hls.startPosition < 0 ? Infinity : hls.startPosition;
  if (first?.sn === 0 && Math.min(chosen, hls.liveSyncPosition ?? Infinity) < first.end) hls.startLoad(first.end);
}

function smoothRate(behindSeconds: number): number {
  if (behindSeconds < -0.5) return 0.97;
  return behindSeconds > 1 ? 1.03 : 1;
}
