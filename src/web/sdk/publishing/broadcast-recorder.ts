import type { RecordingReason } from '../../../protocol/ingest-messages.js';
import type { OnairError } from '../errors.js';
import { Listeners } from '../listeners.js';
import { applyQuality, type Quality } from '../quality.js';
import { recorderError, type RecordedQuality, type SentPictures } from '../recorder.js';
import type { Capture } from './captured.js';
import { mediaRecorder, type Encoder, type EncoderFacts } from './encoder.js';
import type { TrackKind } from './filler.js';
import { OnAirMedia, type OnAirOptions } from './on-air-media.js';
import { RecordingSequence } from './recording-sequence.js';
import { heldWarning, lostWarning, silentWarning, type PublisherWarning, type PublisherWarningCode } from './warnings.js';

const silentAfterMs = 4_000;
/** A recorder that fails again so soon after it was replaced fails by what it is given. */
const recorderMustLastMs = 10_000;

export interface BroadcastRecorderEvents {
  /** A recording begins; the chunks that follow are its bytes. */
  recording: { readonly mimeType: string; readonly reason?: RecordingReason | undefined; readonly startedAtMs: number };
  chunk: Uint8Array<ArrayBuffer>;
  /** What encodes from now on, and why. */
  encoder: EncoderFacts;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
  /** Nothing can be recorded any more. */
  failed: OnairError;
}

export interface BroadcastRecorderOptions extends Omit<OnAirOptions, 'cardSize'> {
  readonly quality: Quality;
}

