import { Listeners } from '../../listeners.js';
import type { Capture } from '../captured.js';
import type { SoundMixer } from '../sound-mixer.js';
import { browserCompositionParts, type CompositionParts } from './composition-parts.js';
import type { Drawing } from './compositor.js';
import type { PictureDrawer } from './picture-drawer.js';
import { mutedIn, needsDrawing, type PictureName } from './scene.js';
import { checkSettings, defaultSettings, type CompositionSettings, type PauseCard } from './settings.js';

/** Pictures and sounds to compose; each may be missing. They stay open: whoever opened them closes them. */
export interface CompositionTracks {
  readonly screen?: MediaStreamTrack | undefined;
  readonly camera?: MediaStreamTrack | undefined;
  readonly microphone?: MediaStreamTrack | undefined;
  readonly screenSound?: MediaStreamTrack | undefined;
}

export interface CompositionEvents {
  /** `media`, `settings`, `card` or `drawn` is another one. */
  changed: undefined;
}

/** A LiveCapture, whose devices may change. */
export interface CaptureToCompose {
  readonly tracks: CompositionTracks;
  readonly on: (name: 'devices', onDevices: () => void) => () => void;
}

const pictureNames = ['screen', 'camera'] as const satisfies PictureName[];

/** Screen and camera as one picture, microphone and screen's sound as one sound: what a Publisher takes as its media. */
export class Composition extends Listeners<CompositionEvents> implements Capture {
  readonly #parts: CompositionParts;
  readonly #followers = new Set<() => void>();
  readonly #waiting = new Map<number, () => void>();
  #settings: CompositionSettings = defaultSettings;
  #card: PauseCard | undefined;
  #tracks: CompositionTracks = {};
  #media = new MediaStream();
  #mixer: Pick<SoundMixer, 'track' | 'use' | 'resume' | 'close'> | undefined;
  #drawer: PictureDrawer | undefined;
  #opening: Promise<void> | undefined;
  /** Another one with every drawer: one that opens or draws late, for an older wish, is let go of. */
  #generation = 0;
  #isDrawn = false;
  #given: Partial<Record<PictureName, MediaStreamTrack>> = {};
  /** Of the look that is wished, and of the last one that was drawn. */
  #version = 0;
  #drawnVersion = -1;
  #unwatch: (() => void)[] = [];
  #unfollow: () => void = () => undefined;
  #closed = false;

  /** @param parts the browser's own, unless a test has others */
  constructor(parts: CompositionParts = browserCompositionParts) {
    super();
    this.#parts = parts;
  }

  get media(): MediaStream {
    return this.#media;
  }

  get settings(): CompositionSettings {
    return this.#settings;
  }

  /** What is shown in a pause; undefined while there is none. */
  get card(): PauseCard | undefined {
    return this.#card;
  }

  /** Whether the picture is drawn; one picture with nothing on it is sent as it is. */
  get drawn(): boolean {
    return this.#isDrawn;
  }

  /** Composes these tracks, or a capture's as they change, in place of those before. @returns as `set()` */
  use(of: CompositionTracks | CaptureToCompose): Promise<void> {
    this.#unfollow();
    this.#unfollow = () => undefined;
    if (!('on' in of)) return this.#take(of);
    // Who cannot draw any more is told by the next call.
    this.#unfollow = of.on('devices', () => void this.#take(of.tracks).catch(() => undefined));
    return this.#take(of.tracks);
  }

