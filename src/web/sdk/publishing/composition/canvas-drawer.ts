import { startTicker } from '../../ticker.js';
import { Compositor, type Drawing } from './compositor.js';
import { paint } from './paint.js';
import type { PictureDrawer } from './picture-drawer.js';
import type { PictureName } from './scene.js';

const lowestRateMs = 100;
/** How often elements are looked at for a new picture. */
const lookMs = 33;

/**
 * Draws elements that nobody sees on a canvas whose pictures are captured, at the pace of a worker's ticks, which a hidden tab does
 * not slow: for browsers that give no frames.
 */
export function openCanvasDrawer(onDrawn: (version: number) => void): PictureDrawer {
  const canvas = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
  const context = canvas.getContext('2d', { alpha: false });
  // Firefox captures only a canvas that has a context.
  const [track] = canvas.captureStream().getVideoTracks();
  if (track === undefined || context === null) throw new TypeError('expected a canvas that can be captured, got none');
  const shown = new Map<PictureName, ShownTrack>();
  const compositor = new Compositor<HTMLVideoElement>({
    surface: {
      draw: (scene, images) => {
        if (canvas.width !== scene.size.width || canvas.height !== scene.size.height) Object.assign(canvas, scene.size);
        paint(context, scene, images);
      },
      // A canvas gives a picture only when something was drawn: its first pixel, where it is.
      repeat: () => context.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1),
    },
    onDrawn,
    nowMs: () => performance.now(),
  });
  let tickedAtMs = performance.now();
  const stopTicker = startTicker(lookMs, () => {
    for (const [name, { video, hasNew }] of shown) {
      if (hasNew()) compositor.see(name, { image: video, size: { width: video.videoWidth, height: video.videoHeight }, release: () => undefined });
    }
    if (performance.now() - tickedAtMs < lowestRateMs) return;
    tickedAtMs = performance.now();
    compositor.tick();
  });
  return {
    track,
    take: (name, source) => {
      shown.get(name)?.close();
      shown.delete(name);
      compositor.announce(name, source !== undefined);
      if (source !== undefined) shown.set(name, showTrack(source));
    },
    show: (drawing: Drawing) => compositor.show(drawing),
    close: () => {
      stopTicker();
      for (const { close } of shown.values()) close();
      compositor.close();
      track.stop();
    },
  };
}

interface ShownTrack {
  readonly video: HTMLVideoElement;
  readonly hasNew: () => boolean;
  readonly close: () => void;
}

function showTrack(source: MediaStreamTrack): ShownTrack {
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([source]);
  video.play().catch(() => undefined);
  let shown = -1;
  return {
    video,
    hasNew: () => {
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return false;
      // A hidden tab's elements show pictures, but count none.
      const pictures = document.visibilityState === 'visible' ? video.getVideoPlaybackQuality().totalVideoFrames : NaN;
      if (pictures === shown) return false;
      shown = pictures;
      return true;
    },
    close: () => (video.srcObject = null),
  };
}
