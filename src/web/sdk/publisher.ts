import type { IngestMessage } from '../../protocol/ingest-messages.js';
import { isStreamName } from '../../protocol/urls.js';
import { captureCamera } from './capture.js';
import { OnairError } from './errors.js';
import { IngestSocket } from './ingest-socket.js';
import { Listeners } from './listeners.js';
import type { PublisherEvents, PublisherOptions, PublisherState, StreamDescription } from './publisher-events.js';
import { BroadcastLink } from './publishing/broadcast-link.js';
import { BroadcastRecorder } from './publishing/broadcast-recorder.js';
import { asCapture, type Capture } from './publishing/captured.js';
import { CaptureClock } from './publishing/capture-clock.js';
import type { Encoder, EncoderFacts } from './publishing/encoder.js';
import type { TrackKind } from './publishing/filler.js';
import { publishAddresses } from './publishing/publish-addresses.js';
import { browserParts, type PublisherParts } from './publishing/publisher-parts.js';
import { Uplink } from './publishing/uplink.js';
import type { UplinkSecond } from './publishing/uplink-history.js';
import { uplinkWarnings } from './publishing/warnings.js';
import { defaultQuality, type Quality } from './quality.js';
import { recorderError } from './recorder.js';
import { ReconnectPolicy } from './reconnect-policy.js';
import type { ServerList } from './servers.js';

/** Also the lowest frame rate: a picture that stands still is repeated at every tick. */
const tickMs = 100;
const endTimeoutMs = 10_000;
/** As long as somebody who was on air is likely to want that again: a tunnel, a restarted server, a laptop that slept. */
const giveUpAfterMs = 600_000;
/** With the source. */
const maxRenditions = 3;

/** One broadcast from this page. */
export class Publisher extends Listeners<PublisherEvents> {
  /** null: ended as it should; an error: why it is over. Never rejects. */
  readonly closed: Promise<OnairError | null>;
  readonly #options: PublisherOptions;
  readonly #parts: PublisherParts;
  readonly #servers: ServerList<string>;
  readonly #uplink: Uplink;
  readonly #clock = new CaptureClock();
  readonly #recorder: BroadcastRecorder;
  readonly #stopWatching: (() => void)[] = [];
  #settle: (outcome: OnairError | null) => void = () => undefined;
  #state: PublisherState = 'idle';
  #link: BroadcastLink | undefined;
  #end: Promise<void> | undefined;
  #viewers = 0;
  #isLive = false;
  #description: StreamDescription | undefined;

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
    this.#servers = publishAddresses(options);
    const quality = options.quality ?? defaultQuality;
    this.#recorder = new BroadcastRecorder({ ...parts, quality });
    this.#uplink = new Uplink(quality);
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#listenToParts();
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** With it another page can go on with this broadcast; known once the server took it. */
  get resumeToken(): string | undefined {
    return this.#link?.socket.resumeToken;
  }

  /** What encodes, and why; undefined before it was chosen. */
  get encoder(): EncoderFacts | undefined {
    return this.#recorder.encoder;
  }

  /** Resolves when the server takes the broadcast (`live` follows), or when `end()` came first. @throws {OnairError} saying why not */
  async start(): Promise<void> {
    if (this.#state !== 'idle') throw new TypeError(`expected a new Publisher, got one that is ${this.#state}`);
    this.#setState('connecting');
    try {
      const capture = this.#options.media === undefined ? await this.#openCamera() : asCapture(this.#options.media);
      if (this.#over) capture.close();
      else await this.#publish(capture);
    } catch (error) {
      this.#release(error instanceof OnairError ? error : null);
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
    if (this.#link === undefined || this.#over) throw new TypeError(`expected a Publisher that has started, got one that is ${this.#state}`);
    await this.#recorder.replace(asCapture(media));
  }

  /** Goes on in another quality: the bit rate, and the camera's size where it can. @throws {OnairError} as `replaceMedia()` */
  async setQuality(quality: Quality): Promise<void> {
    this.#uplink.want(quality);
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

  /** What the stream is about; on pages, in INFO and in link previews. A field that is left out stays as it is. */
  describe(description: StreamDescription): void {
    this.#description = { ...this.#description, ...description };
    this.#link?.tell({ type: 'describe', ...description });
  }

  /** The last minutes second by second, oldest first. */
  get history(): readonly UplinkSecond[] {
    return this.#uplink.seconds;
  }

  get #over(): boolean {
    return this.#state === 'ended';
  }

  async #finish(): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#state === 'connecting') {
      link?.close();
      this.#release(null);
      return;
    }
    await this.#recorder.stop();
    link.end();
    const timer = setTimeout(() => link.close(), endTimeoutMs);
    await link.closed;
    clearTimeout(timer);
  }

  async #openCamera(): Promise<Capture> {
    const capture = await captureCamera({ quality: this.#recorder.quality });
    capture.on('warning', (warning) => this.emit('warning', warning));
    capture.on('recovered', (recovered) => this.emit('recovered', recovered));
    return capture;
  }

  async #publish(capture: Capture): Promise<void> {
    this.#recorder.use(capture);
    const encoder = this.#parts.chooseEncoder({ wish: this.#options.encoder ?? 'auto', quality: this.#recorder.quality, maxRenditions: this.#options.renditions ?? maxRenditions });
    const link = this.#openLink();
    this.#link = link;
    let ticks = 0;
    this.#stopWatching.push(
      this.#parts.startTicker(tickMs, () => {
        link.tick();
        this.#recorder.tick();
        ticks += 1;
        if (ticks % 10 === 0) this.#everySecond(link);
        if (ticks % 100 === 0) this.#clock.ask(link);
      }),
      this.#parts.watchNetwork((online) => link.networkChanged(online)),
      this.#parts.keepScreenOn(),
    );

