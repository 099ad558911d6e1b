import { MatroskaMuxer, type MuxedFrame, type MuxedTrack } from './matroska.js';
import { even, PictureEncoders, type EncodedPicture, type PictureRendition, type Profile } from './picture-encoders.js';
import { SoundEncoder } from './sound-encoder.js';
import { TrackClock } from './track-clock.js';
import { upright } from './upright.js';

export interface EncodingOptions {
  /** Media time 0, by the same clock as `nowMs`. */
  readonly startedAtMs: number;
  /** Undefined: there is no picture. */
  readonly picture: { readonly standsStill: boolean; readonly frameRate: number; readonly profile: Profile; readonly renditions: readonly PictureRendition[] } | undefined;
  readonly sound: { readonly bitsPerSecond: number } | undefined;
  readonly onBytes: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Pictures have another size, or an encoder has another configuration, than this recording's header says: they are left out until another begins. */
  readonly onOutgrown: (size: { readonly width: number; readonly height: number } | undefined) => void;
  readonly onFailure: (error: unknown) => void;
  readonly nowMs: () => number;
}

/** What a recording gave so far of one rendition. */
export interface GivenPictures {
  readonly width: number;
  readonly height: number;
  readonly byteLength: number;
}

/** Viewers begin, change over and go on after a gap at keyframes: docs/decisions/0022-keyframes-each-second.md. */
const keyframeIntervalUs = 1_000_000;
/** More pictures waiting for an encoder are not encoded at all: what is late helps nobody. */
const maxQueue = 5;
/** A screen or a canvas gives pictures only when something changes; a camera that gives none for so long is held back. */
const stillAfterMs = { screen: 200, camera: 500 } as const;
/** Sound that is so late does not come: silence is sent. */
const silentAfterMs = 300;
/** What the silence leaves to sound that comes after all. */
const soundSlackMs = 100;
const minStepUs = 1_000;

/** One recording: pictures and sound as they come, encoded and put together. Time goes on whatever comes: still pictures are repeated, missing sound is silence. */
export class Encoding {
  readonly #options: EncodingOptions;
  readonly #pictureClock: TrackClock;
  readonly #soundClock: TrackClock;
  readonly #sound: SoundEncoder | undefined;
  readonly #configurations = new Map<number, Uint8Array>();
  /** Bytes of each rendition. */
  #given: number[] = [];
  #pictures: PictureEncoders | undefined;
  #size: { readonly width: number; readonly height: number } | undefined;
  #muxer: MatroskaMuxer | undefined;
  /** Until the header can be written. */
  #waiting: { readonly frame: Omit<MuxedFrame, 'track'>; readonly rendition: number | undefined }[] = [];
  #last: VideoFrame | undefined;
  #lastSeenAtMs = -Infinity;
  #lastHeardAtMs: number;
  #lastUs = -Infinity;
  #group = -1;
  #outgrown = false;
  /** An encoder began to speak of other parameter sets than the header does. */
  #isStale = false;
  #skipped = 0;
  #closed = false;

  constructor(options: EncodingOptions) {
    this.#options = options;
    this.#lastHeardAtMs = options.nowMs();
    this.#pictureClock = new TrackClock(options.startedAtMs);
    this.#soundClock = new TrackClock(options.startedAtMs);
    const { sound, onFailure } = options;
    if (sound !== undefined) this.#sound = new SoundEncoder({ ...sound, onPacket: (packet) => this.#write({ ...packet, keyframe: true }, undefined), onFailure });
  }

  /** Pictures that were not encoded because the encoders were behind. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Pictures that wait for the slowest encoder. */
  get queue(): number {
    return this.#pictures?.queue ?? 0;
  }

