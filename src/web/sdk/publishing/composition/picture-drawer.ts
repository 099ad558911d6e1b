import type { Drawing } from './compositor.js';
import type { PictureName } from './scene.js';

/** Draws pictures together into one track. */
export interface PictureDrawer {
  readonly track: MediaStreamTrack;
  /** Takes this track's pictures under this name from now on; undefined: there are none any more. */
  readonly take: (name: PictureName, track: MediaStreamTrack | undefined) => void;
  readonly show: (drawing: Drawing) => void;
  /** Stops the track. */
  readonly close: () => void;
}

export interface DrawerOptions {
  /** Called with the version of each look once it was drawn. */
  readonly onDrawn: (version: number) => void;
  /** Called once when it draws no more although it was not closed: its worker died. */
  readonly onLost: () => void;
  /** No worker: those before it died. */
  readonly onThePage: boolean;
}

export type OpenPictureDrawer = (options: DrawerOptions) => Promise<PictureDrawer>;
