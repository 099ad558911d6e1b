import type { ViewerPlace } from '../../../protocol/viewer-place.js';
import { BitRateMeter } from './bit-rate-meter.js';
import { EdgeKeeper } from './edge-keeper.js';
import { attachMediaSource, mediaSourceClass, type AttachedSource } from './media-source.js';
import { MseBuffer, type TimelineInit } from './mse-buffer.js';
import { Ending, releaseElement, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from './playback.js';
import { SlowLineWatch } from './slow-line-watch.js';
import { SocketRenditions } from './socket-renditions.js';
import { ViewerSocket, type TimelineMessage } from './viewer-socket.js';

const lookEveryMs = 200;
/** A server that has media but can't send it skips it sooner: after so long it is what its source missed that comes. */
const sourceGoneMs = 5000;
/** Sound and pictures do not come quite in the order of their times. */
const overlapSeconds = 0.1;

/**
 * Plays `/live/:stream/play`: fragments over a WebSocket into Media Source Extensions. The source is opened first and the socket
 * then, so that nothing ever waits for the source: not even in a tab that was never shown, where it does not open.
 */
export class WebSocketMse implements Playback {
  readonly path = 'websocket';
  readonly unstick = 'nudge';
  readonly #options: PlaybackOptions;
  readonly #video: HTMLVideoElement;
  readonly #edge: EdgeKeeper;
  readonly #ending = new Ending();
  readonly #abort = new AbortController();
  readonly #bitRate = new BitRateMeter();
  readonly #slowLine = new SlowLineWatch();
  readonly #renditions: SocketRenditions;
  readonly #stopLooking: () => void;
  #attached: AttachedSource | undefined;
  #socket: ViewerSocket | undefined;
  #buffer: MseBuffer | undefined;
  #init: TimelineInit | undefined;
  /** The last correction of what `init` said, for a timeline that is not open yet. */
  #clock: Extract<TimelineMessage, { type: 'clock' }> | undefined;
  /** What media times of this connection, and of those that take its place, are counted by. */
  #mediaClock: string | undefined;
  /** The connection was lost, and the next one was asked for what is missed. */
  #isReturning = false;
  #initSegment: Uint8Array | undefined;
  #begun = false;
  #ended = false;
  /** What is opened next is the present timeline in another rendition. */
  #isSameTimeline = false;
  #fedAtMs = -Infinity;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#video = options.video;
    this.#edge = new EdgeKeeper(options);
    this.#renditions = new SocketRenditions(options, (rendition) => this.#socket?.select(rendition));
    const { signal } = this.#abort;
    this.#video.addEventListener('waiting', () => this.#edge.waits(this.#buffer), { signal });
    this.#video.addEventListener('ended', () => this.#ended && this.#finish({ reason: 'ended' }), { signal });
    this.#video.addEventListener('error', () => this.#fail(this.#video.error?.message ?? ''), { signal });
    this.#stopLooking = options.page.every(lookEveryMs, () => this.#look());
    void this.#open();
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    const { clock, page } = this.#options;
    const capturedMs = this.#buffer?.captureTimeMs(this.#video.currentTime);
    const nowMs = clock.serverTimeMs(page.nowMs());
    const known = this.#edge.hasStarted && capturedMs !== undefined && nowMs !== undefined;
    return {
      latencySeconds: known ? (nowMs - capturedMs) / 1000 : undefined,
      bitsPerSecond: this.#bitRate.bitsPerSecond(page.nowMs()),
      codecs: /codecs="?([^";]+)/.exec(this.#init?.mimeType ?? '')?.[1],
    };
  }

  select(): void {
    this.#renditions.select();
  }

  suspend(): void {
    // Being opened, it has no line yet.
    if (this.#attached === undefined) return;
    this.#socket?.close();
    this.#socket = undefined;
  }

  resume(): void {
    this.#edge.resumed();
    if (this.#attached !== undefined && this.#socket === undefined && !this.#ended) this.#connect();
    else this.#socket?.prove();
    this.#look();
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  async #open(): Promise<void> {
    try {
      this.#attached = await attachMediaSource(this.#video, this.#abort.signal);
    } catch (error) {
      return this.#fail(String(error));
    }
    if (this.#abort.signal.aborted) return this.#attached.release();
    // An iPhone wants no more for a while: with the picture paused there is no hurry to have it.
    this.#attached.source.addEventListener('endstreaming', () => this.#video.paused && this.suspend());
    this.#connect();
  }

  #connect(): void {
    this.#init = undefined;
    this.#mediaClock = undefined;
    this.#fedAtMs = -Infinity;
    this.#slowLine.reset();
    const socket = new ViewerSocket({
      url: () => this.#renditions.address(this.#place()),
      servers: this.#options.addresses.servers,
      clock: this.#options.clock,
      page: this.#options.page,
      onMessage: (message) => this.#take(message),
      onMedia: (bytes) => this.#takeMedia(bytes),
    });
    this.#socket = socket;
    // After `ended` there is nothing to connect to, but what is buffered still plays.
    void socket.closed.then((end) => end.reason !== 'closed' && socket === this.#socket && !this.#ended && this.#finish(end));
  }

  /** Of a connection that is to take the place of one that was lost. */
  #place(): ViewerPlace | undefined {
    const reached = this.#buffer?.reachedMediaSeconds;
    this.#isReturning = this.#mediaClock !== undefined && reached !== undefined;
    if (this.#mediaClock === undefined || reached === undefined) return undefined;
    return { clock: this.#mediaClock, seconds: Math.max(0, reached - overlapSeconds) };
  }

  #returned(): void {
    this.#isReturning = false;
    this.#slowLine.reset();
    this.#edge.returns();
  }

  #take(message: TimelineMessage): void {
    switch (message.type) {
      case 'init':
        if (mediaSourceClass()?.isTypeSupported(message.mimeType) !== true) {
          return this.#finish({ reason: 'failed', failure: { code: 'codecs-unsupported', detail: message.mimeType } });
        }
        this.#init = message;
        this.#mediaClock = message.clock;
        this.#edge.joins();
        if (this.#isReturning) this.#returned();
        this.#clock = undefined;
        this.#initSegment = undefined;
        this.#begun = false;
        return;
      case 'clock':
        this.#clock = message;
        if (this.#begun) this.#buffer?.correctClock(message);
        return;
      case 'gap':
        // The next fragment leaves a hole behind it; looking at the buffer finds it.
        // What was missed before the connection was there says nothing of the line.
        return this.#renditions.serverGoesDown || !this.#begun ? undefined : this.#slowLine.skipped(this.#options.page.nowMs());
      case 'renditions':
        if (!this.#renditions.take(message)) return;
        this.#isSameTimeline = !this.#begun;
        // What was too slow for the one may carry the other.
        return this.#slowLine.reset();
      case 'error':
        // What was wished is gone by now; it is wished again when it is back.
        return;
      case 'ended':
        this.#ended = true;
        this.#socket?.close();
        if (!this.#edge.hasStarted) return this.#finish({ reason: 'ended' });
        this.#buffer?.end();
    }
  }

  #takeMedia(bytes: Uint8Array): void {
    const nowMs = this.#options.page.nowMs();
    if (nowMs - this.#fedAtMs > sourceGoneMs && Number.isFinite(this.#fedAtMs)) this.#edge.returns();
    this.#fedAtMs = nowMs;
    this.#bitRate.add(bytes.byteLength, this.#fedAtMs);
    this.#look();
    if (this.#init === undefined || this.#attached === undefined) return;
    if (this.#initSegment === undefined) {
      this.#initSegment = bytes;
      if (this.#buffer?.fits(this.#init, bytes) === false) this.#openAnew();
    } else if (this.#begun) {
      this.#buffer?.append(bytes);
    } else {
      this.#begin(this.#attached.source, this.#init, this.#initSegment, bytes);
    }
  }

  /** The server begins with the present group of pictures again: nothing need be kept meanwhile. */
  #openAnew(): void {
    this.suspend();
    this.#buffer?.close();
    this.#buffer = undefined;
    this.#attached?.release();
    this.#attached = undefined;
    this.#edge.beginAgain();
    void this.#open();
  }

  #begin(source: MediaSource, init: TimelineInit, initSegment: Uint8Array, firstFragment: Uint8Array): void {
    try {
      this.#buffer ??= new MseBuffer({
        ...{ video: this.#video, source, init, initSegment },
        onError: (why) => this.#fail(why),
        onAppended: () => this.#look(),
      });
    } catch (error) {
      return this.#fail(error instanceof Error ? error.message : String(error));
    }
    this.#begun = true;
    this.#buffer.begin(init, initSegment, firstFragment, this.#isSameTimeline);
    this.#isSameTimeline = false;
    if (this.#clock !== undefined) this.#buffer.correctClock(this.#clock);
  }

  #look(): void {
    const buffer = this.#buffer;
    if (!this.#edge.look(buffer, this.#ended) || buffer === undefined) return;
    if (this.#isLineTooSlow(buffer, this.#options.page.nowMs())) this.#finish({ reason: 'failed', failure: { code: 'line-too-slow' } });
  }

  #isLineTooSlow(buffer: MseBuffer, nowMs: number): boolean {
    // With seconds in hand already there is nothing better to change to.
    if (this.#options.mode === 'smooth') return false;
    if (this.#renditions.serverGoesDown) return false;
    const edgeMs = buffer.liveEdgeSeconds === undefined ? undefined : buffer.captureTimeMs(buffer.liveEdgeSeconds);
    const serverMs = this.#options.clock.serverTimeMs(nowMs);
    const edgeBehindMs = edgeMs === undefined || serverMs === undefined ? undefined : serverMs - edgeMs;
    return this.#slowLine.look({ nowMs, edgeBehindMs, answerDelayMs: this.#socket?.answerDelayMs ?? 0, silentMs: nowMs - this.#fedAtMs });
  }

  #fail(detail: string): void {
    this.#finish({ reason: 'failed', failure: { code: 'media-error', detail } });
  }

  #finish(end: PlaybackEnd): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#stopLooking();
    this.#socket?.close();
    this.#buffer?.close();
    this.#video.playbackRate = 1;
    this.#attached?.release();
    // The last picture of an ended broadcast may stay.
    if (end.reason !== 'ended') releaseElement(this.#video);
    this.#ending.resolve(end);
  }
}
