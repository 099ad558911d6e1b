import { FfmpegTranscoder } from '../../src/live/ffmpeg-transcoder.js';
import type { TranscodePlan } from '../../src/live/ffmpeg-options.js';
import { TranscoderError, type StartTranscoder, type Transcoder } from '../../src/live/transcoder.js';
import { ffmpeg } from './programs.js';

/** Real ffmpegs, each of which is killed by SIGKILL once it gave so many bytes: nothing of it is read beyond. @param afterBytes of the next one that is started for this plan; undefined: it lives */
export function dyingTranscoders(afterBytes: (plan: TranscodePlan) => number | undefined): StartTranscoder {
  return (plan) => {
    const transcoder = new FfmpegTranscoder(plan, { ffmpegPath: ffmpeg?.path ?? '' });
    const bytes = afterBytes(plan);
    return bytes === undefined ? transcoder : new Dying(transcoder, bytes);
  };
}

class Dying implements Transcoder {
  readonly closed: Transcoder['closed'];
  readonly #transcoder: FfmpegTranscoder;
  #wasRead: () => void = () => undefined;
  #left: number;

  constructor(transcoder: FfmpegTranscoder, afterBytes: number) {
    this.#transcoder = transcoder;
    this.#left = afterBytes;
    // It may be over by itself while its last words wait in the pipe: that is no reason to say that all of them were read.
    const killed = new TranscoderError('server', 'ffmpeg was killed by SIGKILL');
    const read = new Promise<void>((resolve) => (this.#wasRead = resolve));
    this.closed = Promise.all([transcoder.closed, read]).then(([fate]) => (this.#left === 0 ? killed : fate));
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#transcoder.write(bytes);
  }

  end(): void {
    this.#transcoder.end();
  }

  close(): Promise<void> {
    return this.#transcoder.close();
  }

  async read(take: (chunk: Buffer) => void): Promise<void> {
    await this.#transcoder.read((chunk) => {
      if (this.#left === 0) return;
      const given = chunk.subarray(0, this.#left);
      this.#left -= given.length;
      take(given);
      if (this.#left === 0 && this.#transcoder.pid !== undefined) process.kill(this.#transcoder.pid, 'SIGKILL');
    });
    this.#wasRead();
  }
}
