import { startTicker } from '../../ticker.js';
import { openWorkerPort, type WorkerPort, type WorkerSeams } from '../../worker-port.js';
import type { EncodedMessage, EncodeMessage, EncodeRequest } from './encode-service.js';
import { encodeWorkerText } from './encode-worker-text.js';
import type { TrialOptions, Tried } from './trial.js';

export type RecordingWord = Extract<EncodedMessage, { readonly recording: number }>;

/** One recording at who encodes. */
export interface EncodedRecording {
  readonly setBitRates: (bitsPerSecond: readonly number[]) => void;
  /** Its last word is `stopped`. */
  readonly stop: (discard: boolean) => void;
}

export const browserWorker: WorkerSeams = { openWorker: (address) => new Worker(address), text: encodeWorkerText, startTicker };

/** The worker that encodes, seen from the page: one for all recordings of a broadcast, since a joint can't wait until one has started. */
export class EncoderHost {
  #port: WorkerPort<EncodeMessage> | undefined;
  readonly #listeners = new Map<number, (word: RecordingWord) => void>();
  #onTried: ((tried: Tried) => void) | undefined;
  #made = 0;

  /** @returns undefined where no worker may start */
  static async open(seams: WorkerSeams): Promise<EncoderHost | undefined> {
    const host = new EncoderHost();
    host.#port = await openWorkerPort<EncodeMessage, EncodedMessage>({ hear: (message) => host.#hear(message), onLost: () => host.#lost() }, seams);
    return host.#port && host;
  }

  record(request: EncodeRequest, listen: (word: RecordingWord) => void): EncodedRecording {
    const recording = (this.#made += 1);
    this.#listeners.set(recording, listen);
    const streams = [request.picture?.readable, request.sound?.readable].filter((readable) => readable !== undefined);
    this.#port?.post({ type: 'begin', recording, ...request }, streams);
    return {
      setBitRates: (bitsPerSecond) => this.#port?.post({ type: 'bit-rates', recording, bitsPerSecond }, []),
      stop: (discard) => this.#port?.post({ type: 'stop', recording, discard }, []),
    };
  }

  /** How many of these renditions this machine encodes in time; takes a second or less. */
  try(options: TrialOptions): Promise<Tried> {
    return new Promise((resolve) => {
      this.#onTried = resolve;
      this.#port?.post({ type: 'try', ...options }, []);
    });
  }

  close(): void {
    this.#port?.close();
  }

  #lost(): void {
    const message = 'the browser ended its worker';
    this.#onTried?.({ renditions: 0, profile: '42E0', message });
    for (const [recording, listen] of this.#listeners) listen({ type: 'failed', recording, message });
  }

  #hear(message: EncodedMessage): void {
    if (message.type === 'tried') this.#onTried?.(message);
    if (!('recording' in message)) return;
    this.#listeners.get(message.recording)?.(message);
    if (message.type === 'stopped') this.#listeners.delete(message.recording);
  }
}
