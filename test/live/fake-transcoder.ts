import type { TranscodePlan } from '../../src/live/ffmpeg-options.js';
import { TranscoderError, type Transcoder } from '../../src/live/transcoder.js';
import { fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

/** A transcoder in the test's hand: what it was given is kept, what it gives is said by the test. */
export class FakeTranscoder implements Transcoder {
  readonly plan: TranscodePlan;
  readonly written: Buffer[] = [];
  readonly closed: Promise<TranscoderError | null>;
  ended = false;
  /** Whether bytes are taken at once. */
  hungry = true;
  /** Whether it takes long to end after its input did: until `die`. */
  lingers = false;
  #settle!: (failure: TranscoderError | null) => void;
  #takers: (() => void)[] = [];
  #chunks: Buffer[] = [];
  #outputEnded = false;
  #wake: () => void = () => undefined;
  #pictures = 0;
  #seconds = 0;

  constructor(plan: TranscodePlan) {
    this.plan = plan;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.ended) return;
    this.written.push(Buffer.from(bytes));
    if (!this.hungry) await new Promise<void>((resolve) => this.#takers.push(resolve));
  }

  async read(take: (chunk: Buffer) => void): Promise<void> {
    for (;;) {
      const next = this.#chunks.shift();
      if (next) take(next);
      else if (this.#outputEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Takes what waits, and from now on everything at once. */
  feed(): void {
    this.hungry = true;
    for (const take of this.#takers.splice(0)) take();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.feed();
    if (!this.lingers) this.#finish(null);
  }

  die(message: string, fault: TranscoderError['fault'] = 'media'): void {
    this.ended = true;
    this.feed();
    this.#finish(new TranscoderError(fault, message));
  }

  /** It ends cleanly though nobody told it to. */
  stop(): void {
    this.end();
  }

  async close(): Promise<void> {
    this.end();
  }

  init(): void {
    this.#give(initSegment([videoTrack]));
  }

  /** A picture as ffmpeg's muxer `mpjpeg` writes it. */
  jpeg(picture: string | Buffer): void {
    this.#give(Buffer.concat([Buffer.from(`--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${picture.length}\r\n\r\n`), Buffer.from(picture), Buffer.from('\r\n')]));
  }

  /** Pictures ten a second, a keyframe every second, in one go. */
  pictures(count: number, payload = 'picture'): void {
    const chunks: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      const sample = { track: videoTrack, startSeconds: this.plan.outputStartSeconds + this.#seconds, durationSeconds: 0.1, keyframe: this.#pictures % 10 === 0 };
      chunks.push(fragmentBytes([sample], Buffer.from(`${payload} ${this.#pictures++}`)));
      this.#seconds = this.#pictures / 10;
    }
    this.#give(Buffer.concat(chunks));
  }

  /** The pictures of a recording, as ffmpeg times them; without a word every tenth is a keyframe. */
  picturesAt(sourceSeconds: readonly number[], isKeyframe = (index: number): boolean => index % 10 === 0): void {
    const [start = 0] = sourceSeconds;
    const times = sourceSeconds.map((time) => time - start + this.plan.outputStartSeconds);
    const fragments = times.map((startSeconds, index) => {
      const durationSeconds = (times[index + 1] ?? startSeconds + 0.03) - startSeconds;
      return fragmentBytes([{ track: videoTrack, startSeconds, durationSeconds, keyframe: isKeyframe(index) }]);
    });
    this.#give(Buffer.concat(fragments));
  }

  /** Whatever the test says. */
  give(chunk: Buffer): void {
    this.#give(chunk);
  }

  #give(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  #finish(failure: TranscoderError | null): void {
    this.#outputEnded = true;
    this.#wake();
    this.#settle(failure);
  }
}
