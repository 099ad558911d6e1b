/** Stand-ins for the browser's media: tracks, streams and a recorder whose bytes the test decides. */

interface Settings {
  width?: number;
  height?: number;
  deviceId?: string;
  groupId?: string;
  displaySurface?: string;
  facingMode?: string;
}

let made = 0;

export class FakeTrack extends EventTarget {
  readonly id = `track-${String((made += 1))}`;
  readonly kind: 'audio' | 'video';
  readonly label: string;
  readonly settings: Settings;
  readonly asked: MediaTrackConstraints[] = [];
  readyState: 'live' | 'ended' = 'live';
  enabled = true;
  muted = false;

  constructor(kind: 'audio' | 'video', { label = kind, ...settings }: Settings & { readonly label?: string } = {}) {
    super();
    this.kind = kind;
    this.label = label;
    this.settings = settings;
  }

  getSettings(): Settings {
    return this.settings;
  }

  applyConstraints(constraints: MediaTrackConstraints): Promise<void> {
    this.asked.push(constraints);
    return Promise.resolve();
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** Its device was unplugged. */
  lose(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  hold(muted: boolean): void {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  }
}

export class FakeStream extends EventTarget {
  readonly #tracks: FakeTrack[];

  constructor(tracks: readonly FakeTrack[] = []) {
    super();
    this.#tracks = [...tracks];
  }

  getTracks(): FakeTrack[] {
    return [...this.#tracks];
  }

  getVideoTracks(): FakeTrack[] {
    return this.#tracks.filter(({ kind }) => kind === 'video');
  }

  getAudioTracks(): FakeTrack[] {
    return this.#tracks.filter(({ kind }) => kind === 'audio');
  }
}

export function mediaOf(...tracks: readonly FakeTrack[]): MediaStream {
  return new FakeStream(tracks) as unknown as MediaStream;
}

/** A MediaRecorder that gives what the test tells it to. */
export class FakeMediaRecorder extends EventTarget {
  static readonly all: FakeMediaRecorder[] = [];
  /** Thrown by the next ones' `start()`. */
  static failure: Error | undefined;
  /** Whether `stop()` ends at once, with a last chunk; else the test calls `finish()`. */
  static stopsByItself = true;

  static isTypeSupported(): boolean {
    return true;
  }

  readonly tracks: readonly FakeTrack[];
  readonly options: MediaRecorderOptions;
  readonly mimeType = 'video/x-matroska;codecs=avc1,opus';
  state: 'inactive' | 'recording' = 'inactive';
  /** Told by its bytes: 10, 20, … */
  readonly number: number;

  constructor(stream: FakeStream, options: MediaRecorderOptions) {
    super();
    this.tracks = stream.getTracks();
    this.options = options;
    this.number = (FakeMediaRecorder.all.length + 1) * 10;
  }

  start(): void {
    if (FakeMediaRecorder.failure !== undefined) throw FakeMediaRecorder.failure;
    FakeMediaRecorder.all.push(this);
    this.state = 'recording';
  }

  give(...bytes: readonly number[]): void {
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data: new Blob([new Uint8Array(bytes)]) }));
  }

  stop(): void {
    this.state = 'inactive';
    if (FakeMediaRecorder.stopsByItself) queueMicrotask(() => this.finish());
  }

  /** The last chunk, then the end. */
  finish(): void {
    this.state = 'inactive';
    this.give(this.number + 9);
    this.dispatchEvent(new Event('stop'));
  }

  fail(): void {
    this.state = 'inactive';
    this.dispatchEvent(Object.assign(new Event('error'), { error: new Error('the encoder failed') }));
  }
}

/** Puts the fakes where the browser's own would be, until the test is over. */
export function installFakeMedia(t: { teardown(release: () => void): void }): typeof FakeMediaRecorder {
  FakeMediaRecorder.all.length = 0;
  FakeMediaRecorder.failure = undefined;
  FakeMediaRecorder.stopsByItself = true;
  const before = { MediaStream: globalThis.MediaStream, MediaRecorder: globalThis.MediaRecorder };
  Object.assign(globalThis, { MediaStream: FakeStream, MediaRecorder: FakeMediaRecorder });
  t.teardown(() => Object.assign(globalThis, before));
  return FakeMediaRecorder;
}

/** Lets promises that are settled already run their course, reads of blobs too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
