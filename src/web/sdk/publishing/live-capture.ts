import { OnairError } from '../errors.js';
import { Listeners } from '../listeners.js';
import { applyQuality } from '../quality.js';
import { browserDevices, type CaptureDevices } from './capture-devices.js';
import { OpenDevices, type DeviceKind, type OpenDevice } from './open-devices.js';
import { captureError, missingDevice } from './capture-error.js';
import { stopTracks, type Capture } from './captured.js';
import { cameraConstraints, microphoneConstraints, sameCamera, sameMicrophone, screenConstraints, wantsCamera, wantsScreen, type CaptureWish } from './capture-wish.js';
import { deviceWarnings, heldWarning, lostWarning, type PublisherWarning, type PublisherWarningCode } from './warnings.js';

export interface LiveCaptureEvents {
  /** `media`, `wish` or `opening` is another one. */
  changed: undefined;
  /** `tracks` are others; those before are stopped after this. */
  devices: undefined;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
}

type Opened = Partial<Record<DeviceKind, OpenDevice>>;

/**
 * Camera, screen and microphone that may be chosen anew, get lost and come back. What was wished last is what is open, whatever
 * opens late, fails or is wished twice: a device that opens for an older wish is closed at once.
 */
export class LiveCapture extends Listeners<LiveCaptureEvents> implements Capture {
  readonly #devices: CaptureDevices;
  readonly #open: OpenDevices;
  readonly #stopWatching: () => void;
  readonly #pending = new Set<Promise<unknown>>();
  #wish: CaptureWish | undefined;
  /** For what is open: a wish that fails leaves it in force. */
  #kept: CaptureWish | undefined;
  #hadCamera = false;
  #generation = 0;
  #latest: Promise<void> = Promise.resolve();
  #opening = false;
  #closed = false;

