import { Listeners } from '../../listeners.js';
import type { Capture } from '../captured.js';
import type { SoundMixer } from '../sound-mixer.js';
import type { PublisherWarning } from '../warnings.js';
import { browserCompositionParts, type CompositionParts } from './composition-parts.js';
import type { Drawing } from './compositor.js';
import { LastingDrawer } from './lasting-drawer.js';
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
  /** What drew has died and something else draws; in words. */
  warning: PublisherWarning;
}

/** A LiveCapture, whose devices may change. */
export interface CaptureToCompose {
  readonly tracks: CompositionTracks;
  readonly on: (name: 'devices', onDevices: () => void) => () => void;
}

const pictureNames = ['screen', 'camera'] as const satisfies PictureName[];

const redrawn: PublisherWarning = {
  code: 'composition-redrawn',
  message: 'What puts screen and camera together stopped and was started again. Viewers saw a standstill for a moment; close other programs and tabs if it happens again.',
};

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
  readonly #drawer: LastingDrawer;
  #isDrawn = false;
  /** Of the look that is wished. */
  #version = 0;
  #unwatch: (() => void)[] = [];
  #unfollow: () => void = () => undefined;
  #closed = false;

  /** @param parts the browser's own, unless a test has others */
  constructor(parts: CompositionParts = browserCompositionParts) {
    super();
    this.#parts = parts;
    this.#drawer = new LastingDrawer({
      openDrawer: parts.openDrawer,
      onDrawn: (version) => {
        this.#compose();
        this.#settle(version);
      },
      onReplaced: () => this.emit('warning', redrawn),
      onGone: () => this.#compose(),
    });
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
    this.#drawer.close();
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
    const { corner, size, mirrored, nameTag, quality } = this.#settings;
    const drawing: Drawing = { corner, size, mirrored, nameTag, quality, pause: this.#card, version };
    try {
      await this.#drawer.draw({ pictures: this.#pictures, drawing });
    } catch (error) {
      this.#waiting.delete(version);
      throw error;
    }
    await shown;
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
    const drawn = this.#needsDrawing ? this.#drawer.track : undefined;
    this.#isDrawn = drawn !== undefined;
    // Where a pause's card is not drawn the publisher has its own: no camera in its place.
    const picture = drawn ?? (this.#card === undefined ? (screen ?? camera) : undefined);
    // A mixer that was needed once stays: with it, sounds come and go without a joint.
    const tracks = [picture, this.#mixer?.track].filter((track) => track !== undefined);
    const present = this.#media.getTracks();
    if (tracks.length !== present.length || tracks.some((track) => !present.includes(track))) {
      this.#media = new MediaStream(tracks);
      for (const onMedia of [...this.#followers]) onMedia();
    }
    // What is not needed draws no more; not before whoever follows has the other picture.
    if (!this.#needsDrawing) this.#drawer.close();
    this.emit('changed', undefined);
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
