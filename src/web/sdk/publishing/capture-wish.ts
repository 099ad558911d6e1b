import type { Quality } from '../quality.js';

export type Facing = 'user' | 'environment';

/** What is to be captured. */
export interface CaptureWish {
  /** `both`: screen and camera, for a composition; what takes one picture only gets the screen. */
  readonly picture: 'camera' | 'screen' | 'both' | 'none';
  /** A device id; without it, the browser's choice among those that face as asked. */
  readonly camera?: string | undefined;
  /** Of a phone: the camera beside its screen, or the one at its back. */
  readonly facing?: Facing | undefined;
  /** A device id; true for the browser's choice; false for none. */
  readonly microphone: string | boolean;
  /** Sound as it is: without echo cancellation, noise suppression and gain control, which are made for speech. */
  readonly music?: boolean | undefined;
  readonly quality: Quality;
}

export function cameraConstraints({ camera, facing, quality }: Pick<CaptureWish, 'camera' | 'facing' | 'quality'>): MediaTrackConstraints {
  return {
    width: { ideal: quality.width },
    height: { ideal: quality.height },
    frameRate: { ideal: quality.frameRate },
    ...(camera !== undefined && { deviceId: { exact: camera } }),
    ...(camera === undefined && facing !== undefined && { facingMode: { ideal: facing } }),
  };
}

export function microphoneConstraints({ microphone, music = false }: Pick<CaptureWish, 'microphone' | 'music'>): MediaTrackConstraints {
  return {
    echoCancellation: !music,
    noiseSuppression: !music,
    autoGainControl: !music,
    ...(music && { channelCount: { ideal: 2 } }),
    ...(typeof microphone === 'string' && { deviceId: { exact: microphone } }),
  };
}

export function screenConstraints({ width, height, frameRate }: Quality): DisplayMediaStreamOptions {
  // A screen's sound is a film's or a game's as often as speech.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return { video: { frameRate, width: { max: width }, height: { max: height } }, audio };
}

export const wantsCamera = ({ picture }: Pick<CaptureWish, 'picture'>): boolean => picture === 'camera' || picture === 'both';
export const wantsScreen = ({ picture }: Pick<CaptureWish, 'picture'>): boolean => picture === 'screen' || picture === 'both';

/** Whether what was opened for one wish also serves the other. */
export const sameCamera = (one: CaptureWish, other: CaptureWish): boolean => one.camera === other.camera && one.facing === other.facing;
export const sameMicrophone = (one: CaptureWish, other: CaptureWish): boolean =>
  one.microphone === other.microphone && (one.music ?? false) === (other.music ?? false);
