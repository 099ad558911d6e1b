import type { RecordWishes } from './record-wishes.js';
import { sumsNow, type KeptRecording } from './recording.js';
import type { RecordingCatalogue } from './recording-catalogue.js';
import { toBeRemoved, type RetentionLimits } from './recording-retention.js';

export interface RecordingSweepOptions extends RetentionLimits {
  readonly kept: Pick<RecordingCatalogue<KeptRecording>, 'get' | 'oldestFirst'>;
  readonly wishes: Pick<RecordWishes, 'of'>;
  readonly remove: (id: string) => Promise<void>;
  readonly onFailure: (id: string, error: Error) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Whoever plays asks for a segment more often than that. */
const watchedForMs = 60_000;
/** Nobody can keep a recording for longer by watching it again and again. */
const sparedForMs = 3_600_000;

/** Removes what is too old, and the oldest while all weigh too much; what somebody watches a little later. */
export class RecordingSweep {
  readonly #options: RecordingSweepOptions;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: RecordingSweepOptions) {
    this.#options = options;
  }

  /** One at a time. */
  run(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
    return this.#sweeping;
  }

  /** Resolves when nothing is being removed. */
  get settled(): Promise<void> {
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { maxAgeDays, maxBytes, kept: all, wishes, remove, onFailure, now } = this.#options;
    const nowMs = now();
    const judged = all.oldestFirst.map(({ id, stream, startedAtMs, end, recorder }) => ({ id, stream, startedAtMs, byteLength: sumsNow(end, recorder).byteLength, grows: end === undefined }));
    for (const id of toBeRemoved(judged, { all: { maxAgeDays, maxBytes }, ofStream: (stream) => wishes.of(stream) }, nowMs)) {
      const kept = all.get(id);
      if (!kept) continue;
      kept.dueSinceMs ??= nowMs;
      if (nowMs - kept.readAtMs < watchedForMs && nowMs - kept.dueSinceMs < sparedForMs) continue;
      try {
        await remove(id);
      } catch (error) {
        return onFailure(id, error as Error); // neither would the others go
      }
    }
  }
}
