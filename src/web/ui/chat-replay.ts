import type { ChatEntry } from '../../protocol/chat-messages.js';

/** What was said in a recording's chat. */
export interface SaidAt extends ChatEntry {
  /** From the beginning of the recording. */
  readonly atSeconds: number;
}

/** What changes in a log when the picture is elsewhere. */
export interface ReplayStep {
  /** In place of all that stands there; undefined: it stays. */
  readonly all: readonly SaidAt[] | undefined;
  /** Said since. */
  readonly added: readonly SaidAt[];
}

/** A picture that moved further was taken elsewhere. */
const playedOnSeconds = 4;
const mostShown = 100;

/** Lines of `chat.jsonl`, in order; one that is none of ours counts as not there. */
export function readSaid(text: string): SaidAt[] {
  return text
    .split('\n')
    .flatMap((line) => {
      try {
        const read = JSON.parse(line) as SaidAt | null;
        return typeof read?.atSeconds === 'number' && typeof read.text === 'string' ? [read] : [];
      } catch {
        return [];
      }
    })
    .sort((a, b) => a.atSeconds - b.atSeconds);
}

/** What was said, at its time. */
export class ChatReplay {
  readonly #said: readonly SaidAt[];
  #atSeconds: number | undefined;

  constructor(said: readonly SaidAt[]) {
    this.#said = said;
  }

  /** The picture is there now. */
  goTo(seconds: number): ReplayStep {
    const before = this.#atSeconds;
    this.#atSeconds = seconds;
    if (before !== undefined && seconds >= before && seconds - before <= playedOnSeconds) {
      return { all: undefined, added: this.#said.filter(({ atSeconds }) => atSeconds > before && atSeconds <= seconds) };
    }
    return { all: this.#said.filter(({ atSeconds }) => atSeconds <= seconds).slice(-mostShown), added: [] };
  }
}
