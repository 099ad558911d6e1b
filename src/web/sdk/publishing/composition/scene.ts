import type { PictureSize } from '../filler.js';
import { cornerRectangle, fitInside, nameTagBox, type Rectangle } from './layout.js';
import type { CompositionSettings, NameTag, PauseCard, SoundName } from './settings.js';

export type PictureName = 'screen' | 'camera';

export type Layer =
  | { readonly kind: 'picture'; readonly name: PictureName; readonly to: Rectangle; readonly mirrored: boolean; readonly isInCorner: boolean }
  | { readonly kind: 'tag'; readonly box: Rectangle & { readonly align: 'left' | 'right' }; readonly tag: NameTag }
  | { readonly kind: 'card'; readonly title: string; readonly message: string; readonly note: string };

/** What is to be drawn, from back to front, on a dark ground. */
export interface Scene {
  readonly size: PictureSize;
  readonly layers: readonly Layer[];
}

/** All that decides what is drawn. */
export interface Look extends Pick<CompositionSettings, 'corner' | 'size' | 'mirrored' | 'nameTag'> {
  readonly pause: PauseCard | undefined;
}

/** @param pictures those that there are, with their sizes */
export function sceneOf(look: Look, size: PictureSize, pictures: Readonly<Partial<Record<PictureName, PictureSize>>>): Scene {
  // Nothing of the pictures is drawn in a pause: not even below the card.
  if (look.pause !== undefined) return { size, layers: [cardOf(look.pause)] };
  const { screen, camera } = pictures;
  const whole = { left: 0, top: 0, ...size };
  const corner = screen !== undefined && camera !== undefined ? cornerRectangle(size, camera, look.corner, look.size) : undefined;
  const layers: Layer[] = [];
  if (screen !== undefined) layers.push({ kind: 'picture', name: 'screen', to: fitInside(screen, whole), mirrored: false, isInCorner: false });
  if (camera !== undefined) layers.push({ kind: 'picture', name: 'camera', to: corner ?? fitInside(camera, whole), mirrored: look.mirrored, isInCorner: corner !== undefined });
  if (look.nameTag !== undefined && look.nameTag.name !== '') layers.push({ kind: 'tag', box: nameTagBox(size, corner), tag: look.nameTag });
  return { size, layers };
}

/** Whether anything has to be drawn: else the one picture goes on air as it is. */
export function needsDrawing(look: Look, pictures: Readonly<Partial<Record<PictureName, unknown>>>): boolean {
  if (look.pause !== undefined) return true;
  const { screen, camera } = pictures;
  if (screen === undefined && camera === undefined) return false;
  return (screen !== undefined && camera !== undefined) || (camera !== undefined && look.mirrored) || (look.nameTag !== undefined && look.nameTag.name !== '');
}

/** What is off during a pause. */
export function mutedIn(pause: PauseCard | undefined): readonly SoundName[] {
  return pause === undefined ? [] : (pause.mutes ?? ['microphone', 'screen']);
}

function cardOf(pause: PauseCard): Layer {
  const muted = mutedIn(pause);
  const note = muted.length > 1 ? 'The sound is off' : muted[0] === 'microphone' ? 'The microphone is off' : muted[0] === 'screen' ? 'The screen’s sound is off' : '';
  return { kind: 'card', title: pause.title ?? '', message: pause.message ?? 'Back in a moment', note };
}
