import type { IngestMessage } from '../../protocol/ingest-messages.js';
import { isStreamName, liveStreamUrls } from '../../protocol/urls.js';
import { asCapture, captureCamera, type Capture } from './capture.js';
import type { OnairError } from './errors.js';
import { IngestSocket } from './ingest-socket.js';
import { Listeners } from './listeners.js';
import type { PublisherEvents, PublisherOptions, PublisherState } from './publisher-events.js';
import { BroadcastRecorder } from './publishing/broadcast-recorder.js';
import { CaptureClock } from './publishing/capture-clock.js';
import type { TrackKind } from './publishing/filler.js';
import { browserParts, type PublisherParts } from './publishing/publisher-parts.js';
import { defaultQuality, lowerBitRate, type Quality } from './quality.js';
import { recorderError } from './recorder.js';
import { ReconnectPolicy } from './reconnect-policy.js';
import { UplinkWatch } from './uplink-watch.js';

/** Also the lowest frame rate: a picture that stands still is repeated at every tick. */
const tickMs = 100;
const endTimeoutMs = 10_000;

/** One broadcast from this page. */
export class Publisher extends Listeners<PublisherEvents> {
  /** null: ended as it should; an error: why it is over. Never rejects. */
  readonly closed: Promise<OnairError | null>;
  readonly #options: PublisherOptions;
  readonly #parts: PublisherParts;
  readonly #origin: string;
  readonly #uplink = new UplinkWatch();
  readonly #clock = new CaptureClock();
  readonly #recorder: BroadcastRecorder;
  readonly #stopWatching: (() => void)[] = [];
  #settle: (outcome: OnairError | null) => void = () => undefined;
  #state: PublisherState = 'idle';
  #socket: IngestSocket | undefined;
  #end: Promise<void> | undefined;
  #viewers = 0;
  #wasLive = false;
  #skippedAPart = false;

  /**
   * @param parts the browser's own, unless a test has others
   * @throws {TypeError} when the stream's name or the server's address cannot be right
   */
  constructor(options: PublisherOptions, parts: PublisherParts = browserParts) {
    super();
    if (!isStreamName(options.stream)) {
      throw new TypeError(`expected a stream name of 1 to 64 letters, digits, "-" and "_", got "${options.stream}"`);
    }
    this.#options = options;
    this.#parts = parts;
    this.#origin = new URL(options.url, typeof document === 'undefined' ? undefined : document.baseURI).href.replace(/\/+$/, '');
    this.#recorder = new BroadcastRecorder({ ...parts, quality: options.quality ?? defaultQuality });
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#listenToRecorder();
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
      const capture = this.#options.media === undefined ? await captureCamera({ quality: this.#recorder.quality }) : asCapture(this.#options.media);
      if (this.#over) capture.close();
      else await this.#publish(capture);
    } catch (error) {
      this.#release(null);
      throw error;
    }
  }

  /**
   * Goes on with this media in place of what is on air, which is left running if it was given to the Publisher. A kind of track
   * that the new media lacks is sent as silence or as a card.
   * @returns a promise of the moment when the new media is recorded and the last of the old is on its way
   * @throws {OnairError} when it cannot be recorded: then everything stays as it was
   */
  async replaceMedia(media: MediaStream | Capture): Promise<void> {
    if (this.#socket === undefined || this.#over) throw new TypeError(`expected a Publisher that has started, got one that is ${this.#state}`);
    await this.#recorder.replace(asCapture(media));
  }

  /** Goes on in another quality: the bit rate, and the camera's size where it can. @throws {OnairError} as `replaceMedia()` */
  async setQuality(quality: Quality): Promise<void> {
    this.emit('recovered', { code: 'quality-lowered' });
    await this.#recorder.setQuality(quality);
  }

  /** Sends silence, or black, instead of what the device gives; the device stays open. */
  mute(kind: TrackKind): void {
    this.#recorder.setMuted(kind, true);
  }

  unmute(kind: TrackKind): void {
    this.#recorder.setMuted(kind, false);
  }

  isMuted(kind: TrackKind): boolean {
    return this.#recorder.isMuted(kind);
  }

  /** Ends the broadcast cleanly; resolves, at every call, when the server has everything or does not answer. */
  end(): Promise<void> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  get #over(): boolean {
    return this.#state === 'ended';
  }

