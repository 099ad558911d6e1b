import type { ChatEntry } from '../protocol/chat-messages.js';

/** A line of the chat of a recording. */
export interface RecordedMessage extends ChatEntry {
  /** When it was said, in the recording. */
  readonly atSeconds: number;
}

/** Where the lines are kept, one after another. */
export interface ChatFile {
  append(text: string): Promise<void>;
  read(): Promise<string>;
  /** All of it at once, or not at all. */
  replace(text: string): Promise<void>;
}

export interface RecordedChatOptions {
  readonly file: ChatFile;
  /** Told once, when something is not kept. */
  readonly onFailure: (error: Error) => void;
}

export const chatName = 'chat.jsonl';

/** No chat is kept beyond this. */
const mostBytes = 4_194_304;
/** A disk that hangs is not waited for by more than so many. */
const mostWaiting = 1000;

/** What was said beside a broadcast while it was recorded; what is deleted is no longer there. Nobody waits for it. */
export class RecordedChat {
  readonly #options: RecordedChatOptions;
  #bytes = 0;
  #waiting = 0;
  #written: Promise<void> = Promise.resolve();
  #toldOfFailure = false;

  constructor(options: RecordedChatOptions) {
    this.#options = options;
  }

  say(message: RecordedMessage): void {
    const line = `${JSON.stringify(message)}\n`;
    this.#bytes += Buffer.byteLength(line);
    if (this.#bytes > mostBytes) return this.#fail(new Error(`${mostBytes} bytes of chat are kept, and no more`));
    void this.#next(() => this.#options.file.append(line));
  }

  /** Resolves with whether it was there. @throws {Error} when it can't be taken away */
  async delete(id: number): Promise<boolean> {
    const outcome: { found?: boolean; failure?: unknown } = { failure: new Error('the disk does not keep up') };
    await this.#next(async () => {
      try {
        outcome.found = await deleteMessage(this.#options.file, id);
      } catch (error) {
        outcome.failure = error;
      }
    });
    if (outcome.found === undefined) throw outcome.failure;
    return outcome.found;
  }

  /** Resolves when all is written, or can't be. */
  settled(): Promise<void> {
    return this.#written;
  }

  /** In order; what fails is told and holds up nothing. */
  async #next(step: () => Promise<unknown>): Promise<void> {
    if (this.#waiting >= mostWaiting) return this.#fail(new Error('the disk does not keep up'));
    this.#waiting += 1;
    this.#written = this.#written
      .then(step)
      .catch((error: unknown) => this.#fail(error as Error))
      .then(() => void (this.#waiting -= 1));
    return this.#written;
  }

  #fail(error: Error): void {
    if (!this.#toldOfFailure) this.#options.onFailure(error);
    this.#toldOfFailure = true;
  }
}

/** Answers whether it was there. */
async function deleteMessage(file: ChatFile, id: number): Promise<boolean> {
  const lines = (await file.read()).split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => idOf(line) !== id);
  if (kept.length === lines.length) return false;
  await file.replace(kept.map((line) => `${line}\n`).join(''));
  return true;
}

/** undefined for a line that is half written. */
function idOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as Partial<RecordedMessage>).id;
  } catch {
    return undefined;
  }
}
