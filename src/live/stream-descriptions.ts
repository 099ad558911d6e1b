import { changeDescription, type DescriptionChange, type StreamDescription } from '../protocol/stream-description.js';
import type { JsonFile } from '../storage/json-file.js';
import type { SharedValues } from '../storage/shared-values.js';
import { LiveError } from '../protocol/live-error.js';
import { KeptByStream } from './kept-by-stream.js';

export interface StreamDescriptionsOptions {
  /** Where they outlive the server; undefined: nowhere. */
  readonly file: JsonFile | undefined;
  /** Told once in a row of failures; the descriptions go on from memory. */
  readonly onFailure: (error: Error) => void;
}

const expected = 'the descriptions that were written there, got something else; restore the file, or delete it to begin without any';

/** What each live stream is about, by its name: also before it is live and after, so that a programme's title need not be said twice. */
export class StreamDescriptions {
  readonly #kept: KeptByStream<StreamDescription>;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor({ file, onFailure }: StreamDescriptionsOptions) {
    this.#kept = new KeptByStream({ file, name: 'streams', isValue: isDescription, expected, onFailure });
  }

  get(stream: string): StreamDescription {
    return this.#kept.get(stream) ?? {};
  }

  /**
   * Answers what it is now; it is kept on the disk soon after.
   * @throws {LiveError} malformed, saying what was expected and what came; nothing is changed then
   */
  change(stream: string, change: DescriptionChange): StreamDescription {
    const description = changedDescription(this.get(stream), change);
    const isEmpty = description.title === undefined && description.description === undefined;
    this.#kept.set(stream, isEmpty ? undefined : description);
    return description;
  }

  /** From now on they are those of several servers. */
  share(shared: SharedValues): void {
    this.#kept.share(shared);
  }

  /** Resolves when all changes are on the disk, or can't be. */
  close(): Promise<void> {
    return this.#kept.close();
  }
}

/** @throws {LiveError} malformed */
export function changedDescription(before: StreamDescription, change: DescriptionChange): StreamDescription {
  try {
    return changeDescription(before, change);
  } catch (error) {
    throw error instanceof TypeError ? new LiveError('malformed', error.message) : error;
  }
}

function isDescription(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { title, description } = value as Record<string, unknown>;
  return [title, description].every((text) => text === undefined || typeof text === 'string');
}
