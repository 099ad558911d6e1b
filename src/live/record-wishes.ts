import { isStreamName } from '../protocol/urls.js';
import type { JsonFile } from '../storage/json-file.js';

export interface RecordWishesOptions {
  /** Where they outlive the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** Whether streams are recorded of which nobody said otherwise. */
  readonly byDefault: boolean;
  /** Told of each failure to keep them; they go on from memory. */
  readonly onFailure: (error: Error) => void;
}

/** So many streams keep a wish; beyond it the one that was told longest ago is forgotten. */
const maxWishes = 10_000;

/** Which streams are to be recorded and which not, as somebody said of them, also before they are live. */
export class RecordWishes {
  readonly #options: RecordWishesOptions;
  readonly #byStream: Map<string, boolean>;
  #writing: Promise<void> | undefined;
  #changed = false;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor(options: RecordWishesOptions) {
    this.#options = options;
    this.#byStream = new Map(read(options.file));
  }

  wants(stream: string): boolean {
    return this.#byStream.get(stream) ?? this.#options.byDefault;
  }

  /** From the next segment on; it is kept on the disk soon after. */
  set(stream: string, record: boolean): void {
    this.#byStream.delete(stream);
    this.#byStream.set(stream, record);
    const [oldest] = this.#byStream.keys();
    if (this.#byStream.size > maxWishes && oldest !== undefined) this.#byStream.delete(oldest);
    this.#changed = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when all is on the disk, or can't be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** However many changes come while it writes, they are one further write. */
  async #write(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      await this.#options.file?.write({ record: Object.fromEntries(this.#byStream) }).catch(this.#options.onFailure);
    }
    this.#writing = undefined;
  }
}

function read(file: JsonFile | undefined): [string, boolean][] {
  if (!file) return [];
  const expected = `${file.path}: expected which streams are recorded, as it was written there, got something else; restore the file, or delete it to begin anew`;
  let kept: unknown;
  try {
    kept = file.read();
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(expected) : error;
  }
  if (kept === undefined) return [];
  const { record } = (kept ?? {}) as { record?: unknown };
  const entries = Object.entries((record ?? {}) as Record<string, unknown>);
  if (typeof record !== 'object' || !entries.every(([stream, value]) => isStreamName(stream) && typeof value === 'boolean')) throw new Error(expected);
  return entries as [string, boolean][];
}