/** What is on air as bytes: whatever becomes of devices, sizes, quality and recorders, one recording follows the other. */
export class BroadcastRecorder extends Listeners<BroadcastRecorderEvents> {
  readonly #nowMs: () => number;
  readonly #onAir: OnAirMedia;
  readonly #recordings = new RecordingSequence({
    open: (options) => (this.#encoder ?? mediaRecorder('it is what there is')).open(options),
    onRecording: (mimeType, reason) => {
      this.#tellEncoder();
      this.emit('recording', { mimeType, reason, startedAtMs: this.#recordings.current?.startedAtMs ?? this.#nowMs() });
    },
    onChunk: (bytes) => this.emit('chunk', bytes),
    onStopped: (error) => this.#recorderStopped(error),
    onOutgrown: (size) => {
      if (size === undefined) this.#goOn('quality');
      else this.#onAir.outgrow(size);
    },
  });
  #encoder: Encoder | undefined;
  #told: EncoderFacts | undefined;
  #capture: Capture | undefined;
  #unfollow: () => void = () => undefined;
  #quality: Quality;
  #videoBitsPerSecond: number;
  #recorderFailedAtMs = -Infinity;
  #silent = false;
  #closed = false;

  constructor({ quality, ...options }: BroadcastRecorderOptions) {
    super();
    this.#nowMs = options.nowMs;
    this.#quality = quality;
    this.#videoBitsPerSecond = quality.videoBitsPerSecond;
    this.#onAir = new OnAirMedia({ ...options, cardSize: quality });
    this.#onAir.on('changed', (reason) => {
      if (this.recording) this.#goOn(reason);
    });
    this.#onAir.on('lost', (kind) => this.emit('warning', lostWarning(kind)));
    this.#onAir.on('found', (kind) => this.emit('recovered', { code: lostWarning(kind).code }));
    this.#onAir.on('held', (kind) => this.emit('warning', heldWarning(kind)));
    this.#onAir.on('released', (kind) => this.emit('recovered', { code: heldWarning(kind).code }));
  }

  /** Whether the first recording has begun. */
  get recording(): boolean {
    return this.#recordings.current !== undefined;
  }

  get quality(): Quality {
    return this.#quality;
  }

  /** The recorder's, which a slow uplink may have lowered. */
  get videoBitsPerSecond(): number {
    return this.#videoBitsPerSecond;
  }

  /** Whether a frame rate is expected of what is on air. */
  get expectsPictures(): boolean {
    return this.#onAir.expectsPictures;
  }

  /** Pictures that camera or screen gave so far; undefined where the browser does not tell. */
  get pictures(): number | undefined {
    return this.#onAir.pictures;
  }

  /** Each quality of the picture that is sent, the source first; none where that is not known. */
  get sentPictures(): readonly SentPictures[] {
    return this.#recordings.current?.sentPictures ?? [];
  }

  /** Undefined before it was chosen. */
  get encoder(): EncoderFacts | undefined {
    return this.#encoder?.facts;
  }

  /** What encodes from the first recording on; closed with this. */
  encodeBy(encoder: Encoder): void {
    this.#encoder?.close();
    this.#encoder = encoder;
    if (this.#closed) encoder.close();
  }

  /** What `begin()` records. */
  use(capture: Capture): void {
    this.#unfollow();
    this.#capture = capture;
    this.#onAir.use(capture.media);
    this.#unfollow = capture.follow?.(() => {
      this.#onAir.use(capture.media);
      if (this.recording) this.#goOn('source');
    }) ?? (() => undefined);
  }

  /** The first recording. @throws {OnairError} */
  begin(): void {
    void this.#recordings.begin(this.#recorded);
  }

  /** Begins anew after a part that was dropped: what is left of the present recording is of no use. */
  beginAnew(videoBitsPerSecond = this.#videoBitsPerSecond): void {
    this.#videoBitsPerSecond = videoBitsPerSecond;
    try {
      this.#recordings.beginAnew(this.#recorded);
    } catch (error) {
      this.emit('failed', recorderError(error));
    }
  }

  /** @throws {OnairError} when it cannot be recorded: then everything stays as it was */
  async replace(capture: Capture): Promise<void> {
    const before = this.#capture;
    this.use(capture);
    try {
      await this.#record('source');
    } catch (error) {
      if (before !== undefined) this.use(before);
      throw recorderError(error);
    }
    before?.close();
  }

  /** @throws {OnairError} when it cannot be recorded: then the recording before goes on */
  async setQuality(quality: Quality): Promise<void> {
    this.#quality = quality;
    this.#videoBitsPerSecond = quality.videoBitsPerSecond;
    if (this.#capture !== undefined) await applyQuality(this.#capture.media, quality);
    await this.#record('quality');
  }

  /** The same pictures with more or fewer bits. */
  setBitRate(videoBitsPerSecond: number): void {
    this.#videoBitsPerSecond = videoBitsPerSecond;
    if (this.recording && !this.#recordings.setBitRate(videoBitsPerSecond)) this.#goOn('quality');
  }

  setMuted(kind: TrackKind, muted: boolean): void {
    this.#onAir.setMuted(kind, muted);
  }

  isMuted(kind: TrackKind): boolean {
    return this.#onAir.isMuted(kind);
  }

  /** Call ten times a second, at a pace that a hidden tab does not slow. */
  tick(): void {
    this.#onAir.tick();
    this.#recordings.tick();
  }

  /** Call once a second while the server takes what is recorded. */
  watchSilence(): void {
    const silent = (this.#recordings.current?.silentMs ?? 0) > silentAfterMs;
    // Firefox's recorder waits for ever for the sound of a suspended AudioContext.
    const isSoundMissing = (this.#recordings.current?.soundMissingMs ?? 0) > silentAfterMs;
    if (silent || isSoundMissing) void Promise.all([this.#capture?.resumeSound(), this.#onAir.resumeSound()]);
    if (silent && !this.#silent) this.emit('warning', silentWarning(this.#recordings.current?.hasGiven ?? false));
    if (!silent && this.#silent) this.emit('recovered', { code: 'recorder-silent' });
    this.#silent = silent;
  }

  /** Resolves, at every call, when the last chunk has been given. */
  stop(): Promise<void> {
    return this.#recordings.stop();
  }

  /** Stops at once, and closes what was captured. */
  close(): void {
    this.#closed = true;
    this.#unfollow();
    this.#recordings.discard();
    this.#encoder?.close();
    this.#onAir.close();
    this.#capture?.close();
  }

  /** Only a recording knows how many renditions it has. */
  #tellEncoder(): void {
    const facts = this.#encoder?.facts;
    if (facts === undefined || (facts.encoder === this.#told?.encoder && facts.renditions === this.#told.renditions)) return;
    this.#told = facts;
    this.emit('encoder', facts);
  }

  get #recorded(): { media: MediaStream; quality: RecordedQuality } {
    const { audioBitsPerSecond, frameRate, height } = this.#quality;
    return { media: this.#onAir.stream, quality: { videoBitsPerSecond: this.#videoBitsPerSecond, audioBitsPerSecond, frameRate, height } };
  }

  async #record(reason: RecordingReason): Promise<void> {
    // Before the first recording there is nothing to go on from.
    if (this.recording) await this.#recordings.begin(this.#recorded, reason);
  }

  #goOn(reason: RecordingReason): void {
    this.#record(reason).catch((error: unknown) => this.emit('warning', { code: 'recorder-failed', message: recorderError(error).message }));
  }

  /** All its tracks ended, or it failed, as some do when pictures change: another recorder goes on. */
  #recorderStopped(error: OnairError | null): void {
    if (error !== null && this.#encoder?.facts.encoder === 'webcodecs') {
      this.encodeBy(mediaRecorder(`the other way of encoding failed: ${error.message}`));
      this.beginAnew();
      return;
    }
    const sinceMs = this.#nowMs() - this.#recorderFailedAtMs;
    this.#recorderFailedAtMs = this.#nowMs();
    if (error !== null && sinceMs < recorderMustLastMs) {
      this.emit('failed', error);
      return;
    }
    if (this.#capture !== undefined) this.#onAir.use(this.#capture.media);
    this.beginAnew();
  }
}
