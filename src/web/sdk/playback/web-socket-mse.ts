import { jumpOverHole, type BufferedRange } from './buffered-ranges.js';
import { BitRateMeter } from './bit-rate-meter.js';
import { beginChase, chase, lowestDelay, smooth, type ChaserSettings, type ChaserState } from './edge-chaser.js';
import { readInitFacts } from './fragment-time.js';
import { mediaSourceClass } from './media-source.js';
import { MseBuffer, type TimelineInit } from './mse-buffer.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from './playback.js';
import { StuckWatch } from './stuck-watch.js';
import { ViewerSocket, type TimelineMessage } from './viewer-socket.js';
import { isWebKit } from './web-kit.js';

const lookEveryMs = 200;
/** With so much buffered an element that still shows nothing is not preparing. */
const longestPreparingSeconds = 10;
/** No timer runs this late in a page that is awake and visible. */
const asleepMs = 4000;

/** Plays `/live/:stream/play`: fragments over a WebSocket into Media Source Extensions. */
export class WebSocketMse implements Playback {
  readonly path = 'websocket';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #settings: ChaserSettings;
  readonly #socket: ViewerSocket;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  readonly #bitRate = new BitRateMeter();
  readonly #stuck = new StuckWatch();
  readonly #timer: ReturnType<typeof setInterval>;
  #chaser: ChaserState;
  #buffer: MseBuffer | undefined;
  /** Being opened: fragments wait here. */
  #opening: Uint8Array[] | undefined;
  #init: TimelineInit | undefined;
  /** The last correction of what `init` said, for a timeline that is not open yet. */
  #clock: Extract<TimelineMessage, { type: 'clock' }> | undefined;
  #initSegment: Uint8Array | undefined;
  #begun = false;
  #started = false;
  /** The element was playing before its source was changed, which pauses it. */
  #playOn = false;
  #ended = false;
  #resumed = false;
  #stalled = false;
  #lookedAtMs = Date.now();

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#video = options.video;
    this.#settings = options.mode === 'smooth' ? smooth : lowestDelay;
    this.#chaser = beginChase(this.#settings, Date.now());
    this.#socket = new ViewerSocket({
      url: options.addresses.play,
      clock: options.clock,
      onMessage: (message) => this.#take(message),
      onMedia: (bytes) => this.#takeMedia(bytes),
    });
    void this.#socket.closed.then((end) => {
      // After `ended` there is nothing to connect to, but what is buffered still plays.
      if (!this.#ended) this.#finish(end);
    });
    this.#video.addEventListener('waiting', this.#onWaiting);
    this.#video.addEventListener('ended', this.#onEnded);
    this.#video.addEventListener('error', this.#onElementError);
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const capturedMs = this.#buffer?.captureTimeMs(this.#video.currentTime);
    const nowMs = this.#options.clock.serverTimeMs(Date.now());
    const known = this.#started && capturedMs !== undefined && nowMs !== undefined;
    return {
      latencySeconds: known ? (nowMs - capturedMs) / 1000 : undefined,
      bitsPerSecond: this.#bitRate.bitsPerSecond(Date.now()),
      codecs: /codecs="?([^";]+)/.exec(this.#init?.mimeType ?? '')?.[1],
    };
  }

  resume(): void {
    this.#resumed = true;
    this.#socket.prove();
    this.#look();
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #take(message: TimelineMessage): void {
    if (message.type === 'init') {
      if (mediaSourceClass()?.isTypeSupported(message.mimeType) !== true) {
        return this.#finish({ reason: 'failed', why: `this browser can't play ${message.mimeType}` });
      }
      this.#init = message;
      this.#clock = undefined;
      this.#initSegment = undefined;
      this.#begun = false;
    } else if (message.type === 'clock') {
      this.#clock = message;
      if (this.#begun) this.#buffer?.correctClock(message);
    } else if (message.type === 'ended') {
      this.#ended = true;
      this.#socket.close();
      if (!this.#started) return this.#finish({ reason: 'ended' });
      this.#buffer?.end();
    }
    // After `gap` the next fragment leaves a hole behind it; looking at the buffer finds it.
  }

  #takeMedia(bytes: Uint8Array): void {
    this.#bitRate.add(bytes.byteLength, Date.now());
    this.#look();
    if (this.#init === undefined) return;
    if (this.#initSegment === undefined) {
      this.#initSegment = bytes;
      // A SourceBuffer can change its codecs, but not whether it has sound or pictures.
      if (this.#buffer !== undefined && this.#buffer.kinds !== readInitFacts(bytes).kinds) this.#dropBuffer();
    } else if (this.#opening !== undefined) {
      this.#opening.push(bytes);
    } else if (this.#buffer === undefined) {
      void this.#open(this.#init, this.#initSegment, bytes);
    } else if (this.#begun) {
      this.#buffer.append(bytes);
    } else {
      this.#begin(this.#buffer, this.#init, this.#initSegment, bytes);
    }
  }

  async #open(init: TimelineInit, initSegment: Uint8Array, firstFragment: Uint8Array): Promise<void> {
    this.#opening = [];
    try {
      this.#buffer = await MseBuffer.open({
        video: this.#video,
        init,
        initSegment,
        signal: this.#abort.signal,
        onError: (why) => this.#finish({ reason: 'failed', why }),
        onAppended: () => this.#look(),
      });
    } catch (error) {
      return this.#finish({ reason: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
    const waiting = this.#opening;
    this.#opening = undefined;
    // Another `init` came meanwhile: what waited may belong to either; the next keyframe is near.
    if (this.#init !== init) return;
    this.#begin(this.#buffer, init, initSegment, firstFragment);
    for (const fragment of waiting) this.#buffer.append(fragment);
    if (this.#ended) this.#buffer.end();
  }

  #begin(buffer: MseBuffer, ...opening: Parameters<MseBuffer['begin']>): void {
    this.#begun = true;
    buffer.begin(...opening);
    if (this.#clock !== undefined) buffer.correctClock(this.#clock);
  }

  #look(): void {
    const nowMs = Date.now();
    if (nowMs - this.#lookedAtMs > asleepMs) {
      this.#resumed = true;
      this.#socket.prove();
    }
    this.#lookedAtMs = nowMs;
    const buffer = this.#buffer;
    if (buffer === undefined || this.#video.seeking) return;
    if (!this.#started) return this.#start(buffer);
    // A paused viewer is behind because they want to be.
    if (this.#video.paused) return;
    const atSeconds = this.#video.currentTime;
    const target =
      jumpOverHole(buffer.ranges, atSeconds) ?? this.#stuck.look({ nowMs, atSeconds, forwardSeconds: buffer.forwardSeconds });
    if (target !== undefined) return this.#seek(target);
    // At the end the buffer runs dry as it should.
    if (this.#ended) return;
    this.#chase(buffer, nowMs);
  }

  #start(buffer: MseBuffer): void {
    const range = buffer.ranges.at(-1);
    if (range === undefined) return;
    const seconds = range.endSeconds - range.startSeconds;
    if (seconds < this.#settings.minCushionSeconds && !this.#ended) return;
    if (this.#preparing(range)) return;
    this.#started = true;
    if (this.#playOn) void this.#video.play().catch(() => undefined);
    this.#playOn = false;
    // The join brings a whole group of pictures: begin at its end, not at its start.
    this.#seek(Math.max(range.startSeconds, range.endSeconds - 2 * this.#settings.minCushionSeconds));
    this.#chaser = beginChase(this.#settings, Date.now());
  }

  /** WebKitGTK hangs for good, the whole page with it, when it is told to seek before its pipeline has its first picture. */
  #preparing({ startSeconds, endSeconds }: BufferedRange): boolean {
    const { currentTime, readyState } = this.#video;
    const willHaveOne = currentTime >= startSeconds - 0.05 && endSeconds - currentTime < longestPreparingSeconds;
    return isWebKit() && willHaveOne && readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  #chase(buffer: MseBuffer, nowMs: number): void {
    const view = { nowMs, forwardSeconds: buffer.forwardSeconds, stalled: this.#stalled, resumed: this.#resumed };
    const decision = chase(this.#chaser, view, this.#settings);
    this.#chaser = decision.state;
    this.#stalled = false;
    this.#resumed = false;
    if (decision.seekAheadSeconds > 0) this.#seek(this.#video.currentTime + decision.seekAheadSeconds);
    if (this.#video.playbackRate !== decision.rate) this.#video.playbackRate = decision.rate;
  }

  #seek(seconds: number): void {
    if (Math.abs(this.#video.currentTime - seconds) > 0.01) this.#video.currentTime = seconds;
  }

  #dropBuffer(): void {
    this.#playOn ||= !this.#video.paused;
    this.#buffer?.close();
    this.#buffer = undefined;
    this.#started = false;
  }

  #onWaiting = (): void => {
    // A seek makes the element wait too, and says nothing about the network.
    if (this.#started && !this.#video.seeking && this.#buffer !== undefined && this.#buffer.forwardSeconds < 0.1) {
      this.#stalled = true;
    }
  };

  #onEnded = (): void => {
    if (this.#ended) this.#finish({ reason: 'ended' });
  };

  #onElementError = (): void => {
    const why = this.#video.error?.message ?? 'the browser could not decode the media';
    this.#finish({ reason: 'failed', why });
  };

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    clearInterval(this.#timer);
    this.#socket.close();
    this.#video.removeEventListener('waiting', this.#onWaiting);
    this.#video.removeEventListener('ended', this.#onEnded);
    this.#video.removeEventListener('error', this.#onElementError);
    this.#buffer?.close();
    this.#video.playbackRate = 1;
    // The last picture of an ended broadcast may stay.
    if (end.reason !== 'ended') releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}
