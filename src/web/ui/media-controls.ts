import 'media-chrome/dist/media-controller.js';
import 'media-chrome/dist/media-control-bar.js';
import 'media-chrome/dist/media-play-button.js';
import 'media-chrome/dist/media-mute-button.js';
import 'media-chrome/dist/media-volume-range.js';
import 'media-chrome/dist/media-pip-button.js';
import 'media-chrome/dist/media-airplay-button.js';
import 'media-chrome/dist/media-fullscreen-button.js';
import { element } from './element.js';

function control(tag: string, attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/**
 * What the controls shall not take for theirs: seeking is the seek bar's, which knows where the live edge is (a key that both took went twice as far),
 * speed is the player's own, and there are no captions.
 */
const othersKeys = 'noarrowleft noarrowright noj nol no< no> noc';

export interface MediaControls extends HTMLElement {
  /** What goes full screen. */
  fullscreenElement: HTMLElement;
}

/** A live video with play, sound, what else is given, picture-in-picture, AirPlay where there is one, and full screen. */
export function mediaControls(video: HTMLVideoElement, keys: 'controls' | 'page', others: readonly HTMLElement[]): MediaControls {
  video.slot = 'media';
  const controller = control('media-controller', {
    defaultstreamtype: 'live',
    hotkeys: keys === 'page' ? `${othersKeys} nok nom nof noshift+/` : othersKeys,
    nomutedpref: '',
  });
  const spacer = element('span', { class: 'controls-spacer' });
  const bar = control('media-control-bar');
  bar.append(
    control('media-play-button'),
    control('media-mute-button'),
    control('media-volume-range'),
    spacer,
    ...others,
    control('media-airplay-button'),
    control('media-pip-button'),
    control('media-fullscreen-button'),
  );
  controller.append(video, bar);
  return controller as MediaControls;
}
