type Output = Parameters<EncodedVideoChunkOutputCallback>;

export interface RenditionEncoderOptions {
  readonly config: VideoEncoderConfig;
  readonly onChunk: (...output: Output) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * One rendition's encoder. Told another bit rate, Chromium's obeys until the next keyframe and then gives five times as much or a third: so
 * it is told at once, and with the next keyframe another encoder takes its place.
 */
export class RenditionEncoder {
  readonly #options: RenditionEncoderOptions;
  #config: VideoEncoderConfig;
  #encoder: VideoEncoder;
  #isToBeRenewed = false;
  /** The one before, until everything it was given is out. */
  #before: VideoEncoder | undefined;
  #drained: Promise<void> = Promise.resolve();

  /** @throws whatever the browser throws for what it can't encode */
  constructor(options: RenditionEncoderOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#encoder = this.#open((output) => options.onChunk(...output));
  }

  /** Pictures that were not begun with. */
  get queue(): number {
    return this.#encoder.encodeQueueSize + (this.#before?.encodeQueueSize ?? 0);
  }

  encode(frame: VideoFrame, keyFrame: boolean): void {
    if (keyFrame && this.#isToBeRenewed && this.#before === undefined) this.#renew();
    if (this.#encoder.state === 'configured') this.#encoder.encode(frame, { keyFrame });
  }

  setBitRate(bitsPerSecond: number): void {
    const bitrate = Math.round(bitsPerSecond);
    if (bitrate === this.#config.bitrate || this.#encoder.state !== 'configured') return;
    this.#config = { ...this.#config, bitrate };
    this.#encoder.configure(this.#config);
    this.#isToBeRenewed = true;
  }

  /** Resolves when every picture was given, or the encoder gave up. */
  async flush(): Promise<void> {
    await this.#drained;
    if (this.#encoder.state === 'configured') await this.#encoder.flush().catch(() => undefined);
  }

  close(): void {
    for (const encoder of [this.#before, this.#encoder]) if (encoder !== undefined && encoder.state !== 'closed') encoder.close();
  }

  #renew(): void {
    const before = this.#encoder;
    if (before.state !== 'configured') return;
    this.#isToBeRenewed = false;
    this.#before = before;
    const waiting: Output[] = [];
    this.#encoder = this.#open((output) => {
      if (this.#before === before) waiting.push(output);
      else this.#options.onChunk(...output);
    });
    this.#drained = before.flush().catch(() => undefined).then(() => {
      this.#before = undefined;
      if (before.state !== 'closed') before.close();
      for (const output of waiting) this.#options.onChunk(...output);
    });
  }

  #open(onOutput: (output: Output) => void): VideoEncoder {
    const encoder = new VideoEncoder({ output: (...output) => onOutput(output), error: (error) => this.#options.onFailure(error) });
    encoder.configure(this.#config);
    return encoder;
  }
}
