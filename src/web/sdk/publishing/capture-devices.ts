import { assertCanCapture } from '../support.js';
import { SoundMixer } from './sound-mixer.js';

/** What a capture needs of its surroundings: the browser's own, or a test's. */
export interface CaptureDevices {
  readonly getUserMedia: (constraints: MediaStreamConstraints) => Promise<MediaStream>;
  readonly getDisplayMedia: (options: DisplayMediaStreamOptions) => Promise<MediaStream>;
  readonly enumerateDevices: () => Promise<readonly Pick<MediaDeviceInfo, 'kind' | 'deviceId'>[]>;
  /** @returns a function that stops it */
  readonly watchDevices: (onChange: () => void) => () => void;
  readonly openMixer: () => Pick<SoundMixer, 'track' | 'use' | 'resume' | 'close'>;
}

export const browserDevices: CaptureDevices = {
  // A screen may be asked for in the user's own click alone: nothing is awaited before.
  getUserMedia: (constraints) => {
    assertCanCapture();
    return navigator.mediaDevices.getUserMedia(constraints);
  },
  getDisplayMedia: (options) => {
    assertCanCapture();
    return navigator.mediaDevices.getDisplayMedia(options);
  },
  enumerateDevices: () => navigator.mediaDevices.enumerateDevices(),
  watchDevices: (onChange) => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    devices?.addEventListener('devicechange', onChange);
    return () => devices?.removeEventListener('devicechange', onChange);
  },
  openMixer: () => new SoundMixer(),
};
