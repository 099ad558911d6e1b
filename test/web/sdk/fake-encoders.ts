/** Stand-ins for WebCodecs: what an encoder gives tells what it was given. */

interface Size {
  readonly displayWidth: number;
  readonly displayHeight: number;
}

/** Frames and sounds that are open count themselves. */
export const openItems = { frames: 0, sounds: 0 };

export class FakeVideoFrame implements Size {
  readonly displayWidth: number;
  readonly displayHeight: number;
  readonly timestamp: number;
  #isOpen = true;

  constructor(source: Size | Uint8Array, init: { readonly timestamp: number; readonly codedWidth?: number; readonly codedHeight?: number }) {
    this.displayWidth = 'displayWidth' in source ? source.displayWidth : (init.codedWidth ?? 0);
    this.displayHeight = 'displayHeight' in source ? source.displayHeight : (init.codedHeight ?? 0);
    this.timestamp = init.timestamp;
    openItems.frames += 1;
  }

  static of(displayWidth: number, displayHeight: number, timestamp: number): FakeVideoFrame {
    return new FakeVideoFrame({ displayWidth, displayHeight }, { timestamp });
  }

  close(): void {
    if (this.#isOpen) openItems.frames -= 1;
    this.#isOpen = false;
  }
}

/** An encoder that gives each picture at once, or, while `stalls`, when it is told to. */
export class FakeVideoEncoder {
  static readonly all: FakeVideoEncoder[] = [];
  static stalls = false;
  /** What every picture costs of the test's time. */
  static onEncode: () => void = () => undefined;
  static failure: Error | undefined;

  /** Codecs that this machine does not have begin with this. */
  static lacks = 'nothing';
  static isConfigSupported({ codec }: VideoEncoderConfig): Promise<VideoEncoderSupport> {
    return Promise.resolve({ supported: !codec.startsWith(FakeVideoEncoder.lacks) });
  }

  readonly configs: VideoEncoderConfig[] = [];
  readonly encoded: { readonly timestamp: number; readonly keyFrame: boolean }[] = [];
  state: CodecState = 'unconfigured';
  /** Says in its next keyframe that its parameter sets are these. */
  configuration = [1, 0x4d, 0, 0x1f];
  readonly #init: VideoEncoderInit;
  readonly #waiting: (() => void)[] = [];

  constructor(init: VideoEncoderInit) {
    this.#init = init;
    FakeVideoEncoder.all.push(this);
  }

  get encodeQueueSize(): number {
    return this.#waiting.length;
  }

  configure(config: VideoEncoderConfig): void {
    if (FakeVideoEncoder.failure !== undefined) throw FakeVideoEncoder.failure;
    this.state = 'configured';
    this.configs.push(config);
  }

  encode({ timestamp }: FakeVideoFrame, { keyFrame = false }: VideoEncoderEncodeOptions = {}): void {
    this.encoded.push({ timestamp, keyFrame });
    this.#waiting.push(() => {
      FakeVideoEncoder.onEncode();
      const decoderConfig = { description: new Uint8Array(this.configuration) };
      this.#init.output(chunk(timestamp, keyFrame, this.encoded.length) as EncodedVideoChunk, (keyFrame ? { decoderConfig } : {}) as EncodedVideoChunkMetadata);
    });
    if (!FakeVideoEncoder.stalls) this.goOn();
  }

  /** Gives what waits. */
  goOn(): void {
    for (const give of this.#waiting.splice(0)) give();
  }

  fail(message: string): void {
    this.state = 'closed';
    this.#init.error(new DOMException(message, 'EncodingError'));
  }

  flush(): Promise<void> {
    this.goOn();
    return Promise.resolve();
  }

  close(): void {
    this.state = 'closed';
  }
}

export class FakeAudioData {
  readonly sampleRate: number;
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  readonly timestamp: number;
  readonly data: Float32Array;

