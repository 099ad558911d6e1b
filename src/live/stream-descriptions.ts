import { isStreamName } from '../protocol/urls.js';
import { changeDescription, type DescriptionChange, type StreamDescription } from '../protocol/stream-description.js';
import type { JsonFile } from '../storage/json-file.js';
import { LiveError } from '../protocol/live-error.js';

export interface StreamDescriptionsOptions {
  /** Where they outlive the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** Told once in a row of failures; the descriptions go on from memory. */
  readonly onFailure: (error: Error) => void;
}

/** So many streams keep a description; beyond it the one described longest ago is forgotten. */
const maxDescribed = 10_000;

/** What each live stream is about, by its name: also before it is live and after, so that a programme's title need not be said twice. */
export class StreamDescriptions {
  readonly #options: StreamDescriptionsOptions;
  readonly #byStream: Map<string, StreamDescription>;
  #writing: Promise<void> | undefined;
  #changed = false;
  #failed = false;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor(options: StreamDescriptionsOptions) {
    this.#options = options;
    this.#byStream = new Map(read(options.file));
  }

  get(stream: string): StreamDescription {
    return this.#byStream.get(stream) ?? {};
  }

  /**
   * Answers what it is now; it is kept on the disk soon after.
   * @throws {LiveError} malformed, saying what was expected and what came; nothing is changed then
   */
  change(stream: string, change: DescriptionChange): StreamDescription {
    const description = changed(this.get(stream), change);
    this.#byStream.delete(stream);
    if (description.title !== undefined || description.description !== undefined) this.#byStream.set(stream, description);
    const [oldest] = this.#byStream.keys();
    if (this.#byStream.size > maxDescribed && oldest !== undefined) this.#byStream.delete(oldest);
    this.#changed = true;
    this.#writing ??= this.#write();
    return description;
  }

  /** Resolves when all changes are on the disk, or can't be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** However many changes come while it writes, they are one further write. */
  async #write(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      try {
        await this.#options.file?.write({ streams: Object.fromEntries(this.#byStream) });
        this.#failed = false;
      } catch (error) {
        if (!this.#failed) this.#options.onFailure(error as Error);
        this.#failed = true;
      }
    }
    this.#writing = undefined;
  }
}

function changed(before: StreamDescription, change: DescriptionChange): StreamDescription {
  try {
    return changeDescription(before, change);
  } catch (error) {
    throw error instanceof TypeError ? new LiveError('malformed', error.message) : error;
  }
}

function read(file: JsonFile | undefined): [string, StreamDescription][] {
  if (!file) return [];
  const expected = `${file.path}: expected the descriptions that were written there, got something else; restore the file, or delete it to begin without any`;
  let kept: unknown;
  try {
    kept = file.read();
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(expected) : error;
  }
  if (kept === undefined) return [];
  const { streams } = (kept ?? {}) as { streams?: unknown };
  const entries = Object.entries((streams ?? {}) as Record<string, unknown>);
  if (typeof streams !== 'object' || !entries.every(([stream, value]) => isStreamName(stream) && isDescription(value))) throw new Error(expected);
  return entries as [string, StreamDescription][];
}

function isDescription(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { title, description } = value as Record<string, unknown>;
  return [title, description].every((text) => text === undefined || typeof text === 'string');
}
