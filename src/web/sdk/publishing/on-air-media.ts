import type { RecordingReason } from '../../../protocol/ingest-messages.js';
import { Listeners } from '../listeners.js';
import type { Filler, PictureSize, TrackKind } from './filler.js';
import type { PictureSizeTeller } from './picture-size.js';
import { SizeWatch } from './size-watch.js';

export interface OnAirEvents {
  /** `stream` is another one, or its pictures have another size: a new recording has to begin. */
  changed: RecordingReason;
  /** A track ended: its device was lost. */
  lost: TrackKind;
  /** There is a live track of this kind again. */
  found: TrackKind;
  /** The system gives nothing of this track at present, as during a phone call. */
  held: TrackKind;
  released: TrackKind;
}

export interface OnAirOptions {
  readonly openFiller: (kind: TrackKind, size: PictureSize) => Filler;
  readonly tellPictureSize: (track: MediaStreamTrack, onSize: (size: PictureSize) => void) => PictureSizeTeller;
  readonly nowMs: () => number;
  /** Of a card, as long as no picture has told its own. */
  readonly cardSize: PictureSize;
}

const kinds = ['video', 'audio'] as const;

/**
 * What is on air: one track of each kind. A kind that was there once stays, as silence or a card while it is missing, so that
 * viewers' players keep their tracks whatever becomes of the devices.
 */
export class OnAirMedia extends Listeners<OnAirEvents> {
  readonly #options: OnAirOptions;
  readonly #fillers = new Map<TrackKind, Filler>();
  readonly #seen = new Set<TrackKind>();
  readonly #lost = new Set<TrackKind>();
  readonly #off = new Set<TrackKind>();
  #media: MediaStream | undefined;
  #stream: MediaStream | undefined;
  #sizes: SizeWatch | undefined;
  #sizeTeller: PictureSizeTeller | undefined;
  #isCamera = false;
  #unwatch: (() => void)[] = [];

  constructor(options: OnAirOptions) {
    super();
    this.#options = options;
  }

  /** What is to be recorded. @throws {TypeError} before `use()` */
  get stream(): MediaStream {
    if (this.#stream === undefined) throw new TypeError('expected media, got none yet');
    return this.#stream;
  }

  /** Goes on with this media; who records has to begin anew, but is not told. */
  use(media: MediaStream): void {
    this.#media = media;
    this.#compose();
  }

  isMuted(kind: TrackKind): boolean {
    return this.#off.has(kind);
  }

  /** Silence or black instead of what the device gives, which stays open. */
  setMuted(kind: TrackKind, muted: boolean): void {
    if (muted) this.#off.add(kind);
    else this.#off.delete(kind);
    for (const track of this.#media?.getTracks() ?? []) if (track.kind === kind) track.enabled = !muted;
  }

  /** Call ten times a second. */
  tick(): void {
    for (const filler of this.#fillers.values()) filler.tick();
    this.#sizeTeller?.tick();
    if (this.#sizes?.tick(this.#options.nowMs()) === true) this.emit('changed', 'size');
  }

  /** Whoever records can't go on with pictures of this size. */
  outgrow(size: PictureSize): void {
    if (this.#sizes?.outgrow(size, this.#options.nowMs()) === true) this.emit('changed', 'size');
  }

  /** Whether pictures have to come all the time: a screen, a card or what is drawn may stand still, and a hidden camera gives next to none. */
  get expectsPictures(): boolean {
    return this.#isCamera && !this.#off.has('video');
  }

  /** Pictures that the present track gave so far. */
  get pictures(): number | undefined {
    return this.#sizeTeller?.pictures();
  }

  async resumeSound(): Promise<void> {
    await Promise.all([...this.#fillers.values()].map((filler) => filler.resume()));
  }

  /** What was given to `use()` is left as it is. */
  close(): void {
    for (const stop of this.#unwatch.splice(0)) stop();
    for (const filler of this.#fillers.values()) filler.close();
    this.#fillers.clear();
  }

  #compose(): void {
    for (const stop of this.#unwatch.splice(0)) stop();
    this.#sizeTeller = undefined;
    this.#isCamera = false;
    const tracks = kinds.flatMap((kind) => this.#trackOf(kind) ?? []);
    this.#stream = new MediaStream(tracks);
  }

  #trackOf(kind: TrackKind): MediaStreamTrack | undefined {
    const track = this.#media?.getTracks().find((each) => each.kind === kind && each.readyState === 'live');
    if (track === undefined) return this.#seen.has(kind) ? this.#fill(kind) : undefined;
    this.#seen.add(kind);
    this.#fillers.get(kind)?.close();
    this.#fillers.delete(kind);
    if (this.#off.has(kind)) track.enabled = false;
    this.#watch(track, kind);
    if (this.#lost.delete(kind)) this.emit('found', kind);
    return track;
  }

  #fill(kind: TrackKind): MediaStreamTrack {
    const filler = this.#fillers.get(kind) ?? this.#options.openFiller(kind, this.#sizes?.size ?? this.#options.cardSize);
    this.#fillers.set(kind, filler);
    return filler.track;
  }

  #watch(track: MediaStreamTrack, kind: TrackKind): void {
    const on = (type: string, listen: () => void): void => {
      track.addEventListener(type, listen);
      this.#unwatch.push(() => track.removeEventListener(type, listen));
    };
    on('ended', () => {
      this.#lost.add(kind);
      this.#compose();
      this.emit('lost', kind);
      this.emit('changed', 'source');
    });
    on('mute', () => this.emit('held', kind));
    on('unmute', () => this.emit('released', kind));
    if (kind !== 'video') return;
    // Of what a page or the system makes no browser tells a group of devices.
    this.#isCamera = 'groupId' in track.getSettings();
    const sizes = new SizeWatch();
    this.#sizes = sizes;
    const teller = this.#options.tellPictureSize(track, (size) => {
      if (sizes.see(size, this.#options.nowMs())) this.emit('changed', 'size');
    });
    this.#sizeTeller = teller;
    this.#unwatch.push(() => teller.close());
  }
}
