import type { Drawing } from './compositor.js';
import type { OpenPictureDrawer, PictureDrawer } from './picture-drawer.js';
import type { PictureName } from './scene.js';

/** After so many the page itself draws, which cannot die alone. */
const workersTried = 2;
const pictureNames = ['screen', 'camera'] as const satisfies PictureName[];

export interface WantedDrawing {
  readonly pictures: Readonly<Partial<Record<PictureName, MediaStreamTrack>>>;
  readonly drawing: Drawing;
}

export interface LastingDrawerOptions {
  readonly openDrawer: OpenPictureDrawer;
  /** Called with the version of each look once it was drawn; `track` may be another one. */
  readonly onDrawn: (version: number) => void;
  /** One that had died was replaced: the track before is stopped. */
  readonly onReplaced: () => void;
  /** One that had died could not be replaced. */
  readonly onGone: () => void;
}

/** A drawer that is opened when there is something to draw, and replaced when it dies. */
export class LastingDrawer {
  readonly #options: LastingDrawerOptions;
  #wanted: WantedDrawing | undefined;
  #opening: Promise<void> | undefined;
  #drawer: PictureDrawer | undefined;
  #given: WantedDrawing['pictures'] = {};
  #hasDrawn = false;
  /** One that died. Until the next one draws its last picture stays: in a pause nothing else may be shown. */
  #lost: PictureDrawer | undefined;
  #lostCount = 0;
  /** Another one with every drawer: one that opens or draws late, for an older wish, is let go of. */
  #generation = 0;

  constructor(options: LastingDrawerOptions) {
    this.#options = options;
  }

  /** What was drawn; undefined before the first picture. */
  get track(): MediaStreamTrack | undefined {
    return (this.#hasDrawn ? this.#drawer : this.#lost)?.track;
  }

  /** Draws this from now on; `onDrawn` follows. Rejects where nothing can draw, and is closed then. */
  async draw(wanted: WantedDrawing): Promise<void> {
    this.#wanted = wanted;
    const opening = (this.#opening ??= this.#open());
    try {
      await opening;
    } catch (error) {
      if (opening === this.#opening) this.close();
      throw error;
    }
    this.#feed();
  }

  /** Stops the track. Another `draw()` opens anew. */
  close(): void {
    this.#drawer?.close();
    this.#lost?.close();
    this.#lost = undefined;
    this.#forget();
  }

  async #open(): Promise<void> {
    const generation = this.#generation;
    const isStale = (): boolean => generation !== this.#generation;
    const drawer = await this.#options.openDrawer({
      onDrawn: (version) => {
        if (!isStale()) this.#drawn(version);
      },
      onLost: () => {
        if (!isStale()) this.#replace();
      },
      onThePage: this.#lostCount >= workersTried,
    });
    if (isStale()) drawer.close();
    else this.#drawer = drawer;
  }

  /** Gives the drawer the pictures and the look that hold now. */
  #feed(): void {
    const [drawer, wanted] = [this.#drawer, this.#wanted];
    if (drawer === undefined || wanted === undefined) return;
    for (const name of pictureNames) {
      const track = wanted.pictures[name];
      if (this.#given[name] === track) continue;
      this.#given = { ...this.#given, [name]: track };
      drawer.take(name, track);
    }
    drawer.show(wanted.drawing);
  }

  #drawn(version: number): void {
    this.#hasDrawn = true;
    this.#options.onDrawn(version);
    if (this.#lost === undefined) return;
    this.#lost.close();
    this.#lost = undefined;
    this.#options.onReplaced();
  }

  #replace(): void {
    const [lost, wanted] = [this.#hasDrawn ? this.#drawer : this.#lost, this.#wanted];
    if (lost !== this.#drawer) this.#drawer?.close();
    this.#lost = lost;
    this.#lostCount += 1;
    this.#forget();
    if (wanted !== undefined) this.draw(wanted).catch(() => this.#options.onGone());
  }

  #forget(): void {
    this.#generation += 1;
    this.#drawer = this.#opening = this.#wanted = undefined;
    this.#given = {};
    this.#hasDrawn = false;
  }
}