    const ready = new Promise<'ready'>((resolve) => {
      link.on('state', (state) => {
        this.#setState(state === 'reconnecting' ? 'reconnecting' : this.#isLive ? 'live' : 'connected');
        if (state === 'reconnecting') return;
        void encoder.then((chosen) => this.#beginRecording(link, chosen));
        this.#uplink.connected();
        resolve('ready');
      });
    });
    link.on('message', (message) => this.#hear(message, link));
    link.on('overflow', ({ lostMs }) => this.#overflowed(link, lostMs));
    link.on('anew', () => {
      this.#isLive = false;
      this.#recorder.beginAnew();
      this.emit('warning', uplinkWarnings.begunAnew);
    });

    const outcome = await Promise.race([ready, link.closed]);
    if (outcome === 'ready') void link.closed.then((error) => this.#ended(error));
    else if (outcome === null) this.#release(null);
    else throw outcome;
  }

  #openLink(): BroadcastLink {
    const { key, resume } = this.#options;
    const { openSocket, explainRefusal, nowMs, random } = this.#parts;
    const policy = new ReconnectPolicy({ random, giveUpAfterMs });
    const open = (resumes: boolean): IngestSocket =>
      new IngestSocket({ url: this.#servers, key, ...(resumes && resume !== undefined && { resumeToken: resume }), policy, openSocket, explainRefusal, nowMs });
    return new BroadcastLink({ open, policy, nowMs });
  }

  #beginRecording(link: BroadcastLink, encoder: Encoder): void {
    if (this.#recorder.recording) return;
    this.#recorder.encodeBy(encoder);
    if (this.#over) return;
    try {
      this.#recorder.begin();
    } catch (error) {
      link.close(recorderError(error));
    }
  }

  #listenToParts(): void {
    this.#recorder.on('recording', ({ mimeType, reason, startedAtMs }) => {
      this.#clock.beginRecording(startedAtMs);
      this.#link?.beginRecording(mimeType, reason);
      this.emit('recording', { mimeType });
    });
    this.#recorder.on('chunk', (bytes) => {
      this.#link?.push(bytes);
      if (this.#link !== undefined) this.#clock.tick(this.#link, 'chunk');
      this.emit('chunk', bytes);
    });
    this.#recorder.on('encoder', (facts) => this.emit('encoder', facts));
    this.#recorder.on('warning', (warning) => this.emit('warning', warning));
    this.#recorder.on('recovered', (recovered) => this.emit('recovered', recovered));
    this.#uplink.on('warning', (warning) => this.emit('warning', warning));
    this.#uplink.on('recovered', (recovered) => this.emit('recovered', recovered));
    this.#uplink.on('bitRate', (bitsPerSecond) => this.#recorder.setBitRate(bitsPerSecond));
    this.#recorder.on('failed', (error) => this.#link?.close(error));
  }

  /** What was waiting is dropped: only a new recording can be decoded after the gap, and on a slow line a lighter one has a chance. */
  #overflowed({ socket }: BroadcastLink, lostMs: number): void {
    this.#uplink.dropped({ nowMs: this.#parts.nowMs(), lostMs, slow: socket.connected });
    this.#recorder.beginAnew(this.#uplink.videoBitsPerSecond);
  }

  #hear(message: IngestMessage, link: BroadcastLink): void {
    if (message.type === 'ready') {
      this.emit('resumable', { broadcast: message.broadcast, resumeToken: message.resume });
      this.emit('urls', message.urls);
      this.#clock.ask(link);
      if (this.#description !== undefined) link.tell({ type: 'describe', ...this.#description });
    }
    if (message.type === 'pong') this.#clock.hear(message, link);
    if (message.type === 'stats') this.#viewers = message.viewers;
    if (message.type === 'warning') this.emit('warning', { code: message.code, message: message.message });
    if (message.type === 'live') {
      this.#isLive = true;
      this.#setState('live');
    }
  }

  #everySecond({ socket }: BroadcastLink): void {
    if (this.#link !== undefined) this.#clock.tick(this.#link, 'second');
    const { pictures, quality, expectsPictures, sentPictures: sent } = this.#recorder;
    const second = this.#uplink.second({ nowMs: this.#parts.nowMs(), socket, pictures, sent, wantedFramesPerSecond: expectsPictures ? quality.frameRate : 0 });
    this.emit('stats', { ...second, viewers: this.#viewers, bufferedBytes: socket.unsentBytes, renditions: sent });
    if (socket.connected) this.#recorder.watchSilence();
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
