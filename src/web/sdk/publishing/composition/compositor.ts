import type { PictureSize } from '../filler.js';
import { nextFrame, type Frame } from './layout.js';
import { sceneOf, type Look, type PictureName, type Scene } from './scene.js';

/** So long a picture that was announced is waited for before anything is drawn at first, in ticks: viewers see no half of it. */
const waitTicks = 8;
/** Of the shortest time between two drawings, what is enough: pictures do not come evenly. */
const paceTolerance = 0.6;

export interface ComposedPicture<Image> {
  readonly image: Image;
  readonly size: PictureSize;
  /** Gives it back: it is drawn no more. */
  readonly release: () => void;
}

/** Where it is drawn: a canvas whose pictures go on air. */
export interface Surface<Image> {
  readonly draw: (scene: Scene, images: Readonly<Partial<Record<PictureName, Image>>>) => void;
  /** Gives the last picture again: a recorder needs some, also while nothing moves. */
  readonly repeat: () => void;
}

/** What is drawn, with the bounds to its size and its pace. */
export interface Drawing extends Look {
  /** Counts up; told when it was drawn. */
  readonly version: number;
  readonly quality: { readonly width: number; readonly height: number; readonly frameRate: number };
}

export interface CompositorOptions<Image> {
  readonly surface: Surface<Image>;
  readonly onDrawn: (version: number) => void;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Draws when a picture came or something was changed, and otherwise not at all: then the last picture is given again. */
export class Compositor<Image> {
  readonly #options: CompositorOptions<Image>;
  readonly #pictures = new Map<PictureName, ComposedPicture<Image>>();
  readonly #announced = new Set<PictureName>();
  #drawing: Drawing | undefined;
  #frame: Frame | undefined;
  #drawnVersion = -1;
  #drawnAtMs = -Infinity;
  #isDirty = false;
  #isFresh = false;
  #ticksWaited = 0;

  constructor(options: CompositorOptions<Image>) {
    this.#options = options;
  }

  /** Another look, which is drawn at once. */
  show(drawing: Drawing): void {
    this.#drawing = drawing;
    this.#draw();
  }

  /** A picture of this name is to come, or comes no more. */
  announce(name: PictureName, comes: boolean): void {
    if (comes) this.#announced.add(name);
    else {
      this.#announced.delete(name);
      this.#pictures.get(name)?.release();
      this.#pictures.delete(name);
      this.#draw();
    }
  }

  /** The newest picture; the one before it is released. */
  see(name: PictureName, picture: ComposedPicture<Image>): void {
    if (!this.#announced.has(name)) {
      picture.release();
      return;
    }
    const isFirst = !this.#pictures.has(name);
    this.#pictures.get(name)?.release();
    this.#pictures.set(name, picture);
    // Behind a pause's card nothing moves.
    if (this.#drawing?.pause !== undefined && !isFirst) return;
    this.#isDirty = true;
    const sinceMs = this.#options.nowMs() - this.#drawnAtMs;
    if (isFirst || sinceMs >= (paceTolerance * 1000) / (this.#drawing?.quality.frameRate ?? 30)) this.#draw();
  }

  /** Call ten times a second: that is the lowest frame rate. */
  tick(): void {
    this.#ticksWaited += 1;
    if (this.#isDirty || this.#drawnVersion !== this.#drawing?.version) this.#draw();
    if (!this.#isFresh && this.#drawnVersion >= 0) this.#options.surface.repeat();
    this.#isFresh = false;
  }

  close(): void {
    for (const { release } of this.#pictures.values()) release();
    this.#pictures.clear();
    this.#announced.clear();
    this.#drawing = undefined;
  }

  #draw(): void {
    const drawing = this.#drawing;
    if (drawing === undefined || this.#isIncomplete) return;
    const sizes: Partial<Record<PictureName, PictureSize>> = {};
    const images: Partial<Record<PictureName, Image>> = {};
    for (const [name, { image, size }] of this.#pictures) [sizes[name], images[name]] = [size, image];
    this.#drawnAtMs = this.#options.nowMs();
    this.#isDirty = false;
    this.#isFresh = true;
    this.#options.surface.draw(sceneOf(drawing, this.#sizeFor(drawing, sizes), sizes), images);
    if (this.#drawnVersion === drawing.version) return;
    this.#drawnVersion = drawing.version;
    this.#options.onDrawn(drawing.version);
  }

  /** At the start alone: later, what is missing is left out. */
  get #isIncomplete(): boolean {
    return this.#drawnVersion < 0 && this.#ticksWaited < waitTicks && [...this.#announced].some((name) => !this.#pictures.has(name));
  }

  #sizeFor({ quality }: Drawing, { screen, camera }: Readonly<Partial<Record<PictureName, PictureSize>>>): PictureSize {
    const lead = screen ?? camera;
    if (lead === undefined) return this.#frame?.size ?? { width: quality.width, height: quality.height };
    this.#frame = nextFrame(this.#frame, screen === undefined ? 'camera' : 'screen', lead, quality);
    return this.#frame.size;
  }
}
