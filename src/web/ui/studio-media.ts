import { Listeners } from '../sdk/listeners.js';
import type { openComposition } from '../sdk/composition.js';
import type { Capture } from '../sdk/publishing/captured.js';
import type { Composition } from '../sdk/publishing/composition/composition.js';
import type { CompositionSettings, PauseCard } from '../sdk/publishing/composition/settings.js';
import type { LiveCapture } from '../sdk/publishing/live-capture.js';
import type { PublisherWarning } from '../sdk/publishing/warnings.js';

export interface CompositionWish {
  /** Else the capture goes on air as it is. */
  readonly isWanted: boolean;
  /** All that is to be composed is open; else whoever wishes wishes again, once it is. */
  readonly isSettled: boolean;
  readonly settings: Partial<CompositionSettings>;
  readonly card: PauseCard | undefined;
}

export interface StudioMediaOptions {
  readonly capture: LiveCapture;
  readonly openComposition: typeof openComposition;
}

/** What the studio sends: its capture, or a composition of it. From one to the other is a joint, and what is on air stays until then. */
export class StudioMedia extends Listeners<{ changed: undefined; warning: PublisherWarning }> implements Capture {
  readonly #options: StudioMediaOptions;
  readonly #followers = new Set<() => void>();
  #wish: CompositionWish = { isWanted: false, isSettled: true, settings: {}, card: undefined };
  #media: MediaStream;
  #opening: Promise<Composition> | undefined;
  /** That is on air. */
  #composition: Composition | undefined;

  constructor(options: StudioMediaOptions) {
    super();
    this.#options = options;
    this.#media = options.capture.media;
    options.capture.follow(() => this.#show());
  }

  get media(): MediaStream {
    return this.#media;
  }

  /** Whether the picture is drawn, and not a camera's or a screen's own. */
  get drawn(): boolean {
    return this.#composition?.drawn ?? false;
  }

  /**
   * Composes, or composes no more, whatever opens meanwhile.
   * @returns a promise of the moment when this wish, or a later one, is on air
   * @throws {OnairError} when it cannot be: then what is on air stays
   */
  async compose(wish: CompositionWish): Promise<void> {
    this.#wish = wish;
    const { capture } = this.#options;
    if (!wish.isWanted) {
      this.#drop();
      return;
    }
    if (!wish.isSettled) return;
    const opening = (this.#opening ??= this.#options.openComposition({ of: capture, ...wish.settings }));
    const composition = await opening.catch((error: unknown) => {
      if (this.#opening === opening) this.#drop();
      throw error;
    });
    if (this.#opening !== opening) return;
    const { settings, card } = this.#wish;
    await Promise.all([composition.set(settings), card === undefined ? composition.resume() : composition.pause(card)]);
    if (this.#opening !== opening || this.#composition === composition) return;
    this.#composition = composition;
    composition.follow(() => this.#show());
    composition.on('changed', () => this.emit('changed', undefined));
    composition.on('warning', (warning) => this.emit('warning', warning));
    this.#show();
  }

  follow(onMedia: () => void): () => void {
    this.#followers.add(onMedia);
    return () => this.#followers.delete(onMedia);
  }

  async resumeSound(): Promise<void> {
    await Promise.all([this.#options.capture.resumeSound(), this.#composition?.resumeSound()]);
  }

  /** Closes every device. */
  close(): void {
    this.#drop();
    this.#options.capture.close();
  }

  #drop(): void {
    const before = this.#opening;
    this.#composition = this.#opening = undefined;
    this.#show();
    // Also one that opens late; not before whoever follows has the other media.
    before?.then((composition) => composition.close(), () => undefined);
  }

  #show(): void {
    const { capture } = this.#options;
    const open: readonly MediaStreamTrack[] = [...capture.media.getTracks(), ...Object.values(capture.tracks)];
    const present = this.#media.getTracks();
    const isHeld = this.#wish.isWanted && present.length > 0 && present.every((track) => open.includes(track));
    const next = this.#composition?.media ?? (isHeld ? this.#media : capture.media);
    const tracks = next.getTracks();
    if (tracks.length !== present.length || tracks.some((track) => !present.includes(track))) {
      this.#media = next;
      for (const onMedia of [...this.#followers]) onMedia();
    }
    this.emit('changed', undefined);
  }
}
