import { OnairError } from '../errors.js';
import type { CaptureDevices } from './capture-devices.js';
import { captureError, missingDevice } from './capture-error.js';
import { stopTracks } from './captured.js';
import { cameraConstraints, microphoneConstraints, screenConstraints, type CaptureWish } from './capture-wish.js';
import type { DeviceKind, OpenDevice } from './open-devices.js';

export type Opened = Partial<Record<DeviceKind, OpenDevice>>;
export type UserDevice = Exclude<DeviceKind, 'screen'>;

export interface OpenOptions {
  /** Nobody wants these devices any more: nothing further is asked. */
  readonly isStale: () => boolean;
  /** Closes the camera that is open: phones open one at a time. */
  readonly closeCamera: () => void;
}

/** Asks the browser for devices. One that is busy for a moment, or is not plugged in, is no reason to have none. */
export class DeviceOpener {
  readonly #devices: CaptureDevices;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(devices: CaptureDevices) {
    this.#devices = devices;
  }

  /** @throws {OnairError} in words */
  async openScreen({ quality }: CaptureWish): Promise<OpenDevice> {
    const media = await this.#noted(() => this.#devices.getDisplayMedia(screenConstraints(quality)), 'screen');
    return deviceOf(media, 'video', { sound: media.getAudioTracks()[0] });
  }

  /**
   * Opens camera, microphone or both; for one that was chosen and is not plugged in, the default one of its kind stands in.
   * @throws {OnairError} in words
   */
  async openUserMedia(wish: CaptureWish, kinds: readonly UserDevice[], options: OpenOptions): Promise<Opened> {
    try {
      return await this.#open(wish, kinds, options);
    } catch (error) {
      if (!(error instanceof OnairError) || error.reason !== 'no-device' || options.isStale()) throw error;
      const absent = await this.#absent(wish, kinds);
      if (Object.keys(absent).length === 0 || options.isStale()) throw error;
      const standIn = { ...wish, ...(absent.camera !== undefined && { camera: undefined, facing: undefined }), ...(absent.microphone !== undefined && { microphone: true }) };
      const opened = await this.#open(standIn, kinds, options);
      return Object.fromEntries(kinds.map((kind) => [kind, { ...opened[kind], standsFor: absent[kind] }]));
    }
  }

  async #open(wish: CaptureWish, kinds: readonly UserDevice[], { isStale, closeCamera }: OpenOptions): Promise<Opened> {
    const [camera, microphone] = [kinds.includes('camera'), kinds.includes('microphone')];
    const constraints = { video: camera && cameraConstraints(wish), audio: microphone && microphoneConstraints(wish) };
    const name = camera && microphone ? undefined : kinds[0];
    const ask = (): Promise<MediaStream> => this.#noted(() => this.#devices.getUserMedia(constraints), name);
    const media = await ask().catch(async (error: unknown) => {
      // Phones open one camera at a time: the one before, or one that opens late, has to go first.
      if (!(error instanceof OnairError) || error.reason !== 'device-busy' || isStale()) throw error;
      await Promise.allSettled(this.#pending);
      if (camera && !isStale()) closeCamera();
      return ask();
    });
    return {
      ...(camera && { camera: deviceOf(media, 'video') }),
      ...(microphone && { microphone: deviceOf(media, 'audio') }),
    };
  }

  /** Of the devices that are wished by their ids, those that are not plugged in. */
  async #absent({ camera, microphone }: CaptureWish, kinds: readonly UserDevice[]): Promise<Partial<Record<UserDevice, string>>> {
    const devices = await this.#devices.enumerateDevices().catch(() => undefined);
    if (devices === undefined) return {};
    const isAbsent = (id: string | boolean | undefined): id is string => typeof id === 'string' && !devices.some(({ deviceId }) => deviceId === id);
    return {
      ...(kinds.includes('camera') && isAbsent(camera) && { camera }),
      ...(kinds.includes('microphone') && isAbsent(microphone) && { microphone }),
    };
  }

  /** @param name of what may be missing; undefined where both camera and microphone were asked for */
  async #noted(ask: () => Promise<MediaStream>, name: string | undefined): Promise<MediaStream> {
    const asked = (async () => ask())();
    this.#pending.add(asked);
    try {
      return await asked;
    } catch (error) {
      throw error instanceof OnairError ? error : captureError(error, name ?? (await missingDevice(this.#devices)));
    } finally {
      this.#pending.delete(asked);
    }
  }
}

function deviceOf(media: MediaStream, kind: 'audio' | 'video', more: Omit<OpenDevice, 'track'> = {}): OpenDevice {
  const track = media.getTracks().find((each) => each.kind === kind);
  if (track !== undefined) return { track, ...more };
  stopTracks(media);
  throw new OnairError('no-device', `The browser gave no ${kind === 'audio' ? 'sound' : 'picture'}. Choose another device, then try again.`);
}

export function closeAll(opened: Opened): void {
  for (const device of Object.values(opened)) {
    device.track.stop();
    device.sound?.stop();
  }
}
