import { RenditionEncoder } from './rendition-encoder.js';

export interface PictureRendition {
  /** Of its shorter side; undefined: as large as the source. Never larger than that. */
  readonly lines?: number | undefined;
  readonly bitsPerSecond: number;
}

export interface EncodedPicture {
  /** Its rendition's place, from 0. */
  readonly rendition: number;
  readonly timeUs: number;
  readonly keyframe: boolean;
  readonly bytes: Uint8Array;
}

/** H.264 profile and constraints, as a codec's name has them: Main, or the Constrained Baseline of every encoder in hardware. */
export const profiles = ['4D00', '42E0'] as const;
export type Profile = (typeof profiles)[number];

export interface PictureEncodersOptions {
  readonly profile: Profile;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly renditions: readonly PictureRendition[];
  /** @param configuration AVCDecoderConfigurationRecord, where it is another than before */
  readonly onPicture: (picture: EncodedPicture, configuration: Uint8Array | undefined) => void;
  readonly onFailure: (error: unknown) => void;
}

/** H.264 level indication: what it takes of macroblocks a picture and a second (ITU-T H.264, table A-1). */
const levels = [
  { level: '1f', picture: 3_600, second: 108_000 },
  { level: '20', picture: 5_120, second: 216_000 },
  { level: '28', picture: 8_192, second: 245_760 },
  { level: '2a', picture: 8_704, second: 522_240 },
  { level: '33', picture: 36_864, second: 983_040 },
  { level: '34', picture: 36_864, second: 2_073_600 },
] as const;

/** What an encoder is asked for: H.264 without pictures out of order, which every player and every server takes. */
export function pictureConfig({ profile, width, height, frameRate, bitsPerSecond }: Pick<RenditionSize, 'width' | 'height' | 'bitsPerSecond'> & Pick<PictureEncodersOptions, 'profile' | 'frameRate'>): VideoEncoderConfig {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const { level } = levels.find(({ picture, second }) => macroblocks <= picture && macroblocks * frameRate <= second) ?? levels[5];
  return { codec: `avc1.${profile}${level}`, width, height, framerate: frameRate, bitrate: Math.round(bitsPerSecond), bitrateMode: 'constant', latencyMode: 'realtime', avc: { format: 'avc' } };
}

export interface RenditionSize {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSecond: number;
  /** Among those that were wished. */
  readonly wish: number;
}

/** Sizes of all renditions of pictures of this size, the source first; those that would not be smaller are left out. */
export function renditionSizes({ width, height }: Pick<RenditionSize, 'width' | 'height'>, renditions: readonly PictureRendition[]): RenditionSize[] {
  const shorter = Math.min(width, height);
  return renditions.flatMap(({ lines = shorter, bitsPerSecond }, index) => {
    const scale = index === 0 ? 1 : lines / shorter;
    return index > 0 && scale >= 1 ? [] : [{ width: even(width * scale), height: even(height * scale), bitsPerSecond, wish: index }];
  });
}

/** H.264 halves both sides for its colours. */
export function even(length: number): number {
  return Math.max(2, Math.floor(length / 2) * 2);
}

/** One encoder a rendition, all given the same pictures with the same decision about keyframes: so they can be changed between. */
export class PictureEncoders {
  readonly sizes: readonly RenditionSize[];
  readonly #options: PictureEncodersOptions;
  readonly #encoders: readonly RenditionEncoder[];

  /** @throws whatever the browser throws for what it can't encode */
  constructor(options: PictureEncodersOptions) {
    this.#options = options;
    this.sizes = renditionSizes(options, options.renditions);
    this.#encoders = this.sizes.map(
      (size, rendition) =>
        new RenditionEncoder({
          config: pictureConfig({ ...size, profile: options.profile, frameRate: options.frameRate }),
          onChunk: (chunk, metadata) => this.#give(rendition, chunk, metadata),
          onFailure: options.onFailure,
        }),
    );
  }

  /** Pictures that the slowest of them has not begun with. */
  get queue(): number {
    return Math.max(...this.#encoders.map(({ queue }) => queue));
  }

  /** The frame's time stamp is its media time. */
  encode(frame: VideoFrame, keyFrame: boolean): void {
    for (const encoder of this.#encoders) encoder.encode(frame, keyFrame);
  }

  /** The same pictures with more or fewer bits, from the next one on. @param bitsPerSecond of each rendition that was wished */
  setBitRates(bitsPerSecond: readonly number[]): void {
    for (const [index, encoder] of this.#encoders.entries()) {
      const bits = bitsPerSecond[this.sizes[index]?.wish ?? index];
      if (bits !== undefined) encoder.setBitRate(bits);
    }
  }

  /** Resolves when every picture was given, or an encoder gave up. */
  async flush(): Promise<void> {
    await Promise.all(this.#encoders.map((encoder) => encoder.flush()));
  }

  close(): void {
    for (const encoder of this.#encoders) encoder.close();
  }

  #give(rendition: number, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    const description = metadata?.decoderConfig?.description;
    this.#options.onPicture({ rendition, timeUs: chunk.timestamp, keyframe: chunk.type === 'key', bytes }, description === undefined ? undefined : bytesOf(description));
  }
}

/** A copy: the browser may use its buffer again. */
export function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice() : new Uint8Array(source).slice();
}
