import { browserPage } from '../sdk/browser-page.js';
import { recall, remember } from './remembered.js';

const items = { volume: 'onair.volume', muted: 'onair.muted' };

/** A video is as loud as it was left the last time, on any stream. */
export function rememberSound(video: HTMLVideoElement): void {
  const volume = Number(recall(items.volume) ?? 1);
  if (volume > 0 && volume <= 1) video.volume = volume;
  // What was turned down to nothing is muted: one press brings it back.
  video.muted = recall(items.muted) === 'yes' || volume === 0;
  video.addEventListener('volumechange', () => {
    // A browser that allows no sound before the first press mutes by itself: that is nobody's choice.
    if (!browserPage.touched) return;
    remember(items.volume, String(video.volume));
    remember(items.muted, video.muted ? 'yes' : 'no');
  });
}
