import type { JsonFile } from '../storage/json-file.js';
import type { SharedValues } from '../storage/shared-values.js';
import { KeptByStream } from './kept-by-stream.js';
import type { RetentionLimits } from './recording-retention.js';

export interface RecordWishesOptions {
  /** Where they outlive the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** Whether streams are recorded of which nobody said otherwise. */
  readonly byDefault: boolean;
  /** Told once in a row of failures to keep them; they go on from memory. */
  readonly onFailure: (error: Error) => void;
}

/** What is wished of the recordings of one stream. */
export interface RecordWish extends RetentionLimits {
  readonly record: boolean;
  /** They are shown to nobody but whom its key shows them. */
  readonly private: boolean;
}

const expected = 'which streams are recorded, as it was written there, got something else; restore the file, or delete it to begin anew';

/** Which streams are to be recorded and how their recordings are kept, as somebody said of them, also before they are live. */
export class RecordWishes {
  readonly #byDefault: boolean;
  readonly #kept: KeptByStream<Partial<RecordWish>>;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor({ file, byDefault, onFailure }: RecordWishesOptions) {
    this.#byDefault = byDefault;
    this.#kept = new KeptByStream({ file, name: 'streams', isValue: isWish, expected, onFailure });
  }

  of(stream: string): RecordWish {
    return { record: this.#byDefault, private: false, maxAgeDays: 0, maxBytes: 0, ...this.#kept.get(stream) };
  }

  /** What is not named stays as it was. It is kept on the disk soon after. */
  change(stream: string, change: Partial<RecordWish>): void {
    this.#kept.set(stream, { ...this.#kept.get(stream), ...change });
  }

  /** From now on they are those of several servers. */
  share(shared: SharedValues): void {
    this.#kept.share(shared);
  }

  /** Resolves when all is on the disk, or can't be. */
  close(): Promise<void> {
    return this.#kept.close();
  }
}

function isWish(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const types = { record: 'boolean', private: 'boolean', maxAgeDays: 'number', maxBytes: 'number' };
  return Object.entries(value).every(([name, its]) => name in types && typeof its === types[name as keyof typeof types]);
}
