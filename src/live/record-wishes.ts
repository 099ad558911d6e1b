import type { JsonFile } from '../storage/json-file.js';
import { KeptByStream } from './kept-by-stream.js';

export interface RecordWishesOptions {
  /** Where they outlive the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** Whether streams are recorded of which nobody said otherwise. */
  readonly byDefault: boolean;
  /** Told once in a row of failures to keep them; they go on from memory. */
  readonly onFailure: (error: Error) => void;
}

const expected = 'which streams are recorded, as it was written there, got something else; restore the file, or delete it to begin anew';

/** Which streams are to be recorded and which not, as somebody said of them, also before they are live. */
export class RecordWishes {
  readonly #byDefault: boolean;
  readonly #kept: KeptByStream<boolean>;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor({ file, byDefault, onFailure }: RecordWishesOptions) {
    this.#byDefault = byDefault;
    this.#kept = new KeptByStream({ file, name: 'record', isValue: (value) => typeof value === 'boolean', expected, onFailure });
  }

  wants(stream: string): boolean {
    return this.#kept.get(stream) ?? this.#byDefault;
  }

  /** From the next segment on; it is kept on the disk soon after. */
  set(stream: string, record: boolean): void {
    this.#kept.set(stream, record);
  }

  /** Resolves when all is on the disk, or can't be. */
  close(): Promise<void> {
    return this.#kept.close();
  }
}
