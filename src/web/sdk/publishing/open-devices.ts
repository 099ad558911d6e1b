import type { CaptureDevices } from './capture-devices.js';

export type DeviceKind = 'camera' | 'screen' | 'microphone';

export interface OpenDevice {
  readonly track: MediaStreamTrack;
  /** A shared tab's or screen's own. */
  readonly sound?: MediaStreamTrack | undefined;
  /** The id of the device that was chosen, and is not there. */
  readonly standsFor?: string | undefined;
}

export interface OpenDevicesOptions {
  readonly openMixer: CaptureDevices['openMixer'];
  /** The device is gone, and is no longer among the open ones. */
  readonly onLost: (kind: DeviceKind, device: OpenDevice) => void;
  /** The system gives nothing of it at present, or gives it again. */
  readonly onHeld: (kind: DeviceKind, held: boolean) => void;
  /** Others are open; those before are stopped after this. */
  readonly onChange: () => void;
}

/** The devices that are open, at most one of a kind, and what they give together: one picture and one sound. */
export class OpenDevices {
  readonly #options: OpenDevicesOptions;
  readonly #open = new Map<DeviceKind, OpenDevice>();
  readonly #unwatch = new Map<DeviceKind, () => void>();
  readonly #lostIds = new Map<DeviceKind, string>();
  readonly #followers = new Set<() => void>();
  #mixer: ReturnType<CaptureDevices['openMixer']> | undefined;
  #media = new MediaStream();

  constructor(options: OpenDevicesOptions) {
    this.#options = options;
  }

  get media(): MediaStream {
    return this.#media;
  }

  get tracks(): Partial<Record<DeviceKind, MediaStreamTrack>> {
    return Object.fromEntries([...this.#open].map(([kind, { track }]) => [kind, track]));
  }

  /** Camera and screen, whether or not both are in `media`. */
  get pictures(): MediaStream {
    return new MediaStream([this.#open.get('screen'), this.#open.get('camera')].flatMap((device) => device?.track ?? []));
  }

  /** What a shared tab or screen sounds like. */
  get screenSound(): MediaStreamTrack | undefined {
    return this.#open.get('screen')?.sound;
  }

  /** The id of the device that was lost and is missing, or that another one stands in for. */
  lostId(kind: DeviceKind): string | undefined {
    return this.#lostIds.get(kind);
  }

  setLostId(kind: DeviceKind, id: string | undefined): void {
    if (id === undefined) this.#lostIds.delete(kind);
    else this.#lostIds.set(kind, id);
  }

  /** Takes these in place of those of their kinds, which are closed; undefined closes one only. */
  put(devices: Readonly<Partial<Record<DeviceKind, OpenDevice | undefined>>>): void {
    const before: OpenDevice[] = [];
    for (const [name, device] of Object.entries(devices)) {
      const kind = name as DeviceKind;
      const old = this.#open.get(kind);
      if (old !== undefined) before.push(old);
      this.#unwatch.get(kind)?.();
      this.#unwatch.delete(kind);
      this.#open.delete(kind);
      this.setLostId(kind, device?.standsFor);
      if (device !== undefined) this.#watch(kind, device);
    }
    this.#compose();
    this.#options.onChange();
    // Not before whoever follows has the new ones: a recorder whose tracks end stops.
    for (const device of before) stop(device);
  }

  closeAll(): void {
    this.put({ camera: undefined, screen: undefined, microphone: undefined });
    this.#mixer?.close();
    this.#mixer = undefined;
  }

  /** @returns a function that takes the follower away again */
  follow(onMedia: () => void): () => void {
    this.#followers.add(onMedia);
    return () => this.#followers.delete(onMedia);
  }

  async resumeSound(): Promise<void> {
    await this.#mixer?.resume();
  }

  #watch(kind: DeviceKind, device: OpenDevice): void {
    this.#open.set(kind, device);
    const { track } = device;
    const listeners: readonly (readonly [string, () => void])[] = [
      ['ended', () => {
        this.put({ [kind]: undefined });
        this.#options.onLost(kind, device);
      }],
      ['mute', () => this.#options.onHeld(kind, true)],
      ['unmute', () => this.#options.onHeld(kind, false)],
    ];
    for (const [type, listen] of listeners) track.addEventListener(type, listen);
    this.#unwatch.set(kind, () => {
      for (const [type, listen] of listeners) track.removeEventListener(type, listen);
    });
  }

  #compose(): void {
    const picture = (this.#open.get('screen') ?? this.#open.get('camera'))?.track;
    const sound = this.#sound();
    const tracks = [picture, sound].filter((track) => track !== undefined);
    const present = this.#media.getTracks();
    if (tracks.length === present.length && tracks.every((track) => present.includes(track))) return;
    this.#media = new MediaStream(tracks);
    for (const onMedia of [...this.#followers]) onMedia();
  }

  /** A mixer that was needed once stays: with it, sounds come and go without a joint. */
  #sound(): MediaStreamTrack | undefined {
    const sounds = [this.#open.get('screen')?.sound, this.#open.get('microphone')?.track].filter((track) => track?.readyState === 'live').filter((track) => track !== undefined);
    if (sounds.length > 1) this.#mixer ??= this.#options.openMixer();
    this.#mixer?.use(sounds);
    return sounds.length === 0 || this.#mixer === undefined ? sounds[0] : this.#mixer.track;
  }
}

function stop({ track, sound }: OpenDevice): void {
  track.stop();
  sound?.stop();
}