  constructor({ sampleRate, numberOfFrames, numberOfChannels, timestamp, data }: AudioDataInit) {
    Object.assign(this, { sampleRate, numberOfFrames, numberOfChannels, timestamp, data });
    this.sampleRate = sampleRate;
    this.numberOfFrames = numberOfFrames;
    this.numberOfChannels = numberOfChannels;
    this.timestamp = timestamp;
    this.data = data as Float32Array;
    openItems.sounds += 1;
  }

  /** 10 ms, all of it as loud as this. */
  static of(loudness: number, timestamp: number, { sampleRate = 48_000, channels = 2 } = {}): FakeAudioData {
    const frames = sampleRate / 100;
    return new FakeAudioData({ format: 'f32-planar', sampleRate, numberOfFrames: frames, numberOfChannels: channels, timestamp, data: new Float32Array(frames * channels).fill(loudness) });
  }

  copyTo(into: Float32Array, { planeIndex }: { readonly planeIndex: number }): void {
    into.set(this.data.subarray(planeIndex * this.numberOfFrames, (planeIndex + 1) * this.numberOfFrames));
  }

  close(): void {
    openItems.sounds -= 1;
  }
}

/** Gives a packet each 20 ms of samples, counted from the first one on; its byte is how loud it was, in hundredths. */
export class FakeAudioEncoder {
  static readonly all: FakeAudioEncoder[] = [];

  readonly configs: AudioEncoderConfig[] = [];
  state: CodecState = 'unconfigured';
  readonly encodeQueueSize = 0;
  readonly #init: AudioEncoderInit;
  #beganAtUs: number | undefined;
  #heardUs = 0;
  #given = 0;

  constructor(init: AudioEncoderInit) {
    this.#init = init;
    FakeAudioEncoder.all.push(this);
  }

  configure(config: AudioEncoderConfig): void {
    this.state = 'configured';
    this.configs.push(config);
  }

  encode({ timestamp, numberOfFrames, sampleRate, data }: FakeAudioData): void {
    this.#beganAtUs ??= timestamp;
    this.#heardUs += (numberOfFrames * 1e6) / sampleRate;
    for (; this.#given + 20_000 <= this.#heardUs + 1; this.#given += 20_000) {
      const packet = chunk(this.#beganAtUs + this.#given, true, Math.round((data[0] ?? 0) * 100)) as EncodedAudioChunk;
      this.#init.output(packet, { decoderConfig: { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2, description: new Uint8Array([79, 112, 117, 115]) } });
    }
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.state = 'closed';
  }
}

function chunk(timestamp: number, isKey: boolean, byte: number): object {
  return { timestamp, type: isKey ? 'key' : 'delta', byteLength: 1, copyTo: (into: Uint8Array) => into.set([byte & 0xff]) };
}

/** A processor whose track the test gives frames to. */
export class FakeTrackProcessor {
  static readonly controllers = new Map<unknown, ReadableStreamDefaultController<unknown>>();
  readonly readable: ReadableStream<unknown>;

  constructor({ track }: { readonly track: unknown }) {
    this.readable = new ReadableStream({ start: (controller) => void FakeTrackProcessor.controllers.set(track, controller) });
  }

  static give(track: unknown, item: unknown): void {
    FakeTrackProcessor.controllers.get(track)?.enqueue(item);
  }
}

/** Puts the fakes where the browser's own would be, until the test is over. */
export function installFakeEncoders(t: { teardown(release: () => void): void }): void {
  FakeVideoEncoder.all.length = FakeAudioEncoder.all.length = 0;
  FakeVideoEncoder.stalls = false;
  FakeVideoEncoder.failure = undefined;
  FakeVideoEncoder.lacks = 'nothing';
  FakeVideoEncoder.onEncode = () => undefined;
  Object.assign(openItems, { frames: 0, sounds: 0 });
  FakeTrackProcessor.controllers.clear();
  const fakes = { VideoFrame: FakeVideoFrame, VideoEncoder: FakeVideoEncoder, AudioData: FakeAudioData, AudioEncoder: FakeAudioEncoder, MediaStreamTrackProcessor: FakeTrackProcessor };
  Object.assign(globalThis, fakes);
  t.teardown(() => {
    for (const name of Object.keys(fakes)) Reflect.deleteProperty(globalThis, name);
  });
}
