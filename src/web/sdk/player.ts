import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import { Listeners } from './listeners.js';
import type { PlayerEvents, PlayerState } from './player-events.js';
import { streamAddresses } from './playback/addresses.js';
import { forwardSeconds, readRanges } from './playback/buffered-ranges.js';
import { ClockOffset } from './playback/clock-offset.js';
import { HlsJs } from './playback/hls-js.js';
import { mediaSourceClass } from './playback/media-source.js';
import { NativeHls } from './playback/native-hls.js';
import { choosePaths, explainFallback, pathLabels, type PathChoice, type PathName, type PlayerMode } from './playback/path-choice.js';
import type { Playback, PlaybackEnd, PlaybackOptions, StreamAddresses } from './playback/playback.js';
import { ProgressWatch } from './playback/progress-watch.js';
import { Sight } from './playback/sight.js';
import { FactsPoll, type StreamFacts } from './playback/stream-facts.js';
import { WebSocketMse } from './playback/web-socket-mse.js';

export interface PlayerOptions {
  /** `https://host/live/NAME`, or the server's address together with `stream`. */
  readonly url: string;
  readonly stream?: string;
  readonly video: HTMLVideoElement;
  /** `lowest-delay` (default) stays as close to live as the network allows; `smooth` keeps seconds in hand. */
  readonly mode?: PlayerMode;
  /** `auto` (default) takes the best that works; a name takes that one alone. */
  readonly path?: PathName | 'auto';
}

const paths: Record<PathName, new (options: PlaybackOptions) => Playback> = {
  websocket: WebSocketMse,
  hls: HlsJs,
  native: NativeHls,
};

/** Shorter interruptions are hiccups, not worth a word. */
const stalledAfterMs = 400;
/** A path that shows nothing for so long will not show anything. */
const startWithinMs = 12_000;
const retryAllAfterMs = [2000, 5000, 10_000, 20_000];

/** Plays a live stream on a video element; waits for its start, and for the next one after its end. */
export class Player {
  readonly #options: PlayerOptions;
  readonly #video: HTMLVideoElement;
  readonly #addresses: StreamAddresses;
  readonly #clock = new ClockOffset();
  readonly #listeners = new Listeners<PlayerEvents>();
  readonly #abort = new AbortController();
  #mode: PlayerMode;
  #state: PlayerState = 'connecting';
  #message: string | undefined;
  #facts: FactsPoll | undefined;
  #info: LiveStreamInfo | undefined;
  #playback: Playback | undefined;
  #progress = new ProgressWatch();
  #sight: Sight | undefined;
  #failures: PathChoice[] = [];
  /** Its `ended` came; the facts may still call it live for a moment. */
  #endedBroadcast: string | undefined;
  #rounds = 0;
  #timers = new Map<'stats' | 'start' | 'stalled' | 'retry', ReturnType<typeof setTimeout>>();