  /** Of each rendition, the source first. */
  get given(): GivenPictures[] {
    return (this.#pictures?.sizes ?? []).map(({ width, height }, rendition) => ({ width, height, byteLength: this.#given[rendition] ?? 0 }));
  }

  /** For how long no sound has come; 0 where none is wanted. */
  get soundMissingMs(): number {
    return this.#sound === undefined ? 0 : this.#options.nowMs() - this.#lastHeardAtMs;
  }

  /** The next picture. It is closed. */
  seePicture(seen: VideoFrame): void {
    const frame = this.#closed ? seen : upright(seen);
    const nowMs = this.#options.nowMs();
    const size = { width: even(frame.displayWidth), height: even(frame.displayHeight) };
    const isOther = this.#size !== undefined && (size.width !== this.#size.width || size.height !== this.#size.height);
    if (isOther && this.#muxer === undefined) this.#forgetPictures();
    if (this.#closed || (isOther && this.#outgrown)) frame.close();
    else if (isOther && this.#muxer !== undefined) {
      frame.close();
      this.#outgrown = true;
      this.#options.onOutgrown(size);
    } else {
      this.#size = size;
      this.#last?.close();
      this.#last = frame;
      this.#lastSeenAtMs = nowMs;
      this.#encode(frame, this.#pictureClock.mediaUs(frame.timestamp, nowMs));
    }
  }

  /** The next sound. It is closed. */
  hearSound(data: AudioData): void {
    this.#lastHeardAtMs = this.#options.nowMs();
    if (this.#closed || this.#sound === undefined) data.close();
    else this.#sound.push(data, this.#soundClock.mediaUs(data.timestamp, this.#lastHeardAtMs));
  }

  /** Call ten times a second. */
  tick(): void {
    if (this.#closed) return;
    const nowMs = this.#options.nowMs();
    const nowUs = (nowMs - this.#options.startedAtMs) * 1000;
    const stillMs = this.#options.picture?.standsStill === true ? stillAfterMs.screen : stillAfterMs.camera;
    if (this.#last !== undefined && nowMs - this.#lastSeenAtMs >= stillMs) this.#encode(this.#last, nowUs);
    if (this.#sound !== undefined && nowUs - (this.#sound.endUs ?? 0) > silentAfterMs * 1000) this.#sound.fill(nowUs - soundSlackMs * 1000);
  }

  /** Of each rendition. */
  setBitRates(bitsPerSecond: readonly number[]): void {
    this.#pictures?.setBitRates(bitsPerSecond);
  }

  /** Resolves when everything that came was given. */
  async finish(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pictures?.flush(), this.#sound?.flush()]);
  }

  close(): void {
    this.#closed = true;
    this.#last?.close();
    this.#last = undefined;
    this.#waiting = [];
    this.#pictures?.close();
    this.#sound?.close();
  }

  /** A source that is just being opened may give a picture or two of another size first: nothing was written of them yet. */
  #forgetPictures(): void {
    this.#pictures?.close();
    this.#pictures = undefined;
    this.#configurations.clear();
    this.#waiting = this.#waiting.filter(({ rendition }) => rendition === undefined);
    this.#group = -1;
  }

  #encode(picture: VideoFrame, mediaUs: number): void {
    try {
      this.#pictures ??= this.#openPictures();
    } catch (error) {
      this.#closed = true;
      this.#options.onFailure(error);
      return;
    }
    if (this.#pictures.queue >= maxQueue) {
      this.#skipped += 1;
      return;
    }
    // A repeated picture's time was taken from the clock: a real one must not go behind it.
    const timeUs = Math.max(Math.round(mediaUs), this.#lastUs + minStepUs, 0);
    const group = Math.floor(timeUs / keyframeIntervalUs);
    const frame = new VideoFrame(picture, { timestamp: timeUs });
    this.#pictures.encode(frame, group !== this.#group);
    frame.close();
    this.#lastUs = timeUs;
    this.#group = group;
  }

  #openPictures(): PictureEncoders {
    const { picture, onFailure } = this.#options;
    return new PictureEncoders({
      ...(this.#size ?? { width: 2, height: 2 }),
      frameRate: picture?.frameRate ?? 30,
      profile: picture?.profile ?? '42E0',
      renditions: picture?.renditions ?? [],
      onPicture: (encoded, configuration) => this.#givePicture(encoded, configuration),
      onFailure,
    });
  }

  #givePicture({ rendition, ...picture }: EncodedPicture, configuration: Uint8Array | undefined): void {
    const known = this.#configurations.get(rendition);
    if (known === undefined && configuration !== undefined) this.#configurations.set(rendition, configuration);
    if (known !== undefined && configuration !== undefined && !areEqual(known, configuration) && !this.#isStale) {
      this.#isStale = true;
      this.#options.onOutgrown(undefined);
    }
    if (this.#isStale) return;
    this.#given[rendition] = (this.#given[rendition] ?? 0) + picture.bytes.length;
    this.#write(picture, rendition);
  }

  /** @param rendition undefined: it is sound */
  #write(frame: Omit<MuxedFrame, 'track'>, rendition: number | undefined): void {
    this.#waiting.push({ frame, rendition });
    const tracks = this.#muxer === undefined ? this.#describedTracks() : [];
    if (tracks === undefined) return;
    if (this.#muxer === undefined) {
      this.#muxer = new MatroskaMuxer(tracks);
      this.#options.onBytes(this.#muxer.header());
      this.#waiting.sort((one, other) => one.frame.timeUs - other.frame.timeUs);
    }
    const soundTrack = this.#pictures?.sizes.length ?? 0;
    for (const each of this.#waiting.splice(0)) this.#options.onBytes(this.#muxer.write({ ...each.frame, track: each.rendition ?? soundTrack }));
  }

  /** undefined until each of them has given something. */
  #describedTracks(): MuxedTrack[] | undefined {
    const sizes = this.#options.picture === undefined ? [] : this.#pictures?.sizes;
    if (sizes === undefined || (this.#sound !== undefined && this.#sound.head === undefined)) return undefined;
    const pictures = sizes.flatMap((size, rendition): MuxedTrack[] => {
      const configuration = this.#configurations.get(rendition);
      return configuration === undefined ? [] : [{ kind: 'video', width: size.width, height: size.height, configuration }];
    });
    if (pictures.length < sizes.length) return undefined;
    const { head, channels = 2 } = this.#sound ?? {};
    return head === undefined ? pictures : [...pictures, { kind: 'audio', channels, configuration: head }];
  }
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
