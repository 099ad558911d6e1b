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

/** @param onDrawn called with the version of each look once it was drawn */
export type OpenPictureDrawer = (onDrawn: (version: number) => void) => Promise<PictureDrawer>;
