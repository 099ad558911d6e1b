import type { CaptureWish, Facing } from './publishing/capture-wish.js';
import { LiveCapture } from './publishing/live-capture.js';
import { defaultQuality, type Quality } from './quality.js';

export interface CameraOptions {
  /** A device id; true for the browser's choice; false for no picture. */
  readonly camera?: string | boolean;
  /** Of a phone: the camera beside its screen, or the one at its back; where `camera` names none. */
  readonly facing?: Facing;
  /** A device id; true for the browser's choice; false for no sound. */
  readonly microphone?: string | boolean;
  /** Sound as it is, without what browsers do to speech: echo cancellation, noise suppression, gain control. */
  readonly music?: boolean;
  readonly quality?: Quality;
}

export interface ScreenOptions {
  /** Mixed into the screen's own sound, if it has any. A device id; true for the browser's choice; false for none. */
  readonly microphone?: string | boolean;
  /** Sound as it is, without what browsers do to speech: echo cancellation, noise suppression, gain control. */
  readonly music?: boolean;
  readonly quality?: Quality;
}

/** Opens camera and microphone. @throws {OnairError} in words, with what to do */
export async function captureCamera(options: CameraOptions = {}): Promise<LiveCapture> {
  const { camera = true, microphone = true, facing, music, quality = defaultQuality } = options;
  const id = typeof camera === 'string' ? camera : undefined;
  return opened({ picture: camera === false ? 'none' : 'camera', camera: id, facing, microphone, music, quality });
}

/** Opens a screen, window or tab, with the microphone mixed into its sound. @throws {OnairError} in words, with what to do */
export async function captureScreen(options: ScreenOptions = {}): Promise<LiveCapture> {
  const { microphone = true, music, quality = defaultQuality } = options;
  return opened({ picture: 'screen', microphone, music, quality });
}

async function opened(wish: CaptureWish): Promise<LiveCapture> {
  const capture = new LiveCapture();
  try {
    await capture.choose(wish);
    return capture;
  } catch (error) {
    capture.close();
    throw error;
  }
}