  /**
   * Changes what is named and leaves the rest.
   * @returns a promise of the moment when `media` shows it
   * @throws {RangeError} saying what was expected
   */
  async set(change: Partial<CompositionSettings>): Promise<void> {
    const settings = { ...this.#settings, ...change };
    checkSettings(settings);
    this.#settings = settings;
    await this.#update();
  }

  /**
   * A card in place of all pictures, and silence in place of the sounds that it mutes: those at once.
   * @returns as `set()`; where it cannot be drawn it rejects, and there is no pause
   */
  async pause(card: PauseCard = {}): Promise<void> {
    this.#card = card;
    try {
      await this.#update();
    } catch (error) {
      if (this.#card === card && !this.#closed) {
        this.#card = undefined;
        this.#mix();
        this.#compose();
      }
      throw error;
    }
  }

  /** Takes the card away. @returns as `set()` */
  resume(): Promise<void> {
    this.#card = undefined;
    return this.#update();
  }

  follow(onMedia: () => void): () => void {
    this.#followers.add(onMedia);
    return () => this.#followers.delete(onMedia);
  }

  async resumeSound(): Promise<void> {
    await this.#mixer?.resume();
  }

  /** Stops what it made; the tracks that it was given go on. */
  close(): void {
    this.#closed = true;
    this.#unfollow();
    for (const stop of this.#unwatch.splice(0)) stop();
    this.#closeDrawer();
    this.#mixer?.close();
    this.#settle(Infinity);
  }

  #take(tracks: CompositionTracks): Promise<void> {
    this.#tracks = tracks;
    for (const stop of this.#unwatch.splice(0)) stop();
    for (const [name, track] of Object.entries(tracks) as [keyof CompositionTracks, MediaStreamTrack | undefined][]) {
      if (track === undefined) continue;
      // A picture that was lost is left out, and no old one stands in its place.
      const lose = (): void => void this.#take({ ...this.#tracks, [name]: undefined }).catch(() => undefined);
      track.addEventListener('ended', lose);
      this.#unwatch.push(() => track.removeEventListener('ended', lose));
    }
    return this.#update();
  }

  async #update(): Promise<void> {
    if (this.#closed) throw new TypeError('expected an open composition, got one that was closed');
    this.#mix();
    this.#version += 1;
    const version = this.#version;
    if (!this.#needsDrawing) {
      this.#compose();
      this.#settle(version);
      return;
    }
    const shown = new Promise<void>((resolve) => this.#waiting.set(version, resolve));
    const opening = (this.#opening ??= this.#openDrawer(this.#generation));
    try {
      await opening;
    } catch (error) {
      if (opening === this.#opening) this.#closeDrawer();
      this.#waiting.delete(version);
      throw error;
    }
    this.#feed();
    await shown;
  }

  async #openDrawer(generation: number): Promise<void> {
    const isStale = (): boolean => this.#closed || generation !== this.#generation;
    const drawer = await this.#parts.openDrawer((version) => {
      if (isStale()) return;
      this.#drawnVersion = version;
      this.#compose();
      this.#settle(version);
    });
    if (isStale()) drawer.close();
    else this.#drawer = drawer;
  }

  /** Gives the drawer the pictures and the look that hold now. */
  #feed(): void {
    const drawer = this.#drawer;
    if (drawer === undefined) return;
    for (const name of pictureNames) {
      const track = this.#pictures[name];
      if (this.#given[name] === track) continue;
      this.#given = { ...this.#given, [name]: track };
      drawer.take(name, track);
    }
    const { corner, size, mirrored, nameTag, quality } = this.#settings;
    drawer.show({ corner, size, mirrored, nameTag, quality, pause: this.#card, version: this.#version } satisfies Drawing);
  }

  #mix(): void {
    const { microphone, screenSound } = this.#tracks;
    const tracks = [microphone, screenSound].filter((track) => track?.readyState === 'live').filter((track) => track !== undefined);
    if (tracks.length > 0) this.#mixer ??= this.#parts.openMixer();
    const muted = mutedIn(this.#card);
    this.#mixer?.use(tracks, (track) => {
      const name = track === microphone ? 'microphone' : 'screen';
      return muted.includes(name) ? 0 : this.#settings.levels[name];
    });
  }

  #compose(): void {
    const { screen, camera } = this.#pictures;
    this.#isDrawn = this.#needsDrawing && this.#drawnVersion >= 0;
    const picture = this.#isDrawn ? this.#drawer?.track : (screen ?? camera);
    // A mixer that was needed once stays: with it, sounds come and go without a joint.
    const tracks = [picture, this.#mixer?.track].filter((track) => track !== undefined);
    const present = this.#media.getTracks();
    if (tracks.length !== present.length || tracks.some((track) => !present.includes(track))) {
      this.#media = new MediaStream(tracks);
      for (const onMedia of [...this.#followers]) onMedia();
    }
    // What is not needed draws no more; not before whoever follows has the other picture.
    if (!this.#needsDrawing) this.#closeDrawer();
    this.emit('changed', undefined);
  }

  #closeDrawer(): void {
    this.#generation += 1;
    this.#drawer?.close();
    this.#drawer = this.#opening = undefined;
    this.#given = {};
    this.#drawnVersion = -1;
  }

  get #needsDrawing(): boolean {
    return needsDrawing(this.#look, this.#pictures);
  }

  get #look(): Omit<Drawing, 'version' | 'quality'> {
    return { ...this.#settings, pause: this.#card };
  }

  get #pictures(): Partial<Record<PictureName, MediaStreamTrack>> {
    const live: Partial<Record<PictureName, MediaStreamTrack>> = {};
    for (const name of pictureNames) if (this.#tracks[name]?.readyState === 'live') live[name] = this.#tracks[name];
    return live;
  }

  /** What was wished up to this version holds now. */
  #settle(version: number): void {
    for (const [waiting, resolve] of this.#waiting) {
      if (waiting > version) continue;
      this.#waiting.delete(waiting);
      resolve();
    }
  }
}
