import type { IngestMessage } from '../../protocol/ingest-messages.js';
import { isStreamName, liveStreamUrls } from '../../protocol/urls.js';
import { captureCamera, type Capture } from './capture.js';
import { ClockOffset } from './playback/clock-offset.js';
import type { OnairError } from './errors.js';
import { explainRefusal } from './explain-refusal.js';
import { IngestSocket } from './ingest-socket.js';
import { Listeners } from './listeners.js';
import type { PublisherEvents, PublisherOptions, PublisherState } from './publisher-events.js';
import { defaultQuality, lowerBitRate } from './quality.js';
import { Recorder, recorderError } from './recorder.js';
import { ReconnectPolicy } from './reconnect-policy.js';
import { startTicker } from './ticker.js';
import { UplinkWatch } from './uplink-watch.js';

/** Also the lowest frame rate: a picture that stands still is repeated at every tick. */
const tickMs = 100;
const silentAfterMs = 4_000;
const endTimeoutMs = 10_000;

/** One broadcast from this page. */
export class Publisher extends Listeners<PublisherEvents> {
  /** null: ended as it should; an error: why it is over. Never rejects. */
  readonly closed: Promise<OnairError | null>;
  readonly #options: PublisherOptions;
  readonly #origin: string;
  readonly #uplink = new UplinkWatch();
  #settle: (outcome: OnairError | null) => void = () => undefined;
  #state: PublisherState = 'idle';
  #socket: IngestSocket | undefined;
  #capture: Capture | undefined;
  #recorder: Recorder | undefined;
  #videoBitsPerSecond: number;
  #stopTicker: (() => void) | undefined;
  #viewers = 0;
  #wasLive = false;
  #silent = false;
  #skippedAPart = false;
  readonly #serverClock = new ClockOffset();
  #timesClockTold = 0;

  /** @throws {TypeError} when the stream's name or the server's address cannot be right */
  constructor(options: PublisherOptions) {
    super();
    if (!isStreamName(options.stream)) {
      throw new TypeError(`expected a stream name of 1 to 64 letters, digits, "-" and "_", got "${options.stream}"`);
    }
    this.#options = options;
    this.#origin = new URL(options.url, document.baseURI).href.replace(/\/+$/, '');
    this.#videoBitsPerSecond = (options.quality ?? defaultQuality).videoBitsPerSecond;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** With it another page can go on with this broadcast; known once the server took it. */
  get resumeToken(): string | undefined {
    return this.#socket?.resumeToken;
  }

  /** Resolves when the server takes the broadcast (`live` follows), or when `end()` came first. @throws {OnairError} saying why not */
  async start(): Promise<void> {
    if (this.#state !== 'idle') throw new TypeError(`expected a new Publisher, got one that is ${this.#state}`);
    this.#setState('connecting');
    try {
      const capture = await this.#openMedia();
      if (this.state === 'ended') capture.close();
      else await this.#publish(capture);
    } catch (error) {
      this.#release(null);
      throw error;
    }
  }

  /** Ends the broadcast cleanly; resolves when the server has everything, or does not answer. Idempotent. */
  async end(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#state === 'connecting') {
      socket?.close();
      this.#release(null);
      return;
    }
    await this.#recorder?.stop();
    socket.end();
    const timer = setTimeout(() => socket.close(), endTimeoutMs);
    await socket.closed;
    clearTimeout(timer);
  }

  async #openMedia(): Promise<Capture> {
    const { media, quality } = this.#options;
    if (media === undefined) return captureCamera(quality === undefined ? {} : { quality });
    const capture = 'media' in media ? media : { media, resumeSound: () => Promise.resolve() };
    return { ...capture, close: () => undefined };
  }

