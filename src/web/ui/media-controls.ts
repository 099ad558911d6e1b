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

export interface MediaControls extends HTMLElement {
  /** What goes full screen. */
  fullscreenElement: HTMLElement;
}

/** A live video with play, sound, picture-in-picture, AirPlay where there is one, and full screen. */
export function mediaControls(video: HTMLVideoElement, keys: 'controls' | 'page'): MediaControls {
  video.slot = 'media';
  // Seeking keys would leave the live edge; everything else works from the keyboard.
  const controller = control('media-controller', {
    defaultstreamtype: 'live',
    hotkeys: keys === 'page' ? 'noarrowleft noarrowright nok nom nof noc' : 'noarrowleft noarrowright noc',
    nomutedpref: '',
  });
  const spacer = element('span', { class: 'controls-spacer' });
  const bar = control('media-control-bar');
  bar.append(
    control('media-play-button'),
    control('media-mute-button'),
    control('media-volume-range'),
    spacer,
    control('media-airplay-button'),
    control('media-pip-button'),
    control('media-fullscreen-button'),
  );
  controller.append(video, bar);
  return controller as MediaControls;
}