  /** @throws {TypeError} when the address names no live stream */
  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#video = options.video;
    this.#mode = options.mode ?? 'lowest-delay';
    this.#addresses = streamAddresses(options.url, options.stream, document.baseURI);
  }

  /** @returns a function that takes the listener away again */
  on<Name extends keyof PlayerEvents>(name: Name, listener: (detail: PlayerEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  get state(): PlayerState {
    return this.#state;
  }

  get mode(): PlayerMode {
    return this.#mode;
  }

  /** Changes over at once; the picture comes back after a moment. */
  set mode(mode: PlayerMode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#failures = [];
    this.#playback?.close();
  }

  /** Starts now, or as soon as the stream is live. */
  play(): void {
    if (this.#facts !== undefined || this.#abort.signal.aborted) return;
    const { signal } = this.#abort;
    this.#video.playsInline = true;
    this.#sight = new Sight(this.#video);
    this.#video.addEventListener('playing', () => this.#onPlaying(), { signal });
    this.#video.addEventListener('waiting', () => this.#onWaiting(), { signal });
    this.#video.addEventListener('pause', () => this.#onPause(), { signal });
    // A new source makes some browsers (WebKit) forget that they were to play.
    this.#video.addEventListener('canplay', () => this.#state === 'connecting' && this.#video.paused && void this.#startElement(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.#resume(), { signal });
    window.addEventListener('online', () => this.#resume(), { signal });
    this.#timers.set('stats', setInterval(() => this.#emitStats(), 1000));
    this.#facts = new FactsPoll({ url: this.#addresses.facts, onFacts: (facts) => this.#learn(facts) });
  }

  /** Stops for good and lets go of the element; idempotent. */
  close(): void {
    this.#abort.abort();
    this.#facts?.close();
    this.#sight?.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#playback?.close();
  }

  #learn(facts: StreamFacts): void {
    const live = facts.known && facts.info?.state === 'live';
    if (!live && this.#playback === undefined) this.#failures = [];
    if (!facts.known) {
      if (this.#playback === undefined) this.#enter('waiting', `Can't reach the server: ${facts.why}. Trying again.`);
      return;
    }
    this.#info = facts.info;
    this.#listeners.emit('info', facts.info);
    if (this.#state === 'stalled') this.#enter('stalled', this.#stalledMessage());
    if (this.#playback !== undefined || this.#timers.has('retry')) return;
    if (facts.info?.state === 'live' && facts.info.broadcast !== this.#endedBroadcast) return this.#tryNextPath();
    if (facts.info?.state === 'ended' || (facts.info !== undefined && facts.info.broadcast === this.#endedBroadcast)) {
      return this.#enter('ended');
    }
    // What has just ended stays on screen as ended until the next broadcast begins.
    if (this.#state !== 'ended' || facts.info !== undefined) this.#enter('waiting', waitingMessage(facts.info));
  }

  #tryNextPath(): void {
    const failed = new Set(this.#failures.map((each) => each.path));
    const wish = { mode: this.#mode, path: this.#options.path ?? 'auto' };
    const choice = choosePaths(wish, this.#capabilities()).find((each) => !failed.has(each.path));
    if (choice === undefined) return this.#giveUpForNow();
    this.#enter('connecting');
    this.#listeners.emit('path', explainFallback(choice, this.#failures));
    const playback = new paths[choice.path]({
      video: this.#video,
      mode: this.#mode,
      addresses: this.#addresses,
      clock: this.#clock,
    });
    this.#playback = playback;
    this.#progress = new ProgressWatch();
    void playback.closed.then((end) => this.#over(choice.path, end));
    this.#timers.set('start', setTimeout(() => this.#checkStarted(playback), startWithinMs));
    void this.#startElement();
  }

  #checkStarted(playback: Playback): void {
    // Browsers load nothing that nobody looks at.
    if (this.#sight?.clear !== true || this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#abandon(playback, `no picture within ${startWithinMs / 1000} s`);
  }

  #abandon(playback: Playback, why: string): void {
    this.#failures.push({ path: playback.path, why });
    playback.close();
  }

  #capabilities(): Parameters<typeof choosePaths>[1] {
    const source = mediaSourceClass();
    const codecs = this.#info?.rendition?.codecs;
    return {
      webSocket: typeof WebSocket !== 'undefined',
      mediaSource: source !== undefined,
      codecsSupported: codecs === undefined ? undefined : source?.isTypeSupported(`video/mp4; codecs="${codecs}"`),
      nativeHls: this.#video.canPlayType('application/vnd.apple.mpegurl') !== '',
    };
  }

  async #over(path: PathName, end: PlaybackEnd): Promise<void> {
    this.#playback = undefined;
    this.#stopTimer('start');
    this.#stopTimer('stalled');
    if (this.#abort.signal.aborted) return;
    if (end.reason === 'ended') {
      this.#endedBroadcast = this.#info?.broadcast;
      this.#failures = [];
      return this.#enter('ended');
    }
    if (end.reason === 'failed') this.#failures.push({ path, why: end.why });
    if (end.reason === 'not-live') this.#failures.push({ path, why: 'the server had nothing to play' });
    // A path also fails when the broadcast is over or the server gone: then another path would not help.
    await this.#facts?.ask();
  }

  #giveUpForNow(): void {
    const why = this.#failures.map((each) => `${pathLabels[each.path]}: ${each.why}`).join('; ');
    const reason = why === '' ? "This browser can't play this stream" : `No way to play this stream worked (${why})`;
    this.#enter('failed', `${reason}. Try a current Chrome, Edge, Firefox or Safari, or open the HLS link in VLC. Trying again by itself.`);
    this.#failures = [];
    const delayMs = retryAllAfterMs[Math.min(this.#rounds, retryAllAfterMs.length - 1)];
    this.#rounds += 1;
    this.#timers.set('retry', setTimeout(() => {
      this.#stopTimer('retry');
      void this.#facts?.ask();
    }, delayMs));
  }

  /** Browsers let sound start only after the viewer did something on the page: then without sound. */
  async #startElement(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.#abort.signal.aborted) return;
      if (this.#video.muted) return this.#listeners.emit('autoplay', 'blocked');
      this.#video.muted = true;
      this.#listeners.emit('autoplay', 'muted');
      await this.#startElement();
    }
  }

  /** WebKit lets the picture begin and pauses it when sound comes up that nobody asked for. */
  #onPause(): void {
    const untouched = 'userActivation' in navigator && !navigator.userActivation.hasBeenActive;
    if (!untouched || this.#playback === undefined || this.#video.ended || this.#video.muted) return;
    this.#video.muted = true;
    this.#listeners.emit('autoplay', 'muted');
    void this.#startElement();
  }

  #onPlaying(): void {
    this.#stopTimer('stalled');
    this.#rounds = 0;
    if (this.#playback === undefined) return;
    // Now this viewer counts too.
    if (this.#state === 'connecting') void this.#facts?.ask();
    this.#enter('playing');
  }

  #onWaiting(): void {
    if (this.#state !== 'playing' || this.#timers.has('stalled')) return;
    const stalled = (): void => this.#enter('stalled', this.#stalledMessage());
    this.#timers.set('stalled', setTimeout(stalled, stalledAfterMs));
  }

  #stalledMessage(): string {
    return waitingMessage(this.#info) ?? 'The picture is waiting for the network.';
  }

  #resume(): void {
    this.#playback?.resume();
  }

  #emitStats(): void {
    const video = this.#video;
    const playback = this.#playback;
    if (playback === undefined) return;
    const bufferSeconds = forwardSeconds(readRanges(video.buffered), video.currentTime);
    const { latencySeconds, ...rest } = playback.stats();
    this.#listeners.emit('stats', {
      path: playback.path,
      ...rest,
      // What is buffered was captured before now, whatever the publisher's first burst made the server believe.
      latencySeconds: latencySeconds === undefined ? undefined : Math.max(latencySeconds, bufferSeconds),
      bufferSeconds,
      droppedFrames: video.getVideoPlaybackQuality().droppedVideoFrames,
      width: video.videoWidth,
      height: video.videoHeight,
      playbackRate: video.playbackRate,
    });
    const fed = (rest.bitsPerSecond ?? 0) > 0 || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const shouldMove = fed && !video.paused && this.#sight?.clear === true;
    if (this.#progress.look({ nowMs: Date.now(), atSeconds: video.currentTime, shouldMove })) {
      this.#abandon(playback, 'media came in, but the picture stood still');
    }
  }

  #stopTimer(name: 'start' | 'stalled' | 'retry'): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #enter(state: PlayerState, message?: string): void {
    if (this.#abort.signal.aborted || (state === this.#state && message === this.#message)) return;
    this.#state = state;
    this.#message = message;
    this.#listeners.emit('state', { state, message });
  }
}

function waitingMessage(info: LiveStreamInfo | undefined): string | undefined {
  if (info?.state === 'starting') return 'The broadcast is starting.';
  if (info?.state === 'waiting') return 'The broadcaster lost the connection and may come back.';
  return undefined;
}
