import { SoundMixer } from '../sound-mixer.js';
import { openCanvasDrawer } from './canvas-drawer.js';
import { openFrameDrawer } from './frame-drawer.js';
import type { OpenPictureDrawer } from './picture-drawer.js';

/** What a Composition needs of its surroundings: the browser's own, or a test's. */
export interface CompositionParts {
  readonly openDrawer: OpenPictureDrawer;
  readonly openMixer: () => Pick<SoundMixer, 'track' | 'use' | 'resume' | 'close'>;
}

export const browserCompositionParts: CompositionParts = {
  openDrawer: async (options) => (await openFrameDrawer(options)) ?? openCanvasDrawer(options.onDrawn),
  openMixer: () => new SoundMixer(),
};
