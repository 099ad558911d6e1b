import { Listeners } from '../listeners.js';
import { applyQuality } from '../quality.js';
import { browserDevices, type CaptureDevices } from './capture-devices.js';
import { DeviceOpener, closeAll, type Opened, type UserDevice } from './device-opener.js';
import { OpenDevices, type DeviceKind, type OpenDevice } from './open-devices.js';
import type { Capture } from './captured.js';
import { sameCamera, sameMicrophone, wantsCamera, wantsScreen, type CaptureWish } from './capture-wish.js';
import { deviceWarnings, heldWarning, lostWarning, type PublisherWarning, type PublisherWarningCode } from './warnings.js';

export interface LiveCaptureEvents {
  /** `media`, `wish` or `opening` is another one. */
  changed: undefined;
  /** `tracks` are others; those before are stopped after this. */
  devices: undefined;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
}

/**
 * Camera, screen and microphone that may be chosen anew, get lost and come back. What was wished last is what is open, whatever
 * opens late, fails or is wished twice: a device that opens for an older wish is closed at once.
 */
export class LiveCapture extends Listeners<LiveCaptureEvents> implements Capture {
  readonly #devices: CaptureDevices;
  readonly #opener: DeviceOpener;
  readonly #open: OpenDevices;
  readonly #stopWatching: () => void;
  /** What is being opened since it was plugged in again. */
  readonly #returning = new Set<UserDevice>();
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
    this.#opener = new DeviceOpener(devices);
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
      for (const kind of wanted) if (opened[kind] !== undefined) this.#tellOpen(kind, opened[kind]);
      if (isSamePicture) await applyQuality(this.#open.pictures, wish.quality);
    } catch (error) {
      if (isStale()) return await this.#latest;
      this.#wish = this.#kept;
      throw error;
    } finally {
      if (!isStale()) {
        this.#opening = false;
        this.emit('changed', undefined);
        // What was plugged in meanwhile.
        void this.#comeBack();
      }
    }
  }

  #wanted(wish: CaptureWish): DeviceKind[] {
    const wanted: DeviceKind[] = [];
    const { camera, screen, microphone } = this.#open.tracks;
    if (wantsScreen(wish) && screen === undefined) wanted.push('screen');
    if (wantsCamera(wish) && (camera === undefined || !this.#isChosenAsBefore('camera', wish))) wanted.push('camera');
    if (wish.microphone !== false && (microphone === undefined || !this.#isChosenAsBefore('microphone', wish))) wanted.push('microphone');
    return wanted;
  }

  #isChosenAsBefore(kind: UserDevice, wish: CaptureWish): boolean {
    return this.#kept !== undefined && (kind === 'camera' ? sameCamera : sameMicrophone)(this.#kept, wish);
  }

  async #openAll(wish: CaptureWish, wanted: readonly DeviceKind[], isStale: () => boolean): Promise<Opened> {
    const opened: Opened = {};
    try {
      if (wanted.includes('screen')) opened.screen = await this.#opener.openScreen(wish);
      const others = wanted.filter((kind) => kind !== 'screen');
      // What was lost, and is waited for, takes nothing from a wish that changes something else.
      const isAwaited = (kind: UserDevice): boolean => this.#open.lostId(kind) !== undefined && this.#isChosenAsBefore(kind, wish);
      const due = others.filter((kind) => !isAwaited(kind));
      if (due.length > 0 && !isStale()) Object.assign(opened, await this.#openUserMedia(wish, due, isStale));
      for (const kind of others.filter(isAwaited)) {
        if (!isStale()) Object.assign(opened, await this.#openUserMedia(wish, [kind], isStale).catch(() => undefined));
      }
      return opened;
    } catch (error) {
      closeAll(opened);
      throw error;
    }
  }

  #openUserMedia(wish: CaptureWish, kinds: readonly UserDevice[], isStale: () => boolean): Promise<Opened> {
    return this.#opener.openUserMedia(wish, kinds, { isStale, closeCamera: () => this.#open.put({ camera: undefined }) });
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
    const lostId = track.getSettings().deviceId ?? '';
    this.#open.setLostId(kind, lostId);
    // Whatever the system has now for the default.
    const substitute: CaptureWish = kind === 'camera' ? { ...wish, camera: undefined, facing: undefined } : { ...wish, microphone: true };
    if (!(await this.#substitute(kind, substitute, lostId))) return;
    this.#tellBack(kind);
    this.emit('warning', deviceWarnings.replaced(kind, track.label, this.#open.tracks[kind]?.label ?? ''));
  }

  /** A device was plugged in: the one that was lost comes back, or any where there is none. */
  async #comeBack(): Promise<void> {
    const lostKinds = (['camera', 'microphone'] as const).filter((kind) => this.#open.lostId(kind) !== undefined);
    if (lostKinds.length === 0) return;
    const present = await this.#devices.enumerateDevices().catch(() => []);
    for (const kind of lostKinds) {
      const wish = this.#wish;
      const lost = this.#open.lostId(kind);
      if (wish === undefined || lost === undefined || this.#opening || this.#returning.has(kind)) continue;
      const isWished = kind === 'camera' ? wantsCamera(wish) : wish.microphone !== false;
      if (!isWished) continue;
      const ids = present.filter((device) => device.kind === (kind === 'camera' ? 'videoinput' : 'audioinput')).map(({ deviceId }) => deviceId);
      const isThere = ids.includes(lost);
      if (!isThere && (this.#open.tracks[kind] !== undefined || ids.length === 0)) continue;
      const id = isThere ? lost : undefined;
      const back: CaptureWish = kind === 'camera' ? { ...wish, camera: id } : { ...wish, microphone: id ?? true };
      this.#returning.add(kind);
      const isBack = await this.#substitute(kind, back, isThere ? undefined : lost);
      this.#returning.delete(kind);
      if (isBack) this.#tellBack(kind);
      // Something else was changed meanwhile; one that would not open is tried again when the devices change.
      else if (this.#wish !== wish) void this.#comeBack();
    }
  }

  /** @param lostId of the device that this one stands in for @returns whether it is open, and nothing else was wished meanwhile */
  async #substitute(kind: UserDevice, wish: CaptureWish, lostId: string | undefined): Promise<boolean> {
    const generation = this.#generation;
    const isStale = (): boolean => generation !== this.#generation;
    const opened = await this.#openUserMedia(wish, [kind], isStale).catch(() => undefined);
    if (opened === undefined) return false;
    if (isStale()) {
      closeAll(opened);
      return false;
    }
    this.#open.put(opened);
    if (lostId !== undefined) this.#open.setLostId(kind, lostId);
    this.emit('changed', undefined);
    return true;
  }

  #tellOpen(kind: DeviceKind, { track, standsFor }: OpenDevice): void {
    this.#tellBack(kind);
    if (standsFor !== undefined && kind !== 'screen') this.emit('warning', deviceWarnings.replaced(kind, '', track.label));
  }

  #tellBack(kind: DeviceKind): void {
    const name = kind === 'microphone' ? 'sound' : 'picture';
    this.emit('recovered', { code: `${name}-lost` });
    this.emit('recovered', { code: `${name}-replaced` });
    // A camera that stands in for the screen is no reason to say no more that it is not shared.
    if (kind === 'screen') this.emit('recovered', { code: 'sharing-stopped' });
  }
}
