import type { TranscodePlan } from './ffmpeg-options.js';

/** Why a run ended badly, in words. */
export class TranscoderError extends Error {
  override readonly name = 'TranscoderError';
  /** Whose fault it is: what the publisher sent, or something on this server. */
  readonly fault: 'media' | 'server';

  constructor(fault: 'media' | 'server', message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** One run of the media engine over one take: container bytes in, fragmented MP4 out. */
export interface Transcoder {
  /** Resolves when the bytes were taken: awaiting it is the backpressure. Never rejects; after the end it resolves at once. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more input: what is inside is flushed, the output ends, `closed` resolves. Idempotent. */
  end(): void;
  /**
   * Gives what comes out, as it comes; once. Resolves at its end, however the run ended.
   * @throws what `take` threw: then nothing more is given
   */
  read(take: (chunk: Buffer) => void): Promise<void>;
  /** null: clean end; otherwise why it died. The process is surely gone. */
  readonly closed: Promise<TranscoderError | null>;
  /** Ends at once, kills if need be; idempotent; resolves when the process is gone. */
  close(): Promise<void>;
}

/** Never throws: a transcoder that can't start tells so by `closed`. */
export type StartTranscoder = (plan: TranscodePlan) => Transcoder;
