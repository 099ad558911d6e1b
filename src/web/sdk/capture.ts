import { OnairError } from './errors.js';
import { defaultQuality, type Quality } from './quality.js';
import { assertCanCapture } from './support.js';

export interface CameraOptions {
  /** A device id; true for the browser's choice; false for no picture. */
  readonly camera?: string | boolean;
  /** A device id; true for the browser's choice; false for no sound. */
  readonly microphone?: string | boolean;
  readonly quality?: Quality;
}

export interface ScreenOptions {
  /** Mixed into the screen's own sound, if it has any. A device id; true for the browser's choice; false for none. */
  readonly microphone?: string | boolean;
  readonly quality?: Quality;
}

/** A MediaStream with everything that keeps it going. */
export interface Capture {
  readonly media: MediaStream;
  /** Wakes the sound up again where the browser has suspended it (a recorder emits nothing meanwhile). */
  readonly resumeSound: () => Promise<void>;
  /** Stops every device. */
  readonly close: () => void;
}

/** Media that somebody else opened, who also closes it. */
export function asCapture(media: MediaStream | Capture): Capture {
  const capture = 'media' in media ? media : { media, resumeSound: () => Promise.resolve() };
  return { media: capture.media, resumeSound: () => capture.resumeSound(), close: () => undefined };
}

/** Opens camera and microphone. @throws {OnairError} in words, with what to do */
export async function captureCamera(options: CameraOptions = {}): Promise<Capture> {
  const { camera = true, microphone = true, quality = defaultQuality } = options;
  assertCanCapture();
  const media = await navigator.mediaDevices
    .getUserMedia({ video: camera !== false && videoConstraints(camera, quality), audio: microphone !== false && audioConstraints(microphone) })
    .catch(async (error: unknown) => {
      throw captureError(error, camera === false ? 'microphone' : microphone === false ? 'camera' : await missingDevice());
    });
  return { media, resumeSound: () => Promise.resolve(), close: () => stopTracks(media) };
}

/** Opens a screen, window or tab, with the microphone mixed into its sound. @throws {OnairError} in words, with what to do */
export async function captureScreen(options: ScreenOptions = {}): Promise<Capture> {
  const { microphone = true, quality = defaultQuality } = options;
  assertCanCapture();
  const screen = await navigator.mediaDevices
    .getDisplayMedia({ video: { frameRate: quality.frameRate, width: { max: quality.width }, height: { max: quality.height } }, audio: true })
    .catch((error: unknown) => {
      throw captureError(error, 'screen');
    });
  if (microphone === false) return { media: screen, resumeSound: () => Promise.resolve(), close: () => stopTracks(screen) };

  const voice = await captureCamera({ camera: false, microphone }).catch((error: unknown) => {
    stopTracks(screen);
    throw error;
  });
  return mixed(screen, voice.media);
}

/** When both were asked for, the browser does not say which one it lacks. */
async function missingDevice(): Promise<string> {
  const kinds = (await navigator.mediaDevices.enumerateDevices().catch(() => [])).map(({ kind }) => kind);
  if (kinds.includes('videoinput') && !kinds.includes('audioinput')) return 'microphone';
  if (kinds.includes('audioinput') && !kinds.includes('videoinput')) return 'camera';
  return 'camera or microphone';
}

/** A recorder takes one sound track: where both have sound, screen and microphone become one. */
function mixed(screen: MediaStream, voice: MediaStream): Capture {
  if (screen.getAudioTracks().length === 0) {
    const media = new MediaStream([...screen.getTracks(), ...voice.getTracks()]);
    return { media, resumeSound: () => Promise.resolve(), close: () => stopTracks(media) };
  }
  const context = new AudioContext();
  const mix = context.createMediaStreamDestination();
  for (const track of [...screen.getAudioTracks(), ...voice.getAudioTracks()]) {
    context.createMediaStreamSource(new MediaStream([track])).connect(mix);
  }
  return {
    media: new MediaStream([...screen.getVideoTracks(), ...mix.stream.getAudioTracks()]),
    resumeSound: () => (context.state === 'suspended' ? context.resume() : Promise.resolve()),
    close: () => {
      stopTracks(screen);
      stopTracks(voice);
      if (context.state !== 'closed') void context.close();
    },
  };
}

function videoConstraints(camera: string | true, quality: Quality): MediaTrackConstraints {
  return {
    width: { ideal: quality.width },
    height: { ideal: quality.height },
    frameRate: { ideal: quality.frameRate },
    ...(camera === true ? {} : { deviceId: { exact: camera } }),
  };
}

function audioConstraints(microphone: string | true): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(microphone === true ? {} : { deviceId: { exact: microphone } }),
  };
}

function stopTracks(media: MediaStream): void {
  for (const track of media.getTracks()) track.stop();
}

/** A DOMException of getUserMedia or getDisplayMedia, in words for a broadcaster. */
export function captureError(error: unknown, wanted: string): OnairError {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new OnairError(
        'permission-denied',
        wanted === 'screen'
          ? 'The screen was not shared: the browser’s question was answered with no, or the system forbids it. Choose “Screen” again and pick what to share; on a Mac, allow screen recording for this browser in the system settings.'
          : `This page may not use the ${wanted}. Click the camera or lock symbol beside the address, allow it for this page, then try again.`,
        { cause: error },
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new OnairError('no-device', `No ${wanted} was found. Plug one in or choose another device, then try again.`, { cause: error });
    case 'NotReadableError':
    case 'AbortError':
      return new OnairError('device-busy', `The ${wanted} is in use by another program, or the system holds it back. Close the other program, then try again.`, { cause: error });
    default: {
      const said = error instanceof Error && error.message !== '' ? ` The browser says: ${error.message}` : '';
      return new OnairError('capture-failed', `The ${wanted} could not be opened.${said} Try again, or choose another device.`, { cause: error });
    }
  }
}