  async #publish(capture: Capture): Promise<void> {
    this.#capture = capture;
    for (const track of capture.media.getTracks()) track.addEventListener('ended', this.#onTrackEnded);
    const { key, stream, resume } = this.#options;
    const socket = new IngestSocket({
      url: liveStreamUrls(this.#origin, stream).publish,
      key,
      ...(resume !== undefined && { resumeToken: resume }),
      policy: new ReconnectPolicy(),
      openSocket: (url) => new WebSocket(url),
      explainRefusal,
      nowMs: () => performance.now(),
    });
    this.#socket = socket;
    let ticks = 0;
    this.#stopTicker = startTicker(tickMs, () => {
      socket.tick();
      this.#recorder?.tick();
      ticks += 1;
      if (ticks % 10 === 0) this.#everySecond(socket);
      if (ticks % 100 === 0) socket.tell({ type: 'ping', sentAtMs: Date.now() });
    });
    addEventListener('online', this.#onOnline);
    addEventListener('offline', this.#onOffline);

    const ready = new Promise<'ready'>((resolve) => {
      socket.on('state', (state) => {
        this.#setState(state === 'reconnecting' ? 'reconnecting' : this.#wasLive ? 'live' : 'connected');
        if (state === 'reconnecting') return;
        if (this.#recorder === undefined) this.#record(socket, capture);
        if (this.#skippedAPart) this.emit('recovered', { code: 'replay-full' });
        this.#skippedAPart = false;
        resolve('ready');
      });
    });
    socket.on('message', (message) => this.#hear(message, socket));
    socket.on('overflow', () => {
      this.#tellOverflow(socket);
      this.#record(socket, capture);
    });

    const outcome = await Promise.race([ready, socket.closed]);
    if (outcome === 'ready') void socket.closed.then((error) => this.#over(error));
    else if (outcome === null) this.#release(null);
    else throw outcome;
  }

  #record(socket: IngestSocket, capture: Capture): void {
    const { audioBitsPerSecond } = this.#options.quality ?? defaultQuality;
    this.#recorder?.discard();
    try {
      this.#timesClockTold = 0;
      this.#recorder = new Recorder({
        media: capture.media,
        quality: { videoBitsPerSecond: this.#videoBitsPerSecond, audioBitsPerSecond },
        onChunk: (bytes) => {
          socket.push(bytes);
          if (this.#timesClockTold === 0) this.#tellClock(socket);
        },
        onStopped: (error) => (error === null ? void this.end() : socket.close(error)),
      });
      socket.beginRecording(this.#recorder.mimeType);
    } catch (error) {
      socket.close(recorderError(error));
    }
  }

  /** What was waiting is dropped: only a new recording can be decoded after the gap, and on a slow line a lighter one has a chance. */
  #tellOverflow({ connected }: IngestSocket): void {
    if (connected) {
      this.#videoBitsPerSecond = lowerBitRate(this.#videoBitsPerSecond);
      this.emit('warning', {
        code: 'quality-lowered',
        message: `Your uplink is too slow for this quality: a part was skipped, and the picture goes on with ${(this.#videoBitsPerSecond / 1e6).toFixed(1)} Mbit/s.`,
      });
      return;
    }
    if (this.#skippedAPart) return;
    this.#skippedAPart = true;
    this.emit('warning', { code: 'replay-full', message: 'The connection has been away for too long to keep everything: viewers will miss a part. The broadcast goes on when it comes back.' });
  }

  /** Viewers see how far behind they are only if the server knows when the recording was made. */
  #tellClock(socket: IngestSocket): void {
    const captureTimeMs = this.#recorder && this.#serverClock.serverTimeMs(this.#recorder.startedAtMs);
    if (captureTimeMs === undefined) return;
    if (socket.tell({ type: 'clock', captureTimeMs })) this.#timesClockTold += 1;
  }

  #hear(message: IngestMessage, socket: IngestSocket): void {
    if (message.type === 'ready') {
      this.emit('resumable', { broadcast: message.broadcast, resumeToken: message.resume });
      this.emit('urls', message.urls);
      socket.tell({ type: 'ping', sentAtMs: Date.now() });
    }
    if (message.type === 'pong') {
      this.#serverClock.add({ ...message, receivedAtMs: Date.now() });
      if (this.#timesClockTold > 0) this.#tellClock(socket);
    }
    if (message.type === 'stats') this.#viewers = message.viewers;
    if (message.type === 'warning') this.emit('warning', { code: message.code, message: message.message });
    if (message.type === 'live') {
      this.#wasLive = true;
      this.#setState('live');
    }
  }

  #everySecond(socket: IngestSocket): void {
    // A first chunk of one byte does not tell the server yet that a recording began: what was said then is said again.
    if (this.#timesClockTold < 3) this.#tellClock(socket);
    if (!socket.connected) {
      this.emit('stats', { upstreamBitsPerSecond: 0, viewers: this.#viewers, bufferedBytes: socket.unsentBytes });
      return;
    }
    const { bitsPerSecond, change } = this.#uplink.sample({
      nowMs: performance.now(),
      sentBytes: socket.sentBytes,
      unsentBytes: socket.unsentBytes,
      recordedBitsPerSecond: this.#videoBitsPerSecond,
    });
    this.emit('stats', { upstreamBitsPerSecond: Math.round(bitsPerSecond), viewers: this.#viewers, bufferedBytes: socket.unsentBytes });
    if (change === 'slow') {
      this.emit('warning', { code: 'slow-uplink', message: 'Your uplink cannot follow: the broadcast falls behind. End it and choose a lower quality, or move nearer to the Wi-Fi.' });
    }
    if (change === 'recovered') this.emit('recovered', { code: 'slow-uplink' });
    this.#watchSilence();
  }

  #watchSilence(): void {
    const silent = (this.#recorder?.silentMs ?? 0) > silentAfterMs;
    // Firefox's recorder waits for ever for the sound of a suspended AudioContext.
    if (silent) void this.#capture?.resumeSound();
    if (silent && !this.#silent) {
      this.emit('warning', {
        code: 'recorder-silent',
        message: 'The browser’s recorder gives nothing at the moment: viewers see a standstill. Check that the camera and microphone are still on; clicking anywhere on this page may wake the sound up.',
      });
    }
    if (!silent && this.#silent) this.emit('recovered', { code: 'recorder-silent' });
    this.#silent = silent;
  }

  readonly #onTrackEnded = (event: Event): void => {
    const kind = event.target instanceof MediaStreamTrack && event.target.kind === 'audio' ? 'sound' : 'picture';
    this.emit('warning', { code: 'source-ended', message: `The ${kind} stopped: its device was unplugged, or sharing was ended. So the broadcast was ended too.` });
    void this.end();
  };

  readonly #onOnline = (): void => this.#socket?.retryNow();

  readonly #onOffline = (): void => this.#socket?.probe();

  #over(error: OnairError | null): void {
    if (error !== null) this.emit('error', error);
    this.#release(error);
  }

  #setState(state: PublisherState): void {
    if (state === this.#state || this.#state === 'ended') return;
    this.#state = state;
    this.emit('state', state);
  }

  #release(outcome: OnairError | null): void {
    this.#stopTicker?.();
    this.#recorder?.discard();
    removeEventListener('online', this.#onOnline);
    removeEventListener('offline', this.#onOffline);
    for (const track of this.#capture?.media.getTracks() ?? []) track.removeEventListener('ended', this.#onTrackEnded);
    this.#capture?.close();
    this.#setState('ended');
    this.#settle(outcome);
  }
}