  async #finish(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#state === 'connecting') {
      socket?.close();
      this.#release(null);
      return;
    }
    await this.#recorder.stop();
    socket.end();
    const timer = setTimeout(() => socket.close(), endTimeoutMs);
    await socket.closed;
    clearTimeout(timer);
  }

  async #publish(capture: Capture): Promise<void> {
    this.#recorder.use(capture);
    const { key, stream, resume } = this.#options;
    const { openSocket, explainRefusal, nowMs, random, startTicker, watchNetwork } = this.#parts;
    const socket = new IngestSocket({
      url: liveStreamUrls(this.#origin, stream).publish,
      key,
      ...(resume !== undefined && { resumeToken: resume }),
      policy: new ReconnectPolicy({ random }),
      openSocket,
      explainRefusal,
      nowMs,
    });
    this.#socket = socket;
    let ticks = 0;
    this.#stopWatching.push(
      startTicker(tickMs, () => {
        socket.tick();
        this.#recorder.tick();
        ticks += 1;
        if (ticks % 10 === 0) this.#everySecond(socket);
        if (ticks % 100 === 0) this.#clock.ask(socket);
      }),
      watchNetwork((online) => (online ? socket.retryNow() : socket.probe())),
    );

    const ready = new Promise<'ready'>((resolve) => {
      socket.on('state', (state) => {
        this.#setState(state === 'reconnecting' ? 'reconnecting' : this.#wasLive ? 'live' : 'connected');
        if (state === 'reconnecting') return;
        if (!this.#recorder.recording) this.#beginRecording(socket);
        if (this.#skippedAPart) this.emit('recovered', { code: 'replay-full' });
        this.#skippedAPart = false;
        resolve('ready');
      });
    });
    socket.on('message', (message) => this.#hear(message, socket));
    socket.on('overflow', () => this.#overflowed(socket));

    const outcome = await Promise.race([ready, socket.closed]);
    if (outcome === 'ready') void socket.closed.then((error) => this.#ended(error));
    else if (outcome === null) this.#release(null);
    else throw outcome;
  }

  #beginRecording(socket: IngestSocket): void {
    try {
      this.#recorder.begin();
    } catch (error) {
      socket.close(recorderError(error));
    }
  }

  #listenToRecorder(): void {
    this.#recorder.on('recording', ({ mimeType, reason, startedAtMs }) => {
      this.#clock.beginRecording(startedAtMs);
      this.#socket?.beginRecording(mimeType, reason);
    });
    this.#recorder.on('chunk', (bytes) => {
      this.#socket?.push(bytes);
      if (this.#socket !== undefined) this.#clock.tick(this.#socket, 'chunk');
    });
    this.#recorder.on('warning', (warning) => this.emit('warning', warning));
    this.#recorder.on('recovered', (recovered) => this.emit('recovered', recovered));
    this.#recorder.on('failed', (error) => this.#socket?.close(error));
  }

  /** What was waiting is dropped: only a new recording can be decoded after the gap, and on a slow line a lighter one has a chance. */
  #overflowed({ connected }: IngestSocket): void {
    const videoBitsPerSecond = connected ? lowerBitRate(this.#recorder.videoBitsPerSecond) : undefined;
    this.#recorder.beginAnew(videoBitsPerSecond);
    if (videoBitsPerSecond !== undefined) {
      this.emit('warning', {
        code: 'quality-lowered',
        message: `Your uplink is too slow for this quality: a part was skipped, and the picture goes on with ${(videoBitsPerSecond / 1e6).toFixed(1)} Mbit/s.`,
      });
    } else if (!this.#skippedAPart) {
      this.#skippedAPart = true;
      this.emit('warning', { code: 'replay-full', message: 'The connection has been away for too long to keep everything: viewers will miss a part. The broadcast goes on when it comes back.' });
    }
  }

  #hear(message: IngestMessage, socket: IngestSocket): void {
    if (message.type === 'ready') {
      this.emit('resumable', { broadcast: message.broadcast, resumeToken: message.resume });
      this.emit('urls', message.urls);
      this.#clock.ask(socket);
    }
    if (message.type === 'pong') this.#clock.hear(message, socket);
    if (message.type === 'stats') this.#viewers = message.viewers;
    if (message.type === 'warning') this.emit('warning', { code: message.code, message: message.message });
    if (message.type === 'live') {
      this.#wasLive = true;
      this.#setState('live');
    }
  }

  #everySecond(socket: IngestSocket): void {
    this.#clock.tick(socket, 'second');
    if (!socket.connected) {
      this.emit('stats', { upstreamBitsPerSecond: 0, viewers: this.#viewers, bufferedBytes: socket.unsentBytes });
      return;
    }
    const { bitsPerSecond, change } = this.#uplink.sample({
      nowMs: this.#parts.nowMs(),
      sentBytes: socket.sentBytes,
      unsentBytes: socket.unsentBytes,
      recordedBitsPerSecond: this.#recorder.videoBitsPerSecond,
    });
    this.emit('stats', { upstreamBitsPerSecond: Math.round(bitsPerSecond), viewers: this.#viewers, bufferedBytes: socket.unsentBytes });
    if (change === 'slow') {
      this.emit('warning', { code: 'slow-uplink', message: 'Your uplink cannot follow: the broadcast falls behind. End it and choose a lower quality, or move nearer to the Wi-Fi.' });
    }
    if (change === 'recovered') this.emit('recovered', { code: 'slow-uplink' });
    this.#recorder.watchSilence();
  }

  #ended(error: OnairError | null): void {
    if (error !== null) this.emit('error', error);
    this.#release(error);
  }

  #setState(state: PublisherState): void {
    if (state === this.#state || this.#over) return;
    this.#state = state;
    this.emit('state', state);
  }

  #release(outcome: OnairError | null): void {
    for (const stop of this.#stopWatching.splice(0)) stop();
    this.#recorder.close();
    this.#setState('ended');
    this.#settle(outcome);
  }
}