  /** @param devices the browser's own, unless a test has others */
  constructor(devices: CaptureDevices = browserDevices) {
    super();
    this.#devices = devices;
    this.#open = new OpenDevices({
      openMixer: devices.openMixer,
      onLost: (kind, device) => void this.#lost(kind, device),
      onHeld: (kind, held) => {
        const { code, message } = heldWarning(kind === 'microphone' ? 'audio' : 'video');
        if (held) this.emit('warning', { code, message });
        else this.emit('recovered', { code });
      },
      onChange: () => this.emit('devices', undefined),
    });
    this.#stopWatching = devices.watchDevices(() => void this.#comeBack());
  }

  /** What is captured now; empty while nothing is open. */
  get media(): MediaStream {
    return this.#open.media;
  }

  /** What was asked for last; after a wish that failed, or sharing that was stopped, what holds instead. */
  get wish(): CaptureWish | undefined {
    return this.#wish;
  }

  get opening(): boolean {
    return this.#opening;
  }

  /** The tracks of the devices that are open, by what they are. */
  get devices(): Readonly<Partial<Record<DeviceKind, MediaStreamTrack>>> {
    return this.#open.tracks;
  }

  /** The same, with a screen's own sound: what a composition takes. */
  get tracks(): Readonly<Partial<Record<DeviceKind | 'screenSound', MediaStreamTrack>>> {
    const sound = this.#open.screenSound;
    return sound === undefined ? this.#open.tracks : { ...this.#open.tracks, screenSound: sound };
  }

  /**
   * Opens what is wished and closes what is not. Call it in the user's own click where a screen is wished.
   * @returns a promise of the moment when this wish, or a later one, is open
   * @throws {OnairError} in words: then what was open before still is, and is the wish again
   */
  choose(wish: CaptureWish): Promise<void> {
    if (this.#closed) return Promise.reject(new TypeError('expected an open capture, got one that was closed'));
    this.#generation += 1;
    this.#wish = wish;
    this.#hadCamera ||= wantsCamera(wish);
    this.#closeUnwanted(wish);
    this.#latest = this.#fulfil(wish, this.#generation);
    return this.#latest;
  }

  follow(onMedia: () => void): () => void {
    return this.#open.follow(onMedia);
  }

  resumeSound(): Promise<void> {
    return this.#open.resumeSound();
  }

  /** Closes every device; one that opens later is closed then. Another wish opens them again. */
  release(): void {
    this.#generation += 1;
    this.#wish = this.#kept = undefined;
    this.#opening = false;
    this.#open.closeAll();
    this.emit('changed', undefined);
  }

  close(): void {
    this.#closed = true;
    this.release();
    this.#stopWatching();
  }

  /** What nobody wants is closed before anything is opened: a microphone that was switched off is off at once. */
  #closeUnwanted(wish: CaptureWish): void {
    const isSilent = wish.microphone === false;
    const isBlind = wish.picture === 'none';
    this.#open.put({ ...(isSilent && { microphone: undefined }), ...(isBlind && { camera: undefined, screen: undefined }) });
    if (this.#kept !== undefined) this.#kept = { ...this.#kept, ...(isSilent && { microphone: false }), ...(isBlind && { picture: 'none' }) };
    this.emit('changed', undefined);
  }

  async #fulfil(wish: CaptureWish, generation: number): Promise<void> {
    const isStale = (): boolean => generation !== this.#generation;
    const wanted = this.#wanted(wish);
    try {
      this.#opening = wanted.length > 0;
      this.emit('changed', undefined);
      const opened = await this.#openAll(wish, wanted, isStale);
      if (isStale()) {
        closeAll(opened);
        return await this.#latest;
      }
      const unwanted = { ...(!wantsCamera(wish) && { camera: undefined }), ...(!wantsScreen(wish) && { screen: undefined }) };
      const isSamePicture = opened.camera === undefined && opened.screen === undefined;
      this.#kept = wish;
      this.#open.put({ ...unwanted, ...opened });
      for (const kind of wanted) this.#tellBack(kind);
      if (isSamePicture) await applyQuality(this.#open.pictures, wish.quality);
    } catch (error) {
      if (isStale()) return await this.#latest;
      this.#wish = this.#kept;
      throw error;
    } finally {
      if (!isStale()) {
        this.#opening = false;
        this.emit('changed', undefined);
      }
    }
  }

  #wanted(wish: CaptureWish): DeviceKind[] {
    const wanted: DeviceKind[] = [];
    const before = this.#kept;
    const { camera, screen, microphone } = this.#open.tracks;
    if (wantsScreen(wish) && screen === undefined) wanted.push('screen');
    if (wantsCamera(wish) && (camera === undefined || before === undefined || !sameCamera(before, wish))) wanted.push('camera');
    if (wish.microphone !== false && (microphone === undefined || before === undefined || !sameMicrophone(before, wish))) wanted.push('microphone');
    return wanted;
  }

  async #openAll(wish: CaptureWish, wanted: readonly DeviceKind[], isStale: () => boolean): Promise<Opened> {
    const opened: Opened = {};
    try {
      if (wanted.includes('screen')) opened.screen = await this.#openScreen(wish);
      if (wanted.some((kind) => kind !== 'screen') && !isStale()) Object.assign(opened, await this.#openUserMedia(wish, wanted, isStale));
      return opened;
    } catch (error) {
      closeAll(opened);
      throw error;
    }
  }

  async #openScreen({ quality }: CaptureWish): Promise<OpenDevice> {
    const media = await this.#noted(() => this.#devices.getDisplayMedia(screenConstraints(quality)), 'screen');
    return deviceOf(media, 'video', media.getAudioTracks()[0]);
  }

  async #openUserMedia(wish: CaptureWish, wanted: readonly DeviceKind[], isStale: () => boolean): Promise<Opened> {
    const [camera, microphone] = [wanted.includes('camera'), wanted.includes('microphone')];
    const constraints = { video: camera && cameraConstraints(wish), audio: microphone && microphoneConstraints(wish) };
    const names = camera && microphone ? undefined : camera ? 'camera' : 'microphone';
    const ask = (): Promise<MediaStream> => this.#noted(() => this.#devices.getUserMedia(constraints), names);
    const media = await ask().catch(async (error: unknown) => {
      // Phones open one camera at a time: the one before, or one that opens late, has to go first.
      if (!(error instanceof OnairError) || error.reason !== 'device-busy' || isStale()) throw error;
      await Promise.allSettled(this.#pending);
      if (camera && !isStale()) this.#open.put({ camera: undefined });
      return ask();
    });
    return {
      ...(camera && { camera: deviceOf(media, 'video') }),
      ...(microphone && { microphone: deviceOf(media, 'audio') }),
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

  async #lost(kind: DeviceKind, { track }: OpenDevice): Promise<void> {
    this.emit('changed', undefined);
    const wish = this.#wish;
    if (wish === undefined) return;
    if (kind === 'screen') {
      this.emit('warning', deviceWarnings.sharingStopped);
      await this.choose({ ...wish, picture: this.#hadCamera ? 'camera' : 'none' }).catch(() => this.emit('warning', lostWarning('video')));
      return;
    }
    this.emit('warning', deviceWarnings.lost(kind, track.label, this.#open.tracks.screen !== undefined));
    // Whatever the system has now for the default.
    const substitute: CaptureWish = kind === 'camera' ? { ...wish, camera: undefined, facing: undefined } : { ...wish, microphone: true };
    if (!(await this.#substitute(kind, substitute, track.getSettings().deviceId ?? ''))) return;
    this.#tellBack(kind);
    this.emit('warning', deviceWarnings.replaced(kind, track.label, this.#open.tracks[kind]?.label ?? ''));
  }

  /** A device was plugged in: the one that was lost comes back, or any where there is none. */
  async #comeBack(): Promise<void> {
    const wish = this.#wish;
    if (wish === undefined || this.#opening) return;
    const present = await this.#devices.enumerateDevices().catch(() => []);
    for (const kind of ['camera', 'microphone'] as const) {
      const isWished = kind === 'camera' ? wantsCamera(wish) : wish.microphone !== false;
      const lost = this.#open.lostId(kind);
      if (!isWished || lost === undefined) continue;
      const ids = present.filter((device) => device.kind === (kind === 'camera' ? 'videoinput' : 'audioinput')).map(({ deviceId }) => deviceId);
      const isThere = ids.includes(lost);
      if (!isThere && (this.#open.tracks[kind] !== undefined || ids.length === 0)) continue;
      const id = isThere ? lost : undefined;
      const back: CaptureWish = kind === 'camera' ? { ...wish, camera: id } : { ...wish, microphone: id ?? true };
      if (await this.#substitute(kind, back, isThere ? undefined : lost)) this.#tellBack(kind);
    }
  }

  /** @param lostId of the device that this one stands in for @returns whether it is open, and nothing else was wished meanwhile */
  async #substitute(kind: 'camera' | 'microphone', wish: CaptureWish, lostId: string | undefined): Promise<boolean> {
    const generation = this.#generation;
    const isStale = (): boolean => generation !== this.#generation;
    this.#open.setLostId(kind, lostId);
    const opened = await this.#openUserMedia(wish, [kind], isStale).catch(() => undefined);
    if (opened === undefined) return false;
    if (isStale()) {
      closeAll(opened);
      return false;
    }
    this.#open.put(opened);
    this.#open.setLostId(kind, lostId);
    this.emit('changed', undefined);
    return true;
  }

  #tellBack(kind: DeviceKind): void {
    const name = kind === 'microphone' ? 'sound' : 'picture';
    this.emit('recovered', { code: `${name}-lost` });
    this.emit('recovered', { code: `${name}-replaced` });
    // A camera that stands in for the screen is no reason to say no more that it is not shared.
    if (kind === 'screen') this.emit('recovered', { code: 'sharing-stopped' });
  }
}

function deviceOf(media: MediaStream, kind: 'audio' | 'video', sound?: MediaStreamTrack): OpenDevice {
  const track = media.getTracks().find((each) => each.kind === kind);
  if (track !== undefined) return { track, sound };
  stopTracks(media);
  throw new OnairError('no-device', `The browser gave no ${kind === 'audio' ? 'sound' : 'picture'}. Choose another device, then try again.`);
}

function closeAll(opened: Opened): void {
  for (const device of Object.values(opened)) {
    device.track.stop();
    device.sound?.stop();
  }
}
