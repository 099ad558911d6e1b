import type { PictureSize } from './filler.js';

/** How long an element may take to show what the settings tell: a hidden tab's shows nothing. */
const settingsCountAfterMs = 500;

export interface PictureSizeTeller {
  /** Call ten times a second. */
  readonly tick: () => void;
  /** Pictures that came so far; undefined where nobody counts them, as in a hidden tab. */
  readonly pictures: () => number | undefined;
  readonly close: () => void;
}

/**
 * Tells the size of a track's pictures, at first and whenever it changes. An element that nobody sees knows it to the picture, also
 * of a turned phone; where it shows nothing, since its tab is hidden, the track's settings tell.
 */
export function tellPictureSize(track: MediaStreamTrack, onSize: (size: PictureSize) => void): PictureSizeTeller {
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([track]);
  let settings = sizeIn(track.getSettings());
  let settingsChangedAtMs: number | undefined;
  const tell = (): void => {
    settingsChangedAtMs = undefined;
    onSize({ width: video.videoWidth, height: video.videoHeight });
  };
  video.addEventListener('loadedmetadata', tell);
  video.addEventListener('resize', tell);
  video.play().catch(() => undefined); // a page that was never touched may not: its settings tell
  return {
    tick: () => {
      const now = sizeIn(track.getSettings());
      if (now.width !== settings.width || now.height !== settings.height) settingsChangedAtMs = performance.now();
      settings = now;
      if (settingsChangedAtMs === undefined || performance.now() - settingsChangedAtMs < settingsCountAfterMs) return;
      settingsChangedAtMs = undefined;
      onSize(now);
    },
    pictures: () => (document.visibilityState === 'visible' ? video.getVideoPlaybackQuality().totalVideoFrames : undefined),
    close: () => {
      video.removeEventListener('loadedmetadata', tell);
      video.removeEventListener('resize', tell);
      video.srcObject = null;
    },
  };
}

function sizeIn({ width = 0, height = 0 }: MediaTrackSettings): PictureSize {
  return { width, height };
}
