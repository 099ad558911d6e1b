import { isStreamName } from '../protocol/urls.js';
import type { JsonFile } from '../storage/json-file.js';
import type { SharedValues } from '../storage/shared-values.js';

export interface KeptByStreamOptions {
  /** Where it outlives the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** What the values are called in the file. */
  readonly name: string;
  readonly isValue: (value: unknown) => boolean;
  /** What should be in the file, in words, and what to do where it is not. */
  readonly expected: string;
  /** Told once in a row of failures; what is kept goes on from memory. */
  readonly onFailure: (error: Error) => void;
}

/** So many streams are kept; beyond it the one that was set longest ago is forgotten. */
const maxStreams = 10_000;

/** A value for each stream of which somebody said something, also before it is live; written to disk soon after. */
export class KeptByStream<T> {
  readonly #options: KeptByStreamOptions;
  readonly #byStream: Map<string, T>;
  #shared: SharedValues | undefined;
  #writing: Promise<void> | undefined;
  #changed = false;
  #failed = false;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor(options: KeptByStreamOptions) {
    this.#options = options;
    this.#byStream = new Map(read<T>(options));
  }

  get(stream: string): T | undefined {
    return this.#byStream.get(stream);
  }

  /** @param value undefined: nothing is kept of this stream */
  set(stream: string, value: T | undefined): void {
    this.#put(stream, value);
    this.#shared?.tell(stream, value === undefined ? undefined : JSON.stringify(value));
  }

  /** From now on these are the values of several servers. Must be called once at most. */
  share(shared: SharedValues): void {
    this.#shared = shared;
    const { isValue } = this.#options;
    const own = [...this.#byStream].map(([stream, value]) => [stream, JSON.stringify(value)] as const);
    shared.follow(own, (stream, text) => {
      const value: unknown = text === undefined ? undefined : JSON.parse(text);
      // A server of another version may know more.
      if (isStreamName(stream) && (value === undefined || isValue(value))) this.#put(stream, value as T | undefined);
    });
  }

  #put(stream: string, value: T | undefined): void {
    this.#byStream.delete(stream);
    if (value !== undefined) this.#byStream.set(stream, value);
    const [oldest] = this.#byStream.keys();
    if (this.#byStream.size > maxStreams && oldest !== undefined) this.#byStream.delete(oldest);
    this.#changed = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when all is on the disk, or can't be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** However many changes come while it writes, they are one further write. */
  async #write(): Promise<void> {
    const { file, name, onFailure } = this.#options;
    while (this.#changed) {
      this.#changed = false;
      try {
        await file?.write({ [name]: Object.fromEntries(this.#byStream) });
        this.#failed = false;
      } catch (error) {
        if (!this.#failed) onFailure(error as Error);
        this.#failed = true;
      }
    }
    this.#writing = undefined;
  }
}

function read<T>({ file, name, isValue, expected }: KeptByStreamOptions): [string, T][] {
  if (!file) return [];
  const wrong = `${file.path}: expected ${expected}`;
  let kept: unknown;
  try {
    kept = file.read();
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(wrong) : error;
  }
  if (kept === undefined) return [];
  const values = ((kept ?? {}) as Record<string, unknown>)[name];
  const entries = Object.entries((values ?? {}) as Record<string, unknown>);
  if (typeof values !== 'object' || !entries.every(([stream, value]) => isStreamName(stream) && isValue(value))) throw new Error(wrong);
  return entries as [string, T][];
}
