import { bytesOf } from './picture-encoders.js';

export interface EncodedSound {
  readonly timeUs: number;
  readonly bytes: Uint8Array;
}

export interface SoundEncoderOptions {
  readonly bitsPerSecond: number;
  readonly onPacket: (packet: EncodedSound) => void;
  readonly onFailure: (error: unknown) => void;
}

const packetUs = 20_000;
/** More is a hole, which is filled, or something that was heard before, which is left out. */
const jitterUs = 60_000;
/** Clocks of sound and machine drift apart: by so much at most a packet's time is moved at once. */
const slewUs = 100;
/** Silence in one go. */
const maxHoleUs = 5_000_000;
/** Until sound comes that says otherwise. */
const presumed = { sampleRate: 48_000, channels: 2 } as const;

/** Sound as Opus packets of 20 ms without a hole, whatever comes and does not: an encoder counts samples, so what is missing is filled with silence. */
export class SoundEncoder {
  readonly #options: SoundEncoderOptions;
  readonly #encoder: AudioEncoder;
  #format: { readonly sampleRate: number; readonly channels: number } | undefined;
  /** OpusHead, RFC 7845 §5.1; known with the first packet. */
  #head: Uint8Array | undefined;
  /** Where the samples that were given end, as they are counted. */
  #countedUs = 0;
  /** Between that and media time. */
  #shiftUs = 0;

  constructor(options: SoundEncoderOptions) {
    this.#options = options;
    this.#encoder = new AudioEncoder({ output: (chunk, metadata) => this.#give(chunk, metadata), error: (error) => options.onFailure(error) });
  }

  get head(): Uint8Array | undefined {
    return this.#head;
  }

  get channels(): number {
    return this.#format?.channels ?? presumed.channels;
  }

  /** Media time up to which there is sound; undefined before the first. */
  get endUs(): number | undefined {
    return this.#format === undefined ? undefined : this.#countedUs + this.#shiftUs;
  }

  /** Sound that begins at this media time. It is closed. */
  push(data: AudioData, mediaUs: number): void {
    if (this.#encoder.state !== 'closed') {
      this.#configure({ sampleRate: data.sampleRate, channels: this.#format?.channels ?? Math.min(2, data.numberOfChannels) }, mediaUs);
      const errorUs = mediaUs - (this.endUs ?? mediaUs);
      if (errorUs > jitterUs) this.fill(mediaUs);
      if (errorUs > -jitterUs) {
        this.#shiftUs += Math.max(-slewUs, Math.min(slewUs, errorUs / 50));
        this.#encode(planesOf(data, this.channels), data.sampleRate, data.numberOfFrames);
      }
    }
    data.close();
  }

  /** Silence up to this media time. */
  fill(untilUs: number): void {
    if (this.#encoder.state === 'closed') return;
    const format = this.#format ?? presumed;
    this.#configure(format, untilUs - packetUs);
    let missingUs = untilUs - (this.endUs ?? untilUs);
    if (missingUs > maxHoleUs) {
      this.#shiftUs += missingUs - maxHoleUs;
      missingUs = maxHoleUs;
    }
    const frames = Math.floor(format.sampleRate / 50);
    for (; missingUs >= packetUs; missingUs -= packetUs) this.#encode(new Float32Array(frames * format.channels), format.sampleRate, frames);
  }

  /** Resolves when every packet was given, or the encoder gave up. */
  async flush(): Promise<void> {
    if (this.#encoder.state === 'configured') await this.#encoder.flush().catch(() => undefined);
  }

  close(): void {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }

  #configure(format: { readonly sampleRate: number; readonly channels: number }, mediaUs: number): void {
    const before = this.#format;
    if (before?.sampleRate === format.sampleRate && before.channels === format.channels) return;
    if (before === undefined) this.#countedUs = Math.max(0, mediaUs);
    this.#format = format;
    this.#encoder.configure({ codec: 'opus', sampleRate: format.sampleRate, numberOfChannels: format.channels, bitrate: this.#options.bitsPerSecond, opus: { frameDuration: packetUs } });
  }

  #encode(planes: Float32Array<ArrayBuffer>, sampleRate: number, frames: number): void {
    const data = new AudioData({ format: 'f32-planar', sampleRate, numberOfFrames: frames, numberOfChannels: this.channels, timestamp: Math.round(this.#countedUs), data: planes });
    this.#countedUs += (frames * 1_000_000) / sampleRate;
    this.#encoder.encode(data);
    data.close();
  }

  #give(chunk: EncodedAudioChunk, metadata: EncodedAudioChunkMetadata | undefined): void {
    const description = metadata?.decoderConfig?.description;
    this.#head ??= description === undefined ? opusHead(this.channels) : bytesOf(description);
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    this.#options.onPacket({ timeUs: Math.max(0, chunk.timestamp + this.#shiftUs), bytes });
  }
}

/** One plane after the other, as many as are wanted: one is heard on both sides, two are mixed into one. */
function planesOf(data: AudioData, channels: number): Float32Array<ArrayBuffer> {
  const { numberOfFrames: frames, numberOfChannels: given } = data;
  const planes = new Float32Array(frames * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    data.copyTo(planes.subarray(channel * frames, (channel + 1) * frames), { planeIndex: Math.min(channel, given - 1), format: 'f32-planar' });
  }
  if (channels === 1 && given > 1) {
    const right = new Float32Array(frames);
    data.copyTo(right, { planeIndex: 1, format: 'f32-planar' });
    for (const [index, sample] of right.entries()) planes[index] = ((planes[index] ?? 0) + sample) / 2;
  }
  return planes;
}

/** Where the browser gives none: libopus, which all of them use, looks ahead by 312 samples. */
function opusHead(channels: number): Uint8Array {
  const head = new Uint8Array(19);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode('OpusHead'));
  head.set([1, channels], 8);
  view.setUint16(10, 312, true);
  view.setUint32(12, 48_000, true);
  return head;
}
